"""An older backup beside a new broker: whoever was erased since stays erased, the rest is whole."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from canheal_chassis.ledger import LEDGER
from canheal_cli.backup.place import at_rest
from canheal_cli.stack import Stack
from canheal_cli.stores import KEY_FILE
from canheal_schemas import ConsentState
from pymongo import MongoClient

from hospital import Hospital

pytestmark = pytest.mark.timeout(900)
DEMO = files("canheal_cli") / "demo"
EMBEDDED = (None, None)
SECONDS = 180.0
LIST_OF_THE_ERASED = frozenset({"subjects", "erasure_requests", "newest_said", "keys", "erasures"})
"""Where an erased person's platform name stays: the erasure list and its receipts."""


def canheal(*words: str | Path, code: int = 0) -> str:
    """Run the command; what it said."""
    argv = [sys.executable, "-c", "from canheal_cli.main import main; main()", *map(str, words)]
    run = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == code, run.stdout + run.stderr
    return run.stdout + run.stderr


def demo(name: str, pseudonym: str) -> tuple[dict[str, Any], bytes]:
    said = json.loads(DEMO.joinpath(f"{name}.json").read_text())
    told = said | {"pseudonym": pseudonym, "label": f"L-{pseudonym}", "country": "LU"}  # no duty to keep
    return told, DEMO.joinpath(f"{name}.vcf.gz").read_bytes()


@dataclass
class Before:
    """What there was: folders, and each person's sample, name and report."""

    data: Path
    backup: Path
    erasures: Path
    samples: dict[str, UUID]
    subjects: dict[str, str]
    reports: dict[str, dict[str, Any]]


