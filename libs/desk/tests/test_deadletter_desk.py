"""A person decides on a dead letter once: as it came, mended, or given up; erasure and consent are asked."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from canheal_chassis.audit import AUDIT
from canheal_chassis.deadletters import DEADLETTERS
from canheal_chassis.letters import LetterState
from canheal_chassis.message import RETRY_OF, Record
from canheal_desk.mending import mended_event
from canheal_process.errors import (
    BodyWithheld,
    Erased,
    EventRefused,
    HandlerFailed,
    MendRefused,
    NoSuchDeadLetter,
    Undecodable,
    Unreachable,
    dead_letter_error,
)
from canheal_schemas import (
    INPUTS,
    BlobRef,
    ConsentState,
    DeadLettered,
    Envelope,
    Purpose,
    SampleReceived,
    VariantsAnnotated,
    deadletter_topic,
    retry_topic,
)
from canheal_schemas.identifiers import mended_root, sample_root
from chassis_parts import (
    MOMENT,
    Parts,
    a_subject,
    consent,
    dead,
    envelope_of,
    handed,
    permitted,
    received,
    record_of,
    says,
)

pytestmark = pytest.mark.stack
FAILED = HandlerFailed("ValueError at interpret.py:7, on each of 3 tries")
BY = "it.duty"


@pytest.fixture(autouse=True)
def inputs(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's service handles samples, as annotate does."""
    monkeypatch.setitem(INPUTS, parts.name, (SampleReceived,))


async def kept(parts: Parts, event: SampleReceived, error: EventRefused = FAILED) -> UUID:
    permitted(parts, event)
    await parts.deadletters.keep(record_of(event), error)
    return parts.wire.messages[-1].event_id


def corrected(event: SampleReceived, **context: Any) -> SampleReceived:
    return event.model_copy(update={"context": event.context.model_copy(update={"label": "S2"} | context)})


def sent(parts: Parts) -> list[Any]:
    return parts.wire.on(retry_topic(parts.name).name)


async def test_a_letter_says_what_happened_where_what_it_means_and_what_to_do(parts: Parts) -> None:
    event = received(a_subject(), revision=2)
    letter = await parts.desk.letter(await kept(parts, event), BY)
    assert (letter.state, letter.error, letter.message) == (LetterState.OPEN, "handler-failed", str(FAILED))
    assert (letter.topic, letter.partition, letter.offset) == (event.event_type, 3, 7)
    assert (letter.sample, letter.revision, letter.attempt) == (event.sample, 2, 1)
    assert (letter.means, letter.remedy) == ("The handler raised on every try.", HandlerFailed.remedy)
    assert (letter.kept_at, letter.body_bytes) == (MOMENT, len(event.to_bytes()))
    assert letter.causation_id == envelope_of(event).event_id


async def test_letters_are_listed_by_what_was_decided(parts: Parts) -> None:
    retried, dropped, left = [await kept(parts, received(a_subject())) for _ in range(3)]
    await parts.desk.retry(retried, BY)
    await parts.desk.drop(dropped, BY, "sent anew")
    listed = {state: [letter.id for letter in await parts.desk.letters(BY, state)] for state in LetterState}
    assert listed == {"open": [left], "retried": [retried], "mended": [], "dropped": [dropped]}
    assert {letter.id for letter in await parts.desk.letters(BY)} == {retried, dropped, left}


async def test_a_decision_names_who_and_when_and_is_made_once(parts: Parts) -> None:
    letter = await kept(parts, received(a_subject()))
    decided = await parts.desk.retry(letter, BY)
    assert (decided.state, decided.by, decided.decided_at) == (LetterState.RETRIED, BY, MOMENT)
    for again in (
        parts.desk.retry(letter, BY),
        parts.desk.drop(letter, BY, "why"),
        parts.desk.mend(letter, b"", BY),
    ):
        with pytest.raises(NoSuchDeadLetter, match=str(letter)):
            await again
    assert len(sent(parts)) == 1


