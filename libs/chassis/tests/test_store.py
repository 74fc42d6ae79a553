"""The database speaks in the platform's words, and a unit is true as a whole or not at all."""

import asyncio
import time
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from canheal_cli.embedded.database import EmbeddedDatabase
from canheal_process.document import Document
from canheal_process.errors import Conflict, Duplicate, EventTooLarge, Unreachable
from canheal_process.store import Store, connect, translated
from chassis_parts import Parts
from pydantic import SecretStr
from pymongo.errors import OperationFailure

pytestmark = pytest.mark.stack


class Page(Document):
    collection: ClassVar[str] = "pages"
    shared: ClassVar[bool] = True

    words: int = 0


def page(number: int = 1, words: int = 0) -> Page:
    return Page(id=UUID(int=number), subject="s", words=words)


async def test_a_document_comes_back_with_its_revision(parts: Parts) -> None:
    assert await parts.store.read(Page, UUID(int=1)) == (None, 0)
    await parts.store.single.save(page(), 0)
    assert await parts.store.read(Page, UUID(int=1)) == (page(), 1)
    await parts.store.single.save(page(words=2), 1)
    assert await parts.store.read(Page, UUID(int=1)) == (page(words=2), 2)
    assert await parts.store.get(Page, UUID(int=1)) == page(words=2)


@pytest.mark.parametrize("revision", [0, 2, 7])
async def test_a_document_that_changed_meanwhile_is_not_overwritten(parts: Parts, revision: int) -> None:
    await parts.store.single.save(page(), 0)
    with pytest.raises(Conflict):
        await parts.store.single.save(page(words=9), revision)
    assert await parts.store.get(Page, UUID(int=1)) == page()


async def test_of_ten_that_count_up_one_document_none_is_lost(parts: Parts) -> None:
    await parts.store.single.save(page(), 0)

    async def count() -> None:
        while True:
            found, revision = await parts.store.read(Page, UUID(int=1))
            assert found is not None
            try:
                async with parts.store.transaction() as unit:
                    await unit.save(page(words=found.words + 1), revision)
            except Conflict:
                continue
            return

    await asyncio.gather(*(count() for _ in range(10)))
    assert await parts.store.read(Page, UUID(int=1)) == (page(words=10), 11)


async def test_a_record_is_inserted_once(parts: Parts) -> None:
    await parts.store.single.insert("things", {"_id": "a", "n": 1})
    with pytest.raises(Duplicate):
        await parts.store.single.insert("things", {"_id": "a", "n": 2})
    assert await parts.store.record("things", "a") == {"_id": "a", "n": 1}


async def test_put_writes_whether_or_not_there_is_one(parts: Parts) -> None:
    for number in (1, 2):
        await parts.store.single.put("things", {"_id": "a", "n": number})
    assert await parts.store.records("things", {}) == [{"_id": "a", "n": 2}]


async def test_a_unit_is_true_as_a_whole(parts: Parts) -> None:
    async with parts.store.transaction() as unit:
        await unit.insert("things", {"_id": "a"})
        await unit.save(page(), 0)
        await unit.put("others", {"_id": "b"})
        assert await parts.store.record("things", "a") is None, "seen before it was committed"
    assert await parts.store.record("things", "a")
    assert await parts.store.get(Page, UUID(int=1)) == page()
    assert await parts.store.record("others", "b")


class OurOwn(Exception):
    """What a caller may raise inside a unit."""


@pytest.mark.parametrize("error", [OurOwn, asyncio.CancelledError, Conflict])
async def test_an_exception_inside_a_unit_undoes_all_of_it(parts: Parts, error: type[BaseException]) -> None:
    async def write() -> None:
        async with parts.store.transaction() as unit:
            await unit.insert("things", {"_id": "a"})
            await unit.save(page(), 0)
            raise error

    with pytest.raises(error):
        await write()
    assert await parts.store.record("things", "a") is None
    assert await parts.store.get(Page, UUID(int=1)) is None


