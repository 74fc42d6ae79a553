"""The audit log on the real database: one unbroken chain whoever writes, and handed out as it lies there."""

import asyncio
import json
import sys
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from canheal_chassis.audit import AUDIT, PAGE, Audit, StoredEntries
from canheal_cli.embedded.database import EmbeddedDatabase
from canheal_desk.audit_routes import audit_routes
from canheal_process.http import install_problems
from canheal_process.store import connect
from canheal_vault.chain import Action, verify
from chassis_parts import Parts, a_subject
from fastapi import FastAPI
from pydantic import SecretStr

pytestmark = pytest.mark.stack
WRITER = Path(__file__).with_name("audit_writer.py")
EACH = 250


async def lines(parts: Parts, limit: int = 100_000) -> list[bytes]:
    return [line async for line in StoredEntries(parts.store).lines(0, limit)]


def log_of(parts: Parts, instance: str = "0") -> Audit:
    return Audit(parts.name, instance, parts.store, parts.keys)


async def test_two_processes_that_append_500_entries_at_once_make_one_unbroken_chain(
    parts: Parts, database: EmbeddedDatabase
) -> None:
    argv = [sys.executable, str(WRITER), database.uri, parts.name, str(EACH)]
    writers = [await asyncio.create_subprocess_exec(*argv, instance) for instance in ("one", "two")]
    assert [await writer.wait() for writer in writers] == [0, 0]
    stored = await lines(parts)
    found = verify(stored, parts.name)
    assert (found.broken, found.head.sequence) == (None, 2 * EACH)
    order = [(entry["instance"], int(entry["about"]["count"])) for entry in map(json.loads, stored)]
    for instance in ("one", "two"):
        assert [number for who, number in order if who == instance] == list(range(EACH))
    turns = sum(one[0] != other[0] for one, other in pairwise(order))
    assert turns > 20, "they did not write at once"


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({"$set": {"actor": "nobody"}}, "entry 3 was changed"),
        ({"$set": {"sequence": 9}}, "entry 3 is missing"),
        ({"$unset": {"action": 1}}, "entry 3 is no entry"),
        (None, "entry 3 is missing"),
    ],
    ids=["changed", "renumbered", "emptied", "removed"],
)
async def test_what_was_done_to_it_in_the_database_is_found(
    parts: Parts, change: dict[str, dict[str, object]] | None, broken: str
) -> None:
    log = log_of(parts)
    for number in range(5):
        await log.record(Action.REPORTS_LISTED, "a", about={"count": str(number)})
    collection = parts.client[f"canheal_{parts.name}"][AUDIT]
    await (collection.update_one({"_id": 3}, change) if change else collection.delete_one({"_id": 3}))
    found = verify(await lines(parts), parts.name)
    assert found.broken is not None
    assert found.broken.startswith(broken)


async def test_a_process_that_did_not_see_the_last_entries_appends_behind_them(parts: Parts) -> None:
    one, two = log_of(parts, "one"), log_of(parts, "two")
    subject = a_subject()
    await parts.keys.make_data_key(subject)
    for log in (one, two, two, two, one):
        await log.record(Action.REPORT_VIEWED, "a", subject=subject, about={"report": "r"})
    stored = await lines(parts)
    assert verify(stored, parts.name).broken is None
    assert [json.loads(line)["instance"] for line in stored] == ["one", "two", "two", "two", "one"]


async def test_the_route_hands_out_pages_of_lines_that_verify_and_writes_that_it_did(parts: Parts) -> None:
    log = log_of(parts)
    for _ in range(PAGE + 5):
        await log.record(Action.REPORTS_LISTED, "a")
    app = FastAPI()
    install_problems(app)
    app.include_router(audit_routes(log, parts.store))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as client:
        whole = await client.get(f"/v1/audit?limit={2 * PAGE}", headers={"X-Canheal-Actor": "dpo"})
        behind = await client.get("/v1/audit?after=3&limit=2")
        refused = await client.get("/v1/audit?limit=0")
    assert whole.headers["content-type"].startswith("application/x-ndjson")
    assert verify(whole.content.splitlines(), parts.name).head.sequence == PAGE + 6
    assert json.loads(whole.content.splitlines()[-1])["actor"] == "dpo"
    assert [json.loads(line)["sequence"] for line in behind.content.splitlines()] == [4, 5]
    assert refused.status_code == 422


async def test_without_a_database_nothing_is_handed_out(parts: Parts) -> None:
    gone = connect(SecretStr("mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200"))
    store = type(parts.store)(gone, "canheal_gone")
    app = FastAPI()
    install_problems(app)
    app.include_router(audit_routes(Audit("t", "0", store, parts.keys), store))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as client:
        answer = await client.get("/v1/audit")
    gone.close()
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:canheal:problem:unreachable")
