"""Consent is asked before the handler runs, and once more before anything leaves the platform."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from canheal_chassis.consent import ConsentProjection
from canheal_chassis.ledger import Ledger
from canheal_chassis.outcome import Outcome
from canheal_chassis.work import Work
from canheal_process.document import Document
from canheal_schemas import (
    ConsentState,
    PartStatus,
    Purpose,
    ReportIssued,
    ReportStatus,
    SampleReceived,
    VariantsAnnotated,
)
from canheal_schemas.identifiers import event_id
from canheal_vault.errors import BlobUnreadable
from chassis_parts import (
    Parts,
    a_subject,
    annotated,
    consent,
    entry_of,
    envelope_of,
    handed,
    issued,
    nothing,
    permitted,
    received,
    record_of,
    says,
)

pytestmark = pytest.mark.stack
PERSONAL = "genotype 0/1"


class Result(Document):
    collection: ClassVar[str] = "results"

    words: str


async def test_a_refusal_of_consent_says_the_withheld_outcome_and_runs_nothing(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event, Purpose.RESEARCH)

    async def never(*_: Any) -> Outcome:
        pytest.fail("the handler ran without consent")

    hands = parts.hands(
        never, withheld=lambda sample, why: annotated(sample, PartStatus.WITHHELD, reason=why)
    )
    assert await handed(record_of(event), hands) == 1
    (said,) = parts.wire.said(VariantsAnnotated)
    assert (said.status, said.reason) == (
        PartStatus.WITHHELD,
        "consent version 1 does not permit own-care",
    )
    entry = await entry_of(parts, event)
    assert entry is not None
    assert entry["consent_version"] == 1


async def test_a_refusal_may_be_silent(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event, Purpose.RESEARCH)
    assert await handed(record_of(event), parts.hands(nothing, withheld=lambda *_: None)) == 1
    assert parts.wire.messages == []
    assert await entry_of(parts, event)


async def test_a_consent_older_than_the_event_names_is_waited_for(parts: Parts) -> None:
    event = received(a_subject(), consent_version=2)
    permitted(parts, event)
    delivery = asyncio.ensure_future(handed(record_of(event), parts.hands(says)))
    await asyncio.sleep(0.1)
    assert not delivery.done()
    assert parts.wire.messages == []
    permitted(parts, event, Purpose.RESEARCH, version=2)
    assert await delivery == 1
    (said,) = parts.wire.said(VariantsAnnotated)
    assert said.status is PartStatus.WITHHELD


def erase(parts: Parts, event: SampleReceived, version: int = 2) -> None:
    gone = consent(event.subject, version, state=ConsentState.ERASED)
    parts.projection.apply(gone, envelope_of(gone))


async def test_of_an_erased_subject_nothing_is_run_said_or_kept(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    erase(parts, event)

    async def never(*_: Any) -> Outcome:
        pytest.fail("the handler ran for an erased subject")

    assert await handed(record_of(event), parts.hands(never)) == 1
    assert parts.wire.messages == []
    entry = await entry_of(parts, event)
    assert entry is not None
    assert (entry["state"], entry["documents"], entry["messages"]) == ("erased", [], [])


async def test_erased_while_the_handler_ran_its_results_go_unsaid(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    sealed: list[Any] = []

    async def erased_meanwhile(sample: SampleReceived, work: Work) -> Outcome:
        blob = await work.seal("findings", b"data")
        sealed.append(blob.ref)
        erase(parts, event)
        result = Result(id=uuid4(), subject=sample.subject, words=PERSONAL)
        return Outcome(blobs=(blob,), save=(result,), publish=(annotated(sample),))

    assert await handed(record_of(event), parts.hands(erased_meanwhile)) == 1
    assert parts.wire.messages == []
    entry = await entry_of(parts, event)
    assert entry is not None
    assert entry["state"] == "erased"
    assert PERSONAL not in str(entry)
    with pytest.raises(BlobUnreadable):
        await parts.blobs.get(sealed[0])


async def reported(event: SampleReceived, _: Work) -> Outcome:
    return Outcome(publish=(issued(event).model_copy(update={"report_id": event.sample}),))


def withheld_report(event: SampleReceived, _: str) -> ReportIssued:
    return issued(event, ReportStatus.WITHHELD).model_copy(update={"report_id": event.sample})


async def test_withdrawn_between_storing_and_saying_a_report_is_said_as_withheld(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    parts.wire.silent = 1

    async def withdraws(*_: Any) -> None:
        permitted(parts, event, Purpose.RESEARCH, version=2)

    hands = parts.hands(reported, withheld=withheld_report)
    hands = replace(hands, ledger=_After(parts, withdraws))
    for _ in range(2):  # a replay says the same bytes
        assert await handed(record_of(event), hands) == 1
    said = parts.wire.said(ReportIssued)
    assert {report.status for report in said} == {ReportStatus.WITHHELD}
    assert len(set(parts.wire.messages)) == 1
    root = envelope_of(event).root_id
    ordinal = event_id(root, parts.name, event.event_type, ReportIssued.topic.name, "withheld-2")
    assert parts.wire.messages[0].event_id == ordinal


async def test_a_stored_report_waits_for_consent_to_be_known_after_a_restart(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    assert await handed(record_of(event), parts.hands(reported, withheld=withheld_report)) == 1

    restarted = replace(parts.hands(reported, withheld=withheld_report), consent=ConsentProjection())
    again = asyncio.ensure_future(handed(record_of(event), restarted))
    await asyncio.sleep(0.2)
    assert len(parts.wire.messages) == 1, "said before this process knew what the subject allows"
    restarted.consent.apply(consent(event.subject, 1, Purpose.OWN_CARE), envelope_of(event))
    await again
    first, second = parts.wire.messages
    assert first == second


async def test_inside_the_platform_a_part_is_said_though_consent_was_withdrawn_since(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)

    async def withdraws(*_: Any) -> None:
        permitted(parts, event, Purpose.RESEARCH, version=2)

    await handed(record_of(event), replace(parts.hands(says), ledger=_After(parts, withdraws)))
    (said,) = parts.wire.said(VariantsAnnotated)
    assert said.status is PartStatus.DONE


class _After(Ledger):
    """A ledger after whose insert something happens."""

    def __init__(self, parts: Parts, happens: Callable[..., Awaitable[None]]) -> None:
        super().__init__(parts.store)
        self._happens = happens

    async def insert(self, *arguments: Any) -> None:
        await super().insert(*arguments)
        await self._happens()
