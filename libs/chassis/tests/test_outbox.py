"""What was stored to be said is said: in order, again after a crash, and as soon as the broker is back."""

import asyncio
from contextlib import suppress

import pytest
from canheal_chassis import outbox as module
from canheal_chassis.message import Message
from canheal_chassis.outbox import OUTBOX, Outbox
from canheal_chassis.outgoing import HEADS
from canheal_process.errors import EventTooLarge, Unreachable
from canheal_schemas import ConsentChanged, Event, Purpose, SampleReceived
from chassis_parts import Parts, a_subject, annotated, consent, envelope_of, received

pytestmark = pytest.mark.stack
CARE = Purpose.OWN_CARE


async def enqueue(parts: Parts, *events: Event) -> None:
    for event in events:
        async with parts.store.transaction() as unit:
            await Outbox.enqueue(unit, event, envelope_of(event))


async def test_a_subjects_events_are_said_in_the_order_of_its_consent_versions(parts: Parts) -> None:
    one, two = a_subject(), a_subject()
    events = [received(one, consent_version=2), consent(two, 1), received(two), received(one)]
    await enqueue(parts, *events)
    outbox = Outbox(parts.store, parts.wire, "ingest-0")
    assert await outbox.relay() == 4
    said = [SampleReceived.model_validate_json(m.value) for m in parts.wire.on(SampleReceived.topic.name)]
    assert [event.consent_version for event in said if event.subject == one] == [1, 2]
    of_two = [m.topic for m in parts.wire.messages if two.encode() in m.value]
    assert of_two == [ConsentChanged.topic.name, SampleReceived.topic.name]
    assert await outbox.relay() == 0
    assert await parts.count(OUTBOX) == 0


async def test_of_consents_that_wait_the_newest_is_last_on_the_wire(parts: Parts) -> None:
    subject = a_subject()
    await enqueue(parts, consent(subject, 1, CARE), consent(subject, 2), consent(subject, 3, CARE))
    await Outbox(parts.store, parts.wire, "ingest-0").relay()
    versions = [event.consent_version for event in parts.wire.said(ConsentChanged)]
    assert versions[-1] == 3
    assert sorted(versions) == versions


async def test_killed_between_saying_and_forgetting_it_says_the_same_again(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    await enqueue(parts, received(a_subject()))

    async def killed(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(type(parts.store), "delete", killed)
        with pytest.raises(asyncio.CancelledError):
            await Outbox(parts.store, parts.wire, "ingest-0").relay()
    await Outbox(parts.store, parts.wire, "ingest-0").relay()
    first, second = parts.wire.messages
    assert first == second
    assert await parts.count(OUTBOX) == 0


async def test_what_was_said_before_the_broker_fell_silent_is_not_said_again(parts: Parts) -> None:
    await enqueue(parts, *(received(a_subject()) for _ in range(3)))
    outbox = Outbox(parts.store, parts.wire, "ingest-0")
    publish = parts.wire.publish

    async def second_fails(message: Message) -> None:
        if len(parts.wire.messages) == 1:
            raise Unreachable("the broker does not answer")
        await publish(message)

    parts.wire.publish = second_fails  # type: ignore[method-assign] # one test's broker
    with pytest.raises(Unreachable):
        await outbox.relay()
    parts.wire.publish = publish  # type: ignore[method-assign] # the real one again
    await outbox.relay()
    assert len({message.event_id for message in parts.wire.messages}) == len(parts.wire.messages) == 3


async def test_the_relay_waits_for_the_broker_and_is_woken_by_new_events(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.05)
    outbox = Outbox(parts.store, parts.wire, "ingest-0")
    parts.wire.silent = 3
    relay = asyncio.ensure_future(outbox.run())
    try:
        await enqueue(parts, received(a_subject()))
        outbox.wake()
        await parts.wire.until(1)
        assert parts.wire.silent == 0
        monkeypatch.setattr(module, "POLL_SECONDS", 60)
        await asyncio.sleep(0.1)
        await enqueue(parts, received(a_subject()))
        outbox.wake()
        await parts.wire.until(2)
    finally:
        relay.cancel()
        with suppress(asyncio.CancelledError):
            await relay


async def test_an_event_that_cannot_be_said_undoes_the_unit_that_would_make_it_true(parts: Parts) -> None:
    too_large = annotated(received(a_subject()), reason="x" * 300_000)

    async def unit() -> None:
        async with parts.store.transaction() as work:
            await work.insert("things", {"_id": "a"})
            await Outbox.enqueue(work, too_large, envelope_of(too_large))

    with pytest.raises(EventTooLarge):
        await unit()
    assert await parts.count("things") == await parts.count(OUTBOX) == 0


async def test_a_consent_becomes_the_head_in_the_unit_that_stores_it(parts: Parts) -> None:
    event = consent(a_subject(), 1, CARE)
    await enqueue(parts, event)
    (newest,) = await parts.store.records(HEADS, {})
    assert bytes(newest["message"]["value"]) == event.to_bytes()
