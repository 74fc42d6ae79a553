"""What an erasure removes, leaves and says; in any order with the events of the erased."""

import asyncio
from dataclasses import replace
from datetime import date
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from canheal_chassis.deadletters import DEADLETTERS
from canheal_chassis.erasure import ERASURES, Eraser, KeepsNothing
from canheal_chassis.ledger import LEDGER
from canheal_chassis.message import Message
from canheal_chassis.outcome import Outcome
from canheal_chassis.outgoing import HEADS
from canheal_chassis.work import Work
from canheal_process.document import Document
from canheal_process.errors import HandlerFailed, Unreachable
from canheal_schemas import (
    ConsentState,
    Envelope,
    ErasureRequested,
    ErasureScope,
    Kept,
    Purpose,
    RecordDuty,
    ReportIssued,
    SampleReceived,
    SubjectErased,
)
from canheal_schemas.identifiers import erasure_root
from canheal_vault.errors import BlobUnreadable
from chassis_parts import (
    MOMENT,
    SITE,
    Parts,
    a_subject,
    annotated,
    consent,
    entry_of,
    envelope_of,
    handed,
    issued,
    permitted,
    received,
    record_of,
)

pytestmark = pytest.mark.stack
PERSONAL = "genotype 0/1 of nobody else"


class Sheet(Document):
    collection: ClassVar[str] = "sheets"
    shared: ClassVar[bool] = True

    sample: UUID
    words: str


async def works(event: SampleReceived, work: Work) -> Outcome:
    """Leaves a trace of every kind."""
    blob = await work.seal("findings", PERSONAL.encode())
    sheet = Sheet(id=uuid4(), subject=event.subject, sample=event.sample, words=PERSONAL)
    return Outcome(blobs=(blob,), save=(sheet,), publish=(annotated(event), issued(event)))


async def breaks(*_: Any) -> Outcome:
    raise ValueError(PERSONAL)


def request_of(
    event: SampleReceived, *, sample: bool = False, duty: RecordDuty | None = None
) -> tuple[ErasureRequested, Envelope]:
    only = event.sample if sample else None
    root = erasure_root(event.subject, 2, only)
    request = ErasureRequested(
        erasure=root,
        scope=ErasureScope.SAMPLE if sample else ErasureScope.SUBJECT,
        subject=event.subject,
        consent_version=2,
        sample=only,
        revisions=1 if sample else None,
        site=SITE,
        duty=duty,
    )
    envelope = Envelope(
        event_id=uuid4(),
        root_id=root,
        event_type=request.event_type,
        correlation_id=root,
        occurred_at=MOMENT,
        site=SITE,
    )
    return request, envelope


def eraser(parts: Parts, **more: Any) -> Eraser:
    return Eraser(parts.traces, more.pop("keeper", None), lambda: MOMENT)


async def settled(parts: Parts, request: tuple[ErasureRequested, Envelope], **more: Any) -> None:
    """One process hears of the erasure and carries it out."""
    one = eraser(parts, **more)
    one.apply(*request)
    running = asyncio.ensure_future(one.run())
    async with asyncio.timeout(5):
        await one.settled()
    running.cancel()


async def traces(parts: Parts, subject: str) -> dict[str, int]:
    """How many records of each collection are about a subject and say something."""
    found = {
        name: await parts.store.count(name, {"subject": subject})
        for name in await parts.store.collections()
        if name != LEDGER
    }
    found[LEDGER] = await parts.store.count(LEDGER, {"subject": subject, "messages.0": {"$exists": True}})
    found["blobs"] = len(await parts.files.owned(parts.name, subject))
    return {name: count for name, count in found.items() if count}


def receipts(parts: Parts) -> list[SubjectErased]:
    return parts.wire.said(SubjectErased)


async def test_everything_of_a_person_goes_and_the_receipt_counts_it(parts: Parts) -> None:
    event, broken, other = received(a_subject()), None, received(a_subject())
    broken = received(event.subject)
    for one in (event, broken, other):
        permitted(parts, one)
    await handed(record_of(event), parts.hands(works))
    await handed(record_of(other), parts.hands(works))
    await handed(record_of(broken), parts.hands(breaks, tries=1))
    before = await traces(parts, event.subject)
    assert before == {"sheets": 1, HEADS: 1, DEADLETTERS: 1, LEDGER: 1, "blobs": 2}
    of_other = await traces(parts, other.subject)

    await settled(parts, request_of(event))
    assert await traces(parts, event.subject) == {}
    assert await traces(parts, other.subject) == of_other
    (receipt,) = receipts(parts)
    removed = receipt.removed
    assert (removed.documents, removed.outcomes, removed.events) == (1, 1, 1)
    assert (removed.dead_letters, removed.blobs) == (1, 2)
    assert event.subject not in receipt.model_dump_json()
    assert str(event.sample) not in receipt.model_dump_json()