async def test_mended_it_is_a_new_event_with_a_root_of_its_own_about_the_same_sample(parts: Parts) -> None:
    event = received(a_subject())
    letter = await kept(parts, event)
    mended = corrected(event)
    decided = await parts.desk.mend(letter, mended.model_dump_json(indent=2).encode(), BY)
    (message,) = sent(parts)
    envelope = Envelope.from_headers(message.headers)
    assert decided.state is LetterState.MENDED
    assert message.value == mended.to_bytes()
    assert message.key == str(event.sample).encode()
    assert envelope.root_id == mended_root(letter, mended.to_bytes()) != envelope_of(event).root_id
    assert envelope.event_id != envelope_of(event).event_id
    assert (envelope.event_type, envelope.causation_id) == (event.event_type, letter)
    assert envelope.correlation_id == envelope_of(event).correlation_id
    assert (RETRY_OF, str(letter).encode()) in message.headers


async def test_the_same_mending_sent_twice_is_the_same_bytes_and_other_content_another_event(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = received(a_subject())
    letter = await kept(parts, event)
    note = parts.store.change

    async def cut_off(*_: Any, **__: Any) -> bool:
        raise Unreachable("the database went away after the broker had it")

    for label in ("S2", "S2", "S3"):
        monkeypatch.setattr(parts.store, "change", cut_off)
        with pytest.raises(Unreachable):
            await parts.desk.mend(letter, corrected(event, label=label).to_bytes(), BY)
    monkeypatch.setattr(parts.store, "change", note)
    first, second, third = sent(parts)
    assert first == second
    assert third.event_id != first.event_id


async def test_a_mended_event_is_handled_and_asked_consent_anew_under_its_own_root(parts: Parts) -> None:
    event = received(a_subject())
    letter = await kept(parts, event)
    await parts.desk.mend(letter, corrected(event).to_bytes(), BY)
    (message,) = sent(parts)
    withdrawn = consent(event.subject, 2)
    parts.projection.apply(withdrawn, envelope_of(withdrawn))
    record = Record(message.topic, 0, 0, message.key, message.value, message.headers)
    assert await handed(record, parts.hands(says)) == 1
    (answer,) = parts.wire.said(VariantsAnnotated)
    assert answer.status == "withheld"
    assert parts.wire.messages[-1].event_id != envelope_of(event).event_id
    assert Envelope.from_headers(parts.wire.messages[-1].headers).root_id != sample_root(event.sample, 1)


async def test_a_mended_event_that_fails_too_is_the_next_attempt(parts: Parts) -> None:
    event = received(a_subject())
    letter = await kept(parts, event)
    for number in (2, 3):
        await parts.desk.mend(letter, corrected(event, label=f"S{number}").to_bytes(), BY)
        message = sent(parts)[-1]
        record = Record(message.topic, 0, number, message.key, message.value, message.headers)
        await parts.deadletters.keep(record, FAILED)
        assert dead(parts)[-1].attempt == number
        letter = parts.wire.messages[-1].event_id
    await parts.desk.retry(letter, BY)
    assert Envelope.from_headers(sent(parts)[-1].headers) == Envelope.from_headers(message.headers)


@pytest.mark.parametrize("original", [b"\xff not json", b'{"sample": 1}'], ids=["bytes", "fields"])
async def test_a_body_that_nobody_could_read_can_be_mended(parts: Parts, original: bytes) -> None:
    event = received(a_subject())
    permitted(parts, event)
    message = record_of(event)
    await parts.deadletters.keep(
        Record(message.topic, 1, 1, message.key, original, message.headers), Undecodable("body")
    )
    await parts.desk.mend(parts.wire.messages[-1].event_id, event.to_bytes(), BY)
    assert sent(parts)[0].value == event.to_bytes()


async def test_a_record_without_readable_headers_is_mended_by_its_topics_type(parts: Parts) -> None:
    event = received(a_subject())
    permitted(parts, event)
    await parts.deadletters.keep(
        Record(event.event_type, 1, 1, b"k", event.to_bytes(), ()), Undecodable("headers")
    )
    letter = parts.wire.messages[-1].event_id
    mended = corrected(event)
    await parts.desk.mend(letter, mended.to_bytes(), BY)
    assert Envelope.from_headers(sent(parts)[0].headers).site == event.site


STRANGE = BlobRef(blob_id=uuid4(), size=1, key_id="f" * 64, hmac_sha256="0" * 64)


@pytest.mark.parametrize(
    ("changes", "says_why"),
    [
        ({}, "nothing was changed"),
        ({"sample": uuid4()}, "sample: found"),
        ({"revision": 2}, "revision: found 2, expected 1"),
        ({"subject": "b" * 64}, "subject: found b"),
        ({"site": "NL-ELSE"}, "site: found NL-ELSE, expected BE-TEST"),
        ({"consent_version": 9, "country": "NL"}, "consent_version: found 9, expected at most 1"),
        ({"vcf": STRANGE}, "is not sealed under this person's key"),
    ],
    ids=["nothing", "sample", "revision", "subject", "site", "consent", "blob"],
)
async def test_a_mended_event_stays_about_the_same_sample_person_and_blobs(
    parts: Parts, changes: dict[str, Any], says_why: str
) -> None:
    event = received(a_subject())
    letter = await kept(parts, event)
    with pytest.raises(MendRefused, match=says_why) as refused:
        await parts.desk.mend(letter, event.model_copy(update=changes).to_bytes(), BY)
    assert refused.value.status == 422
    assert sent(parts) == []
    assert (await parts.desk.letter(letter, BY)).state is LetterState.OPEN


@pytest.mark.parametrize(
    ("content", "says_why"),
    [
        (b"", "it is no canheal.sample.received.v1: .*json_invalid"),
        (b"{}", "sample: missing"),
        (b"x" * 300_000, "found more than 262144 bytes"),
    ],
    ids=["empty", "fields", "large"],
)
async def test_what_does_not_keep_the_contract_is_refused_and_named(
    parts: Parts, content: bytes, says_why: str
) -> None:
    letter = await kept(parts, received(a_subject()))
    with pytest.raises(MendRefused, match=says_why):
        await parts.desk.mend(letter, content, BY)


def a_letter(event: SampleReceived, **more: Any) -> DeadLettered:
    said = {"service": "annotate", "input_type": event.event_type, "root_id": uuid4(), "attempt": 1}
    said |= {"topic_name": "t", "partition": 0, "offset": 0, "error": "undecodable", "message": "m"}
    return DeadLettered(**(said | {"body": STRANGE} | more))


def test_a_misspelt_field_is_refused_by_name_not_passed_over() -> None:
    event = received(a_subject())
    content = event.to_bytes().replace(b'"country"', b'"contry"').replace(b'"label"', b'"lable"')
    with pytest.raises(
        MendRefused, match=r"country: missing.*contry: extra_forbidden|lable: extra_forbidden"
    ):
        mended_event(a_letter(event), event.to_bytes(), content)


@pytest.mark.parametrize(
    "more",
    [{"input_type": "canheal.annotate.retry.v1"}, {"input_type": "t" * 200}, {"service": "prs"}],
    ids=["lane", "unknown", "not-its-input"],
)
def test_what_its_service_does_not_handle_cannot_be_mended(more: dict[str, str]) -> None:
    event = received(a_subject())
    with pytest.raises(MendRefused, match="cannot be mended for"):
        mended_event(a_letter(event, **more), event.to_bytes(), event.to_bytes())


async def test_given_up_for_good_it_is_kept_with_the_reason_and_said_as_an_event_of_its_own(
    parts: Parts,
) -> None:
    event = received(a_subject())
    letter = await kept(parts, event)
    decided = await parts.desk.drop(letter, BY, "the hospital sends it anew")
    assert (decided.state, decided.by, decided.why) == (LetterState.DROPPED, BY, "the hospital sends it anew")
    first, second = parts.wire.on(deadletter_topic(parts.name).name)
    said = DeadLettered.model_validate_json(second.value)
    assert (said.drops, said.why) == (letter, "the hospital sends it anew")
    assert said.model_copy(update={"drops": None, "why": None}) == dead(parts)[0]
    assert second.key == first.key
    assert second.event_id != first.event_id
    assert Envelope.from_headers(second.headers).root_id != Envelope.from_headers(first.headers).root_id
    assert Envelope.from_headers(second.headers).causation_id == letter
    assert await parts.count(DEADLETTERS) == 1


async def test_a_drop_that_was_cut_off_before_it_was_said_is_said_the_second_time_as_it_was(
    parts: Parts,
) -> None:
    letter = await kept(parts, received(a_subject()))
    parts.wire.silent = 1
    with pytest.raises(Unreachable):
        await parts.desk.drop(letter, BY, "the first reason")
    again = await parts.desk.drop(letter, "somebody.else", "another reason")
    assert (again.by, again.why) == (BY, "the first reason")
    assert dead(parts)[-1].why == "the first reason"


async def test_the_body_is_shown_as_it_came_as_long_as_consent_allows_it(parts: Parts) -> None:
    event = received(a_subject())
    letter = await kept(parts, event)
    assert await parts.desk.body(letter, BY) == event.to_bytes()
    withdrawn = consent(event.subject, 2, Purpose.RESEARCH)
    parts.projection.apply(withdrawn, envelope_of(withdrawn))
    with pytest.raises(BodyWithheld, match="Retry and drop work without reading it"):
        await parts.desk.body(letter, BY)


async def test_nothing_of_an_erased_person_is_shown_or_sent_again(parts: Parts) -> None:
    event = received(a_subject())
    letter = await kept(parts, event)
    gone = consent(event.subject, 2, state=ConsentState.ERASED)
    parts.projection.apply(gone, envelope_of(gone))
    content = corrected(event).to_bytes()
    for asked in (
        parts.desk.body(letter, BY),
        parts.desk.retry(letter, BY),
        parts.desk.mend(letter, content, BY),
    ):
        with pytest.raises(Erased):
            await asked
    assert sent(parts) == []


async def test_a_letter_that_is_not_there_is_said_to_be_absent(parts: Parts) -> None:
    absent = uuid4()
    for asked in (
        parts.desk.letter(absent, BY),
        parts.desk.body(absent, BY),
        parts.desk.drop(absent, BY, "why"),
    ):
        with pytest.raises(NoSuchDeadLetter, match=str(absent)):
            await asked


async def test_every_look_and_decision_stands_in_the_audit_log_with_who_and_never_the_letters_person(
    parts: Parts,
) -> None:
    event = received(a_subject())
    letter = await kept(parts, event)
    await parts.desk.letters(BY)
    await parts.desk.letter(letter, BY)
    await parts.desk.body(letter, BY)
    await parts.desk.drop(letter, BY, "the hospital sends it anew")
    entries = sorted(await parts.store.records(AUDIT, {}), key=lambda entry: entry["sequence"])
    assert [entry["action"] for entry in entries] == [
        "deadletters.viewed",
        "deadletters.viewed",
        "deadletter.body-viewed",
        "deadletter.dropped",
    ]
    assert {entry["actor"] for entry in entries} == {BY}
    assert (entries[-1]["about"]["why"], entries[-1]["about"]["error"]) == (
        "the hospital sends it anew",
        "handler-failed",
    )
    assert event.subject not in str(entries)
    assert str(letter) not in str(entries)


async def test_a_body_that_consent_withholds_is_written_down_as_refused(parts: Parts) -> None:
    event = received(a_subject())
    letter = await kept(parts, event)
    withdrawn = consent(event.subject, 2)
    parts.projection.apply(withdrawn, envelope_of(withdrawn))
    with pytest.raises(BodyWithheld):
        await parts.desk.body(letter, BY)
    assert [entry["outcome"] for entry in await parts.store.records(AUDIT, {})] == ["body-withheld"]


def test_an_error_that_this_version_does_not_know_is_any_refusal() -> None:
    assert dead_letter_error("handler-failed") is HandlerFailed
    assert dead_letter_error("of-a-newer-version") is EventRefused
