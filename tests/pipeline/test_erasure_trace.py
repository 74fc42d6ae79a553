"""After an erasure a search on bytes finds no trace: no collection, blob, topic, folder or log has one."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import bson
import httpx
import pytest
from canheal_cli.stack import Stack
from canheal_cli.topics import admin_client
from canheal_schemas import Cleanup, ReportIssued
from canheal_schemas.registry import TOPICS
from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from pymongo import MongoClient

from hospital import Hospital
from wire import records

DEMO = files("canheal_cli") / "demo"
NOTHING_KEPT = "LU"
RECORD_KEPT = "BE"
AT_ONCE = {"retention.ms": "1000", "file.delete.delay.ms": "100", "segment.ms": "500"}
COMPACTED = {
    "min.cleanable.dirty.ratio": "0.001",
    "max.compaction.lag.ms": "500",
    "delete.retention.ms": "100",
    "file.delete.delay.ms": "100",
    "segment.ms": "500",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A platform of its own: its topics forget at once."""
    with Stack(tmp_path_factory.mktemp("forgetting"), print, stores=(None, None)) as stack:
        stack.wait_ready()
        yield stack


@pytest.fixture
async def hospital(stack: Stack) -> AsyncIterator[Hospital]:
    async with Hospital(stack.addresses.services) as hospital:
        yield hospital


def sample_of(country: str, name: str = "DEMO-CRC-1", **more: Any) -> tuple[dict[str, Any], bytes]:
    """A demo sample under a pseudonym and a label that stand nowhere else."""
    said = json.loads(DEMO.joinpath(f"{name}.json").read_text())
    mark = uuid4().hex
    return said | {"country": country, "pseudonym": f"person-{mark}", "label": f"label-{mark}"} | more, (
        DEMO.joinpath(f"{name}.vcf.gz").read_bytes()
    )


async def reported(hospital: Hospital, said: dict[str, Any], vcf: bytes) -> tuple[UUID, list[dict[str, Any]]]:
    answer = await hospital.send(said, vcf)
    assert answer.status_code == 202, answer.text
    sample = UUID(answer.json()["sample"])
    return sample, (await hospital.closed([sample], within_seconds=60))[sample]


async def erased(hospital: Hospital, path: str, **params: str) -> dict[str, Any]:
    """Erase, and wait for the receipt of every service."""
    answer = await hospital.ask("DELETE", f"{hospital.ingest}{path}", params=params)
    assert answer.status_code == 202, answer.text
    async with asyncio.timeout(30):
        while True:
            receipt: dict[str, Any] = (
                await hospital.ask("GET", f"{hospital.ingest}{answer.headers['location']}")
            ).json()
            if receipt["state"] == "complete":
                return receipt
            await asyncio.sleep(0.1)


def needles(said: dict[str, Any], sample: UUID, versions: list[dict[str, Any]]) -> list[bytes]:
    """Whatever could lead to the person: the hospital's names, the sample, the reports."""
    names = [said["pseudonym"], said["label"], str(sample)]
    return [name.encode() for name in (*names, *(version["report_id"] for version in versions))]


def in_database(uri: str) -> Iterator[tuple[str, bytes]]:
    """Every record of every collection, blobs included, as bytes."""
    with MongoClient[dict[str, Any]](uri) as client:
        for database in client.list_database_names():
            for collection in client[database].list_collection_names():
                for record in client[database][collection].find():
                    yield f"{database}.{collection} {record.get('_id')}", bson.encode(record)


def in_files(folder: Path, *suffixes: str) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, as far as it is still there."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (not suffixes or path.suffix in suffixes):
            yield str(path), path.read_bytes()


def traces(stack: Stack, wanted: list[bytes]) -> list[str]:
    """Where any of these bytes stand, in what the platform keeps and writes."""
    places = [
        *in_database(stack.addresses.mongodb_uri),
        *in_files(stack.data / "kafka" / "log", ".log"),
        *in_files(stack.data / "scratch"),
        *in_files(stack.data / "logs"),
    ]
    return [
        f"{place}: {needle.decode()}" for place, content in places for needle in wanted if needle in content
    ]


def forget_at_once(stack: Stack) -> None:
    """Set every topic's retention and compaction to a moment: a week goes by."""
    resources = [
        ConfigResource(
            ConfigResourceType.TOPIC,
            topic.name,
            configs=COMPACTED if topic.cleanup is Cleanup.COMPACT else AT_ONCE,
        )
        for topic in TOPICS
    ]
    with admin_client(stack.addresses.kafka_bootstrap_servers) as admin:
        admin.alter_configs(resources)


def fill(stack: Stack) -> None:
    """Compaction leaves a partition's open segment alone: later records close it, here of nobody."""
    producer = KafkaProducer(bootstrap_servers=stack.addresses.kafka_bootstrap_servers)
    for topic in TOPICS:
        if topic.cleanup is Cleanup.COMPACT:
            for partition in range(topic.partitions):
                producer.send(topic.name, key=uuid4().bytes, value=None, partition=partition)
    producer.flush()
    producer.close()