async def test_a_duplicate_or_a_conflict_inside_a_unit_undoes_what_came_before(parts: Parts) -> None:
    await parts.store.single.insert("things", {"_id": "taken"})
    await parts.store.single.save(page(), 0)

    async def unit_of(insert: str, revision: int) -> None:
        async with parts.store.transaction() as unit:
            await unit.put("others", {"_id": insert})
            await unit.insert("things", {"_id": insert})
            await unit.save(page(words=5), revision)

    with pytest.raises(Duplicate):
        await unit_of("taken", 1)
    with pytest.raises(Conflict):
        await unit_of("free", 7)
    assert await parts.count("others") == 0
    assert await parts.count("things") == 1
    assert await parts.store.get(Page, UUID(int=1)) == page()


async def test_counters_count_every_call_once(parts: Parts) -> None:
    assert await parts.store.count_up("starts", "a") == 1
    numbers = await asyncio.gather(*(parts.store.count_up("starts", "a") for _ in range(9)))
    assert sorted(numbers) == list(range(2, 11))
    await parts.store.delete("starts", ["a", "never there"])
    assert await parts.store.count_up("starts", "a") == 1


async def test_a_change_says_whether_there_was_one_that_fits(parts: Parts) -> None:
    await parts.store.single.insert("things", {"_id": "a", "n": 1})
    assert not await parts.store.change("things", "b", {"n": 2})
    assert not await parts.store.change("things", "a", {"n": 2}, only_if={"n": 7})
    assert await parts.store.change("things", "a", {"n": 2}, only_if={"n": 1})
    assert await parts.store.record("things", "a") == {"_id": "a", "n": 2}


async def test_documents_are_found_the_last_written_first_and_no_more_than_asked(parts: Parts) -> None:
    for number in range(1, 5):
        await parts.store.single.save(page(number, words=number % 2), 0)
    assert [found.id.int for found in await parts.store.find(Page)] == [4, 3, 2, 1]
    assert [found.id.int for found in await parts.store.find(Page, words=1)] == [3, 1]
    assert len(await parts.store.find(Page, limit=2)) == 2


async def test_records_are_found_through_an_array_with_an_index(parts: Parts) -> None:
    await parts.store.index("ledger", "documents._id")
    await parts.store.index("ledger", "documents._id")
    for number in range(3):
        await parts.store.single.insert(
            "ledger", {"_id": str(number), "documents": [{"_id": f"{number}-a"}, {"_id": f"{number}-b"}]}
        )
    (found,) = await parts.store.records("ledger", {"documents._id": "1-b"})
    assert found["_id"] == "1"


@pytest.mark.parametrize("size", [16_777_216, 17_000_000])
async def test_a_document_too_large_for_the_database_is_an_event_too_large(parts: Parts, size: int) -> None:
    with pytest.raises(EventTooLarge):
        await parts.store.single.insert("things", {"_id": "a", "text": "x" * size})


async def test_a_database_that_is_not_there_is_unreachable() -> None:
    client = connect(SecretStr("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200"))
    try:
        with pytest.raises(Unreachable):
            await Store(client, "canheal_none").ping()
    finally:
        client.close()


@pytest.mark.parametrize("code", [1, 14031])
async def test_a_database_whose_storage_gave_up_is_unreachable_until_it_is_well_again(code: int) -> None:
    with pytest.raises(Unreachable, match=str(code)):
        async with translated():
            raise OperationFailure("internal server error", code=code)


async def test_a_killed_database_is_unreachable_within_seconds_and_used_again_when_it_is_back(
    parts: Parts, database: EmbeddedDatabase
) -> None:
    await parts.store.single.insert("things", {"_id": "before"})
    blob = await parts.blobs.seal(uuid4(), "s" * 64, b"data")

    async def unit() -> None:
        async with parts.store.transaction() as work:
            await work.insert("things", {"_id": "within"})
            await asyncio.to_thread(database.kill)
            await work.insert("things", {"_id": "within too"})

    try:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            await unit()
        for call in (parts.store.record("things", "before"), parts.blobs.put(blob, UUID(int=1))):
            with pytest.raises(Unreachable):
                await call
        assert time.monotonic() - began < 10
    finally:
        await asyncio.to_thread(database.start)
        await asyncio.to_thread(database.wait_ready)
    assert await parts.store.record("things", "before")
    assert await parts.store.record("things", "within") is None
    await parts.blobs.put(blob, UUID(int=1))
    assert await parts.blobs.get(blob.ref) == b"data"
