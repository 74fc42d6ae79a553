"""What could not be handled is kept whole and secret, said once a person's turn, and can be sent again."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from canheal_chassis.deadletters import DEADLETTERS
from canheal_chassis.ledger import STARTS, Ledger, entry_key
from canheal_chassis.message import RETRY_OF, Message, Record
from canheal_process.errors import EventRefused, HandlerFailed, NoSuchDeadLetter, Undecodable
from canheal_schemas import DeadLettered, Envelope, SampleReceived, deadletter_topic, retry_topic
from canheal_vault.keys import PLATFORM
from chassis_parts import Parts, a_subject, envelope_of, received, record_of

pytestmark = pytest.mark.stack
FAILED = HandlerFailed("ValueError at interpret.py:7, on each of 3 tries")


def said(parts: Parts) -> list[DeadLettered]:
    messages = parts.wire.on(deadletter_topic(parts.name).name)
    return [DeadLettered.model_validate_json(message.value) for message in messages]


def ids(parts: Parts) -> list[UUID]:
    return [message.event_id for message in parts.wire.on(deadletter_topic(parts.name).name)]


async def test_it_says_where_it_came_from_and_why(parts: Parts) -> None:
    event = received(a_subject(), revision=2)
    await parts.deadletters.keep(record_of(event), FAILED)
    (letter,) = said(parts)
    assert letter.model_dump(exclude={"body"}) == {
        "service": parts.name,
        "input_type": event.event_type,
        "input_event_id": envelope_of(event).event_id,
        "root_id": envelope_of(event).root_id,
        "attempt": 1,
        "topic_name": event.event_type,
        "partition": 3,
        "offset": 7,
        "error": "handler-failed",
        "message": str(FAILED),
        "sample": event.sample,
        "revision": 2,
        "subject": event.subject,
        "site": event.site,
        "drops": None,
        "why": None,
    }
    envelope = Envelope.from_headers(parts.wire.messages[0].headers)
    assert envelope.causation_id == envelope_of(event).event_id
    assert envelope.root_id != envelope_of(event).root_id
    assert parts.wire.messages[0].key == str(event.sample).encode()


async def test_kept_again_before_a_person_acted_it_is_the_same(parts: Parts) -> None:
    record = record_of(received(a_subject()))
    for error in (FAILED, Undecodable("another reason, later")):
        await parts.deadletters.keep(record, error)
    first, second = parts.wire.messages
    assert first == second
    assert await parts.count(DEADLETTERS) == 1


async def test_given_up_on_again_after_a_person_sent_it_again_it_is_the_next_attempt(parts: Parts) -> None:
    record = record_of(received(a_subject()))
    for number in (1, 2, 3):
        await parts.deadletters.keep(record, FAILED)
        assert said(parts)[-1].attempt == number
        await parts.desk.retry(ids(parts)[-1], "it.duty")
    assert len(set(ids(parts))) == 3


async def test_given_up_on_again_before_the_retry_is_noted_it_is_the_next_attempt_all_the_same(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    await parts.deadletters.keep(record_of(received(a_subject())), FAILED)
    (first,) = ids(parts)
    publish = parts.wire.publish

    async def fails_at_once(message: Message) -> None:
        await publish(message)
        if message.topic == retry_topic(parts.name).name:
            again = Record(message.topic, 0, 0, message.key, message.value, message.headers)
            await parts.deadletters.keep(again, FAILED)

    monkeypatch.setattr(parts.wire, "publish", fails_at_once)  # the worker is faster than the note
    await parts.desk.retry(first, "it.duty")
    assert len(set(ids(parts))) == 2
    with pytest.raises(NoSuchDeadLetter):
        await parts.desk.retry(first, "it.duty")
    await parts.desk.retry(ids(parts)[-1], "it.duty")


async def test_the_body_is_encrypted_under_the_subjects_key_and_nowhere_in_plain(parts: Parts) -> None:
    event = received(a_subject())
    record = record_of(event)
    await parts.deadletters.keep(record, FAILED)
    (letter,) = said(parts)
    assert letter.body.key_id == event.subject
    assert await parts.blobs.get(letter.body) == record.value
    kept = str(await parts.store.records(DEADLETTERS, {}))
    assert "vcf" not in kept
    assert event.context.label not in parts.wire.messages[0].value.decode()


@pytest.mark.parametrize("value", [b"", b"\xff\x00 not json", b'{"sample": 1}'])
async def test_a_body_that_is_unreadable_is_kept_under_the_platforms_key(parts: Parts, value: bytes) -> None:
    record = replace(record_of(received(a_subject())), value=value)
    await parts.deadletters.keep(record, Undecodable("body"))
    (letter,) = said(parts)
    assert (letter.body.key_id, letter.subject, letter.sample) == (PLATFORM, None, None)
    assert await parts.blobs.get(letter.body) == value


async def test_without_readable_headers_its_place_is_its_name(parts: Parts) -> None:
    record = Record("canheal.sample.received.v1", 5, 99, b"", b"whatever", (("event_id", b"no uuid"),))
    await parts.deadletters.keep(record, Undecodable("headers"))
    await parts.deadletters.keep(record, Undecodable("headers"))
    await parts.deadletters.keep(replace(record, offset=100), Undecodable("headers"))
    letters = said(parts)
    assert len({letter.root_id for letter in letters}) == 2
    assert letters[0].input_event_id is None
    assert (letters[0].partition, letters[0].offset, letters[2].offset) == (5, 99, 100)


async def test_a_type_longer_than_an_event_may_be_is_still_kept(parts: Parts) -> None:
    event = received(a_subject())
    envelope = envelope_of(event).model_copy(update={"event_type": "t" * 10_000})
    record = replace(record_of(event), headers=tuple(envelope.to_headers()))
    await parts.deadletters.keep(record, EventRefused("nobody handles " + envelope.event_type))
    (letter,) = said(parts)
    assert letter.input_type == "t" * 200


async def test_sent_again_it_is_what_came_and_says_which_dead_letter_it_was(parts: Parts) -> None:
    record = record_of(received(a_subject()))
    await parts.deadletters.keep(record, FAILED)
    (letter,) = ids(parts)
    await parts.desk.retry(letter, "it.duty")
    (again,) = parts.wire.on(retry_topic(parts.name).name)
    assert (again.key, again.value) == (record.key, record.value)
    assert again.headers == (*record.headers, (RETRY_OF, str(letter).encode()))
    assert again.event_id == envelope_of(SampleReceived.model_validate_json(record.value)).event_id


async def test_given_up_on_twice_it_names_only_the_newer_dead_letter(parts: Parts) -> None:
    record = record_of(received(a_subject()))
    for _ in range(2):
        await parts.deadletters.keep(record, FAILED)
        await parts.desk.retry(ids(parts)[-1], "it.duty")
        again = parts.wire.messages[-1]
        record = replace(record, topic=again.topic, headers=again.headers)
    assert [value for name, value in again.headers if name == RETRY_OF] == [str(ids(parts)[-1]).encode()]


async def test_it_is_sent_again_once_and_one_that_is_not_there_never(parts: Parts) -> None:
    await parts.deadletters.keep(record_of(received(a_subject())), FAILED)
    (letter,) = ids(parts)
    await parts.desk.retry(letter, "it.duty")
    for absent in (letter, uuid4()):
        with pytest.raises(NoSuchDeadLetter, match=str(absent)) as refused:
            await parts.desk.retry(absent, "it.duty")
        assert refused.value.status == 404
    assert len(parts.wire.on(retry_topic(parts.name).name)) == 1


async def test_the_count_of_starts_begins_afresh(parts: Parts) -> None:
    record = record_of(received(a_subject()))
    envelope = Envelope.from_headers(record.headers)
    await Ledger(parts.store).starts(entry_key(envelope.event_type, envelope.root_id))
    await parts.deadletters.keep(record, FAILED)
    assert await parts.count(STARTS) == 0