def let_database_forget(uri: str) -> None:
    """The embedded database's own log of changes looks for what is past its window only now and then."""
    with MongoClient[dict[str, Any]](uri) as client:
        client.admin.command("secantusAdmin.pruneOplog")


async def until_no_trace(stack: Stack, wanted: list[bytes], seconds: float = 60) -> list[str]:
    forget_at_once(stack)
    deadline = time.monotonic() + seconds
    while (left := traces(stack, wanted)) and time.monotonic() < deadline:
        fill(stack)
        await asyncio.sleep(1)
        let_database_forget(stack.addresses.mongodb_uri)
    return left


async def test_a_search_on_bytes_finds_no_trace_of_the_erased(stack: Stack, hospital: Hospital) -> None:
    said, vcf = sample_of(NOTHING_KEPT)
    sample, versions = await reported(hospital, said, vcf)
    other = await reported(hospital, *sample_of(NOTHING_KEPT))
    before = (await hospital.document(other[1][-1]))["variants"]
    wanted = needles(said, sample, versions)
    assert all(any(needle.decode() in place for place in traces(stack, wanted)) for needle in wanted[1:])

    receipt = await erased(hospital, f"/v1/subjects/{said['pseudonym']}", site=said["site"])
    assert receipt["data_key"] == "destroyed"
    assert all(part["kept"] == [] for part in receipt["services"].values())
    left = await until_no_trace(stack, wanted)
    assert left == [], "\n".join(left)
    assert (await hospital.document(other[1][-1]))["variants"] == before
    assert (await hospital.send(said, vcf)).status_code == 410


async def test_erased_in_the_middle_of_a_run_it_leaves_no_trace_either(
    stack: Stack, hospital: Hospital
) -> None:
    sent = [sample_of(NOTHING_KEPT) for _ in range(6)]
    wanted = []
    for number, (said, vcf) in enumerate(sent):
        answer = await hospital.send(said, vcf)
        wanted += [said["pseudonym"].encode(), said["label"].encode(), answer.json()["sample"].encode()]
        await asyncio.sleep(0.03 * number)  # wherever it is by now
        await erased(hospital, f"/v1/subjects/{said['pseudonym']}", site=said["site"])
    left = await until_no_trace(stack, wanted)
    assert left == [], "\n".join(left)


async def test_one_sample_goes_and_the_persons_other_one_stays(stack: Stack, hospital: Hospital) -> None:
    said, vcf = sample_of(NOTHING_KEPT)
    stays = said | {"label": f"label-{uuid4().hex}"}
    gone, versions = await reported(hospital, said, vcf)
    kept, of_kept = await reported(hospital, stays, vcf)
    receipt = await erased(hospital, f"/v1/samples/{gone}")
    assert (receipt["scope"], receipt["data_key"]) == ("sample", "in use")
    assert (await hospital.document(of_kept[-1]))["sample"] == str(kept)
    for version in versions:
        answer = await hospital.ask("GET", f"{hospital.report}{version['html']}")
        assert answer.status_code == httpx.codes.NOT_FOUND
    assert (await hospital.send(said, vcf)).status_code == httpx.codes.GONE
    wanted = [said["label"].encode(), *(version["report_id"].encode() for version in versions)]
    left = await until_no_trace(stack, wanted)
    assert left == [], "\n".join(left)


async def test_what_a_countrys_law_keeps_is_sealed_apart_and_named_in_the_receipt(
    stack: Stack, hospital: Hospital
) -> None:
    said, vcf = sample_of(RECORD_KEPT)
    _, versions = await reported(hospital, said, vcf)
    receipt = await erased(hospital, f"/v1/subjects/{said['pseudonym']}", site=said["site"])
    (kept,) = receipt["services"]["report"]["kept"]
    assert kept["basis"].startswith("BE: ")
    assert kept["until"] > "2050"
    record = await hospital.ask("GET", f"{hospital.report}/v1/care-records/{receipt['erasure']}")
    assert versions[-1]["report_id"] in {version["id"] for version in record.json()}
    answer = await hospital.ask("GET", f"{hospital.report}{versions[-1]['json']}")
    assert answer.status_code == httpx.codes.NOT_FOUND


async def test_the_newest_reports_of_subscribers_lose_what_was_erased(
    stack: Stack, hospital: Hospital
) -> None:
    said, vcf = sample_of(NOTHING_KEPT)
    sample, _ = await reported(hospital, said, vcf)
    await erased(hospital, f"/v1/subjects/{said['pseudonym']}", site=said["site"])
    about = [
        record.value
        for record in records(stack.addresses.kafka_bootstrap_servers, [ReportIssued.topic.name])
        if record.key == str(sample).encode()
    ]
    assert not about or about[-1] == b"", "the last word on the sample is a tombstone"