async def test_the_newest_report_on_the_look_up_topic_is_said_to_be_gone(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    reporting = replace(parts.traces, service="report")
    await handed(record_of(event), parts.hands(works))
    one = Eraser(reporting, None, lambda: MOMENT)
    await one.carry_out(*request_of(event))
    assert parts.wire.forgotten == [(ReportIssued.topic.name, str(event.sample).encode())]


async def test_of_one_sample_only_its_own_traces_go(parts: Parts) -> None:
    event = received(a_subject())
    stays = received(event.subject)
    for one in (event, stays):
        permitted(parts, one)
        await handed(record_of(one), parts.hands(works))
    await settled(parts, request_of(event, sample=True))
    assert await traces(parts, event.subject) == {"sheets": 1, HEADS: 1, LEDGER: 1, "blobs": 1}
    kept, gone = await entry_of(parts, stays), await entry_of(parts, event)
    assert kept is not None
    assert gone is not None
    assert (kept["state"], gone["state"]) == ("done", "erased")


async def test_an_event_of_an_erased_sample_is_not_run(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    request = request_of(event, sample=True)
    parts.projection.apply(*request)

    async def never(*_: Any) -> Outcome:
        pytest.fail("the handler ran for an erased sample")

    assert await handed(record_of(event), parts.hands(never)) == 1
    assert parts.wire.messages == []


async def test_two_processes_of_a_service_say_one_receipt(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    await handed(record_of(event), parts.hands(works))
    request = request_of(event)
    await asyncio.gather(*(eraser(parts).carry_out(*request) for _ in range(4)))
    assert len({message.event_id for message in parts.wire.on(SubjectErased.topic.name)}) == 1
    assert len(set(parts.wire.on(SubjectErased.topic.name))) == 1
    assert receipts(parts)[0].removed.outcomes == 1


async def test_killed_after_counting_the_next_process_says_what_was_there(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    await handed(record_of(event), parts.hands(works))
    request = request_of(event)
    parts.wire.silent = 1
    with pytest.raises(Unreachable):
        await eraser(parts).carry_out(*request)
    assert receipts(parts) == []
    await settled(parts, request)
    assert receipts(parts)[0].removed.documents == 1
    await settled(parts, request)
    assert len(receipts(parts)) == 1, "a receipt that was said is not said at every start"


async def test_after_a_restore_from_an_older_backup_it_is_carried_out_again(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    request = request_of(event)
    await settled(parts, request)
    await parts.store.delete_all(ERASURES, {})  # the backup is older than the erasure
    await handed(record_of(event), parts.hands(works))  # and holds the person's data
    assert await traces(parts, event.subject)
    await settled(parts, request)
    assert await traces(parts, event.subject) == {}
    first, second = parts.wire.on(SubjectErased.topic.name)
    assert first.event_id != second.event_id, "other things were removed: another event"


async def test_erased_between_storing_and_saying_nothing_is_left_or_said(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)

    async def erased_meanwhile(sample: SampleReceived, work: Work) -> Outcome:
        outcome = await works(sample, work)
        gone = consent(event.subject, 2, state=ConsentState.ERASED)
        parts.projection.apply(gone, envelope_of(gone))
        await settled(parts, request_of(event))  # before the outcome is stored
        return outcome

    assert await handed(record_of(event), parts.hands(erased_meanwhile)) == 1
    assert await traces(parts, event.subject) == {}
    assert [message.topic for message in parts.wire.messages] == [SubjectErased.topic.name]


async def test_a_key_that_is_destroyed_meanwhile_ends_the_event_as_erased(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    await parts.keys.make_data_key(event.subject)

    async def destroyed_meanwhile(sample: SampleReceived, work: Work) -> Outcome:
        await parts.keys.destroy(event.subject)
        gone = consent(event.subject, 2, state=ConsentState.ERASED)
        parts.projection.apply(gone, envelope_of(gone))
        return await works(sample, work)

    assert await handed(record_of(event), parts.hands(destroyed_meanwhile)) == 1
    assert parts.wire.messages == []
    assert await traces(parts, event.subject) == {}


async def test_of_the_erased_no_dead_letter_is_kept(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event, Purpose.OWN_CARE)

    async def erased_then_broken(*_: Any) -> Outcome:
        gone = consent(event.subject, 2, state=ConsentState.ERASED)
        parts.projection.apply(gone, envelope_of(gone))
        raise HandlerFailed(PERSONAL)

    assert await handed(record_of(event), parts.hands(erased_then_broken, tries=1)) == 1
    assert await parts.count(DEADLETTERS) == 0


async def test_what_a_law_keeps_is_sealed_before_anything_goes_and_the_receipt_says_so(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    await handed(record_of(event), parts.hands(works))
    seen: list[dict[str, int]] = []

    class Records(KeepsNothing):
        async def keep(self, request: ErasureRequested) -> tuple[Kept, ...]:
            seen.append(await traces(parts, request.subject))
            assert request.duty is not None
            return (Kept(what="the care record", basis=request.duty.basis, until=request.duty.until),)

    duty = RecordDuty(basis="a law", until=date(2056, 1, 1))
    await settled(parts, request_of(event, duty=duty), keeper=Records())
    assert seen[0]["sheets"] == 1
    assert receipts(parts)[0].kept == (Kept(what="the care record", basis="a law", until=date(2056, 1, 1)),)


async def test_a_replay_after_the_erasure_finds_no_blob(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    sealed: list[Any] = []

    async def works_once(sample: SampleReceived, work: Work) -> Outcome:
        outcome = await works(sample, work)
        sealed.extend(blob.ref for blob in outcome.blobs)
        return outcome

    await handed(record_of(event), parts.hands(works_once))
    await settled(parts, request_of(event))
    with pytest.raises(BlobUnreadable):
        await parts.blobs.get(sealed[0])
    assert Message.of(event, envelope_of(event)).subject == event.subject
