"""Whatever comes and whatever fails: the outcome is stored and said, or the event is a dead letter."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from canheal_chassis.ledger import LEDGER, STARTS
from canheal_chassis.message import Headers, Record
from canheal_chassis.outcome import Outcome
from canheal_chassis.stream import MAX_STARTS
from canheal_chassis.work import Work
from canheal_process.document import Document
from canheal_process.errors import Conflict, Unreachable
from canheal_schemas import (
    Envelope,
    Purpose,
    SampleReceived,
    VariantsAnnotated,
)
from canheal_schemas.identifiers import event_id
from chassis_parts import (
    Parts,
    a_subject,
    annotated,
    dead,
    entry_of,
    envelope_of,
    handed,
    permitted,
    received,
    record_of,
    says,
)

pytestmark = pytest.mark.stack
CARE = Purpose.OWN_CARE
PERSONAL = "genotype 0/1"


class Result(Document):
    collection: ClassVar[str] = "results"

    words: str


class Other(Document):
    collection: ClassVar[str] = "others"

    words: str


async def test_an_outcome_is_stored_said_and_acknowledged_once(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    assert await handed(record_of(event), parts.hands(says)) == 1
    (said,) = parts.wire.said(VariantsAnnotated)
    assert said == annotated(event)
    envelope = Envelope.from_headers(parts.wire.messages[0].headers)
    cause = envelope_of(event)
    assert envelope.event_id == event_id(cause.root_id, parts.name, event.event_type, said.event_type)
    assert (envelope.root_id, envelope.causation_id) == (cause.root_id, cause.event_id)
    assert envelope.correlation_id == cause.correlation_id
    assert await entry_of(parts, event)
    assert dead(parts) == []


async def test_a_replay_says_the_stored_bytes_and_runs_nothing(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    runs = 0

    async def counts(sample: SampleReceived, _: Work) -> Outcome:
        nonlocal runs
        runs += 1
        return Outcome(publish=(annotated(sample, reason=f"run {runs}"),))

    hands = parts.hands(counts)
    for _ in range(3):
        assert await handed(record_of(event), hands) == 1
    assert runs == 1
    assert len(parts.wire.messages) == 3
    assert len(set(parts.wire.messages)) == 1


def changed(headers: Headers, name: str, value: bytes | None) -> Headers:
    kept = [(n, v) for n, v in headers if n != name]
    return tuple(kept if value is None else [*kept, (name, value)])


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda r: replace(r, headers=()), "undecodable"),
        (lambda r: replace(r, headers=changed(r.headers, "root_id", None)), "undecodable"),
        (lambda r: replace(r, headers=changed(r.headers, "event_id", b"\xff\xfe")), "undecodable"),
        (lambda r: replace(r, headers=changed(r.headers, "site", b"")), None),
        (lambda r: replace(r, value=b""), "undecodable"),
        (lambda r: replace(r, value=b"[" * 100_000), "undecodable"),
        (lambda r: replace(r, value=r.value[:-9]), "undecodable"),
        (lambda r: replace(r, value=b'{"sample": "' + PERSONAL.encode() + b'"}'), "undecodable"),
        (lambda r: replace(r, headers=changed(r.headers, "event_type", b"x.v1")), "unknown-event-type"),
        (
            lambda r: replace(r, headers=changed(r.headers, "event_type", b"canheal.risk.scored.v1")),
            "unknown-event-type",
        ),
    ],
)
async def test_what_cannot_be_read_is_a_dead_letter_without_its_values(
    parts: Parts, spoil: Callable[[Record], Record], error: str | None
) -> None:
    event = received(a_subject())
    permitted(parts, event)
    assert await handed(spoil(record_of(event)), parts.hands(says)) == 1
    assert [letter.error for letter in dead(parts)] == ([error] if error else [])
    for letter in dead(parts):
        assert PERSONAL not in letter.message
        assert await parts.count(LEDGER) == 0


async def test_a_handler_that_raises_on_every_try_is_a_dead_letter_without_the_value(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    runs = 0

    async def raises(*_: Any) -> Outcome:
        nonlocal runs
        runs += 1
        raise ValueError(PERSONAL)

    assert await handed(record_of(event), parts.hands(raises, tries=3)) == 1
    (letter,) = dead(parts)
    assert runs == 3
    assert letter.error == "handler-failed"
    assert letter.message.startswith("ValueError at ")
    assert PERSONAL not in letter.message
    assert await entry_of(parts, event) is None


async def test_a_handler_that_raises_once_is_tried_again(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    errors = [ValueError("once")]

    async def stumbles(sample: SampleReceived, _: Work) -> Outcome:
        if errors:
            raise errors.pop()
        return Outcome(publish=(annotated(sample),))

    await handed(record_of(event), parts.hands(stumbles))
    assert len(parts.wire.said(VariantsAnnotated)) == 1
    assert dead(parts) == []


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("error", [Unreachable, Conflict])
async def test_what_does_not_answer_is_asked_again_for_ever_and_is_no_dead_letter(
    parts: Parts, error: type[Exception], first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("canheal_chassis.stream.MAX_PAUSE_SECONDS", 0.01)
    event = received(a_subject())
    permitted(parts, event)
    errors = [error("not now") for _ in range(3 * MAX_STARTS)]

    async def waits(sample: SampleReceived, _: Work) -> Outcome:
        if errors:
            raise errors.pop()
        return Outcome(publish=(annotated(sample),))

    assert await handed(record_of(event, first=first), parts.hands(waits, tries=1)) == 1
    assert len(parts.wire.said(VariantsAnnotated)) == 1
    assert dead(parts) == []


async def test_a_broker_that_is_silent_while_it_publishes_gets_the_stored_bytes_later(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    parts.wire.silent = 2
    assert await handed(record_of(event), parts.hands(says)) == 1
    assert len(parts.wire.messages) == 1


async def test_a_dead_letter_waits_for_the_broker_before_it_acknowledges(parts: Parts) -> None:
    parts.wire.silent = 2
    assert await handed(replace(record_of(received(a_subject())), headers=()), parts.hands(says)) == 1
    assert len(dead(parts)) == 1


async def test_an_event_whose_workers_end_again_and_again_is_a_dead_letter(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)

    async def dies(*_: Any) -> Outcome:
        raise asyncio.CancelledError

    for _ in range(MAX_STARTS):
        with pytest.raises(asyncio.CancelledError):
            await handed(record_of(event, first=True), parts.hands(dies))
    assert await handed(record_of(event, first=True), parts.hands(dies)) == 1
    assert [letter.error for letter in dead(parts)] == ["crashed-worker"]
    assert await handed(record_of(event, first=True), parts.hands(says)) == 1, "sent again, counted afresh"
    assert len(parts.wire.said(VariantsAnnotated)) == 1
    assert await parts.count(STARTS) == 0


async def test_only_a_partitions_first_event_counts_its_starts(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    await handed(record_of(event), parts.hands(says))
    assert await parts.count(STARTS) == 0


async def test_a_result_too_large_for_an_event_is_a_dead_letter(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)

    async def too_much(sample: SampleReceived, _: Work) -> Outcome:
        return Outcome(publish=(annotated(sample, reason="x" * 300_000),))

    assert await handed(record_of(event), parts.hands(too_much)) == 1
    assert [letter.error for letter in dead(parts)] == ["event-too-large"]
    assert await entry_of(parts, event) is None


async def test_a_damaged_blob_is_a_dead_letter_at_the_first_try(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    runs = 0

    async def opens(sample: SampleReceived, work: Work) -> Outcome:
        nonlocal runs
        runs += 1
        await work.blob(sample.vcf)
        return Outcome()

    await handed(record_of(event), parts.hands(opens, tries=3))
    assert runs == 1
    assert [letter.error for letter in dead(parts)] == ["blob-damaged"]


async def test_an_outcome_stored_by_another_worker_meanwhile_is_adopted(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    rival = parts.hands(lambda sample, _: _said(sample, "the rival"))

    async def overtaken(sample: SampleReceived, _: Work) -> Outcome:
        await handed(record_of(event), rival)
        return await _said(sample, "the slower one")

    await handed(record_of(event), parts.hands(overtaken))
    assert [said.reason for said in parts.wire.said(VariantsAnnotated)] == ["the rival"] * 2
    assert len(set(parts.wire.messages)) == 1


async def _said(sample: SampleReceived, words: str) -> Outcome:
    return Outcome(publish=(annotated(sample, reason=words),))


async def test_a_document_is_read_back_from_the_entry_that_holds_it(parts: Parts) -> None:
    event, later = received(a_subject()), received(a_subject())
    permitted(parts, event)
    permitted(parts, later)
    same = UUID(int=uuid4().int)
    kept = (
        Other(id=uuid4(), subject=event.subject, words="before it"),
        Other(id=same, subject=event.subject, words="its namesake"),
        Result(id=same, subject=event.subject, words="it"),
    )

    async def saves(*_: Any) -> Outcome:
        return Outcome(save=kept)

    async def reads(_: SampleReceived, work: Work) -> Outcome:
        assert await work.read(Result, same) == kept[2]
        assert await work.read(Other, same) == kept[1]
        assert await work.read(Other, kept[0].id) == kept[0]
        assert await work.read(Result, uuid4()) is None
        return Outcome()

    await handed(record_of(event), parts.hands(saves))
    await handed(record_of(later), parts.hands(reads))
    assert dead(parts) == []


async def test_nothing_decrypted_is_left_in_the_scratch_folder(parts: Parts, tmp_path: Path) -> None:
    subject = a_subject()
    blob = await parts.blobs.seal(uuid4(), subject, PERSONAL.encode())
    await parts.blobs.put(blob, UUID(int=1))
    event = received(subject).model_copy(update={"vcf": blob.ref})
    permitted(parts, event)
    seen: list[str] = []

    async def opens(sample: SampleReceived, work: Work) -> Outcome:
        path = await work.blob(sample.vcf)
        seen.append(path.read_text())
        assert path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0
        raise ValueError

    await handed(record_of(event), parts.hands(opens))
    assert seen == [PERSONAL] * 2
    assert not any(found for _, _, found in os.walk(tmp_path))