def as_stored(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report without what is added when it is served."""
    return {name: value for name, value in report.items() if name != "served"}


async def report_of(hospital: Hospital, sample: UUID) -> dict[str, Any]:
    versions = (await hospital.closed([sample], within_seconds=SECONDS))[sample]
    return as_stored(await hospital.document(versions[-1]))


async def erase(hospital: Hospital, said: Mapping[str, Any]) -> None:
    url = f"{hospital.ingest}/v1/subjects/{said['pseudonym']}"
    answer = await hospital.ask("DELETE", url, params={"site": said["site"]})
    async with asyncio.timeout(SECONDS):
        while answer.json()["state"] != "complete":
            await asyncio.sleep(0.2)
            answer = await hospital.ask("GET", hospital.ingest + f"/v1/erasures/{answer.json()['erasure']}")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Before:
    """A platform with three reports, a backup of it; then one person is erased and the list taken out."""
    home = tmp_path_factory.mktemp("before")
    data = home / "data"
    with Stack(data, print, stores=EMBEDDED) as stack:
        stack.wait_ready(SECONDS)
        return asyncio.run(_before(home, stack))


async def _before(home: Path, stack: Stack) -> Before:
    names = {"erased": "DEMO-CRC-1", "kept": "DEMO-BRC-1", "in-flight": "DEMO-CRC-1"}
    before = Before(stack.data, home / "backup", home / "list", {}, {}, {})
    async with Hospital(stack.addresses.services, SECONDS) as hospital:
        for person, name in names.items():
            answer = await hospital.send(*demo(name, person))
            before.samples[person] = UUID(answer.raise_for_status().json()["sample"])
        for person, sample in before.samples.items():
            before.reports[person] = await report_of(hospital, sample)
        before.subjects = _subjects(stack.addresses.mongodb_uri, before.samples)
        told = await asyncio.to_thread(canheal, "backup", before.backup, "--data", stack.data)
        assert "collections are in" in told
        await erase(hospital, demo("DEMO-CRC-1", "erased")[0])
        await asyncio.to_thread(canheal, "erasures", "export", before.erasures, "--data", stack.data)
    return before


def _subjects(uri: str, samples: Mapping[str, UUID]) -> dict[str, str]:
    with MongoClient[dict[str, Any]](uri) as client:
        found = {one["_id"]: one["subject"] for one in client["canheal_ingest"]["samples"].find()}
    return {person: found[str(sample)] for person, sample in samples.items()}


@pytest.fixture(scope="module")
def restored(before: Before, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The older backup in a new database beside a new broker, with the newer list of the erased.

    Of one sample nothing was made yet when the backup was: its outcomes are taken out.
    """
    data = tmp_path_factory.mktemp("restored")
    shutil.copy(before.data / KEY_FILE, data / KEY_FILE)
    told = canheal("restore", before.backup, "--erasures", before.erasures, "--data", data)
    assert "1 erased persons" in told
    with at_rest(data) as places, MongoClient[dict[str, Any]](places.database.get_secret_value()) as client:
        _forget(client, before.subjects["in-flight"])
    with Stack(data, print, stores=EMBEDDED) as stack:
        stack.wait_ready(SECONDS)
        yield stack


def _forget(client: MongoClient[dict[str, Any]], subject: str) -> None:
    for service in ("annotate", "prs", "report"):
        database = client[f"canheal_{service}"]
        assert database[LEDGER].delete_many({"subject": subject}).deleted_count
        for name in set(database.list_collection_names()) - {LEDGER}:
            database[name].delete_many({"subject": subject})


async def test_another_persons_report_is_the_same_to_the_last_byte(before: Before, restored: Stack) -> None:
    async with Hospital(restored.addresses.services, SECONDS) as hospital:
        report = await report_of(hospital, before.samples["kept"])
    assert json.dumps(report) == json.dumps(before.reports["kept"])


async def test_what_was_in_flight_gets_its_report_though_the_broker_is_new(
    before: Before, restored: Stack
) -> None:
    async with Hospital(restored.addresses.services, SECONDS) as hospital:
        report = await report_of(hospital, before.samples["in-flight"])
    assert json.dumps(report) == json.dumps(before.reports["in-flight"])


async def test_of_the_person_erased_since_nothing_is_served_and_soon_nothing_is_there(
    before: Before, restored: Stack
) -> None:
    sample, subject = before.samples["erased"], before.subjects["erased"]
    report = before.reports["erased"]["report_id"]
    async with Hospital(restored.addresses.services, SECONDS) as hospital:
        places = [
            f"{hospital.ingest}/v1/samples/{sample}",
            f"{hospital.report}/v1/samples/{sample}/reports",
            f"{hospital.report}/v1/reports/{report}.html",
            f"{hospital.report}/v1/reports/{report}.json",
        ]
        answers = {place: (await hospital.ask("GET", place)).status_code for place in places}
    assert set(answers.values()) <= {403, 404, 410}, answers
    await asyncio.to_thread(_until_no_trace, restored.addresses.mongodb_uri, subject, sample)
    await asyncio.to_thread(_until_key_is_destroyed, restored.addresses.mongodb_uri, subject)


def _traces(uri: str, *names: str | UUID) -> list[str]:
    """The collections, but those of the erasure list, in which one of these names stands."""
    with MongoClient[dict[str, Any]](uri) as client:
        return [
            f"{database}.{collection}"
            for database in client.list_database_names()
            if database.startswith("canheal_")
            for collection in client[database].list_collection_names()
            if collection not in LIST_OF_THE_ERASED
            and any(
                str(name) in repr(one)
                for one in client[database][collection].find()
                if not _emptied(one)
                for name in names
            )
        ]


def _emptied(record: Mapping[str, Any]) -> bool:
    """A ledger's entry that says only that an input was handled and erased."""
    content = [record.get(name) for name in ("messages", "documents", "blobs")]
    return record.get("state") == "erased" and content == [[], [], []] and not record.get("sample")


def _until_no_trace(uri: str, *names: str | UUID) -> None:
    deadline = time.monotonic() + SECONDS
    while left := _traces(uri, *names):
        assert time.monotonic() < deadline, left
        time.sleep(1)


def _key_is_destroyed(uri: str, subject: str) -> bool:
    with MongoClient[dict[str, Any]](uri) as client:
        key = client["canheal_blobs"]["keys"].find_one({"_id": subject})
        person = client["canheal_ingest"]["subjects"].find_one({"subject": subject})
    assert person is not None
    return key is not None and "wrapped" not in key and person["consent"]["state"] == ConsentState.ERASED


def _until_key_is_destroyed(uri: str, subject: str) -> None:
    """It goes last, when every service has said its receipt."""
    deadline = time.monotonic() + SECONDS
    while not _key_is_destroyed(uri, subject):
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_the_audit_logs_verify_and_say_that_it_was_restored(restored: Stack, tmp_path: Path) -> None:
    told = canheal("audit", "verify", "--data", restored.data, "--json")
    found = {line["service"]: line for line in map(json.loads, told.splitlines())}
    assert {line["broken"] for line in found.values()} == {None}
    listed = canheal("audit", "list", "--service", "ingest", "--data", restored.data)
    assert all(action in listed for action in ("backup.made", "backup.restored", "sample.submitted"))
    wrong = canheal("audit", "verify", "--head", f"ingest={'0f' * 32}", "--data", restored.data, code=1)
    assert "missing or were replaced" in wrong


def test_while_the_platform_runs_nothing_is_restored_under_it(before: Before, restored: Stack) -> None:
    told = canheal("restore", before.backup, "--data", restored.data, code=73)
    assert "stop it first" in told


async def test_beside_the_old_broker_the_stream_itself_says_who_was_erased(before: Before) -> None:
    await asyncio.to_thread(canheal, "restore", before.backup, "--force", "--data", before.data)
    with Stack(before.data, print, stores=EMBEDDED) as stack:
        await asyncio.to_thread(stack.wait_ready, SECONDS)
        async with Hospital(stack.addresses.services, SECONDS) as hospital:
            for person in ("kept", "in-flight"):
                report = await report_of(hospital, before.samples[person])
                assert json.dumps(report) == json.dumps(before.reports[person])
            sample = before.samples["erased"]
            gone = await hospital.ask("GET", f"{hospital.ingest}/v1/samples/{sample}")
            assert gone.status_code in {404, 410}
        await asyncio.to_thread(
            _until_key_is_destroyed, stack.addresses.mongodb_uri, before.subjects["erased"]
        )
