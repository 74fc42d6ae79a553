"""One entry an input: it holds the whole outcome, and there is never a second one."""

import asyncio
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from canheal_chassis.ledger import LEDGER, STARTS, Entry, Ledger, blank
from canheal_chassis.message import Message
from canheal_chassis.outgoing import HEADS, head
from canheal_process.document import Document
from canheal_process.errors import Conflict, Duplicate
from canheal_schemas import Event, SampleReceived
from chassis_parts import MOMENT, Parts, a_subject, annotated, envelope_of, issued, received

pytestmark = pytest.mark.stack


class Result(Document):
    collection: ClassVar[str] = "results"

    words: str = ""


class Shared(Document):
    collection: ClassVar[str] = "shared"
    shared: ClassVar[bool] = True

    words: str = ""


def entry(*events: Event, cause: SampleReceived | None = None, **more: object) -> Entry:
    cause = cause or received(a_subject())
    fields: dict[str, object] = {
        "input_type": cause.event_type,
        "root_id": envelope_of(cause).root_id,
        "subject": cause.subject,
        "sample": str(cause.sample),
        "consent_version": 1,
        "messages": tuple(Message.of(event, envelope_of(event)) for event in events),
    }
    return Entry(**(fields | more))  # type: ignore[arg-type] # each test names what it is about


async def test_an_outcome_without_anything_shared_is_one_record(parts: Parts) -> None:
    cause = received(a_subject())
    made = entry(annotated(cause), cause=cause, documents=(Result(id=uuid4(), subject=cause.subject),))
    ledger = Ledger(parts.store)
    assert await ledger.find(made.key) is None
    await ledger.insert(made, [], MOMENT)
    found = await ledger.find(made.key)
    assert found is not None
    assert (found.messages, found.subject, found.state) == (made.messages, cause.subject, "done")
    assert await parts.count(LEDGER) == 1
    assert await parts.count("results") == await parts.count(HEADS) == 0


async def test_the_same_input_has_no_second_outcome(parts: Parts) -> None:
    cause = received(a_subject())
    ledger = Ledger(parts.store)
    await ledger.insert(entry(cause=cause), [], MOMENT)
    with pytest.raises(Duplicate):
        await ledger.insert(entry(annotated(cause), cause=cause), [], MOMENT)
    found = await ledger.find(entry(cause=cause).key)
    assert found is not None
    assert found.messages == ()


async def test_of_workers_that_store_one_input_at_once_one_wins(parts: Parts) -> None:
    cause = received(a_subject())
    ledger = Ledger(parts.store)
    words = [issued(cause) for _ in range(5)]
    outcomes = await asyncio.gather(
        *(ledger.insert(entry(word, cause=cause), [], MOMENT) for word in words), return_exceptions=True
    )
    assert outcomes.count(None) == 1
    assert all(isinstance(outcome, Duplicate | Conflict) for outcome in outcomes if outcome is not None)
    stored = await ledger.find(entry(cause=cause).key)
    assert stored is not None
    assert await head(parts.store, stored.messages[0]) == stored.messages[0]


async def test_a_shared_document_a_head_and_the_entry_are_true_together(parts: Parts) -> None:
    cause = received(a_subject())
    document = Shared(id=uuid4(), subject=cause.subject)
    made = entry(issued(cause), cause=cause, documents=(document,))
    await Ledger(parts.store).insert(made, [0], MOMENT)
    assert await parts.store.read(Shared, document.id) == (document, 1)
    assert await head(parts.store, made.messages[0]) == made.messages[0]
    assert await Ledger(parts.store).find(made.key)


async def test_a_shared_document_that_changed_meanwhile_leaves_nothing_of_the_outcome(parts: Parts) -> None:
    document = Shared(id=uuid4(), subject="s")
    await parts.store.single.save(document, 0)
    made = entry(issued(received(a_subject())), documents=(document,))
    with pytest.raises(Conflict):
        await Ledger(parts.store).insert(made, [0], MOMENT)
    assert await Ledger(parts.store).find(made.key) is None
    assert await head(parts.store, made.messages[0]) is None


async def test_a_duplicate_leaves_head_and_shared_document_as_they_were(parts: Parts) -> None:
    cause = received(a_subject())
    document = Shared(id=uuid4(), subject="s", words="first")
    first = entry(issued(cause), cause=cause, documents=(document,))
    await Ledger(parts.store).insert(first, [0], MOMENT)
    again = entry(issued(cause), cause=cause, documents=(document.model_copy(update={"words": "second"}),))
    with pytest.raises((Duplicate, Conflict)):
        await Ledger(parts.store).insert(again, [1], MOMENT)
    assert await parts.store.get(Shared, document.id) == document
    assert await head(parts.store, first.messages[0]) == first.messages[0]


async def test_an_erased_entry_says_that_there_was_one_and_nothing_more(parts: Parts) -> None:
    cause = received(a_subject())
    made = entry(
        annotated(cause),
        cause=cause,
        documents=(Result(id=uuid4(), subject=cause.subject, words="a finding"),),
        blobs=(UUID(int=9),),
    )
    ledger = Ledger(parts.store)
    await ledger.insert(made, [], MOMENT)
    await parts.store.change(LEDGER, made.key, blank())
    found = await ledger.find(made.key)
    assert found is not None
    assert (found.state, found.messages, found.blobs) == ("erased", (), ())
    assert "a finding" not in str(await parts.store.record(LEDGER, made.key))


async def test_starts_are_counted_by_input_and_forgotten(parts: Parts) -> None:
    ledger = Ledger(parts.store)
    assert [await ledger.starts("a"), await ledger.starts("a"), await ledger.starts("b")] == [1, 2, 1]
    await ledger.forget_starts("a")
    assert await ledger.starts("a") == 1
    assert await parts.count(STARTS) == 2
