"""A look-up topic is read whole by every process, through an outage, past what is unreadable, at once."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from canheal_chassis.consent import ConsentProjection
from canheal_chassis.lookup import ASK_SECONDS, FETCH_WAIT_MS, Lookup
from canheal_chassis.message import Message
from canheal_chassis.publisher import Publisher, open_publisher
from canheal_chassis.resources import running
from canheal_cli.embedded.kafka import EmbeddedKafka
from canheal_cli.topics import apply_topics
from canheal_process.errors import Unreachable
from canheal_schemas import ConsentChanged, Purpose
from chassis_parts import a_subject, consent, envelope_of
from prometheus_client import REGISTRY

pytestmark = pytest.mark.stack
TOPIC = ConsentChanged.topic.name
CARE = Purpose.OWN_CARE


@pytest.fixture(scope="module")
def broker(kafka: EmbeddedKafka) -> EmbeddedKafka:
    apply_topics(kafka.bootstrap)
    return kafka


@pytest.fixture
async def publisher(broker: EmbeddedKafka) -> AsyncIterator[Publisher]:
    async with open_publisher(broker.bootstrap) as publisher:
        yield publisher


@asynccontextmanager
async def following(broker: EmbeddedKafka) -> AsyncIterator[tuple[Lookup, ConsentProjection]]:
    projection = ConsentProjection()
    lookup = Lookup(broker.bootstrap, [TOPIC], projection.apply, projection.doubt)
    async with running(lookup.run()):
        yield lookup, projection


async def say(publisher: Publisher, *events: ConsentChanged) -> None:
    for event in events:
        await publisher.publish(Message.of(event, envelope_of(event)))


def unreadable() -> float:
    return REGISTRY.get_sample_value("canheal_lookup_unreadable_total", {"topic": TOPIC}) or 0.0


async def test_it_has_caught_up_once_everything_from_the_beginning_is_applied(
    broker: EmbeddedKafka, publisher: Publisher
) -> None:
    subjects = [a_subject() for _ in range(30)]
    await say(publisher, *(consent(subject, version, CARE) for subject in subjects for version in (1, 2)))
    async with following(broker) as (lookup, projection):
        assert not lookup.caught_up.is_set()
        await asyncio.wait_for(lookup.caught_up.wait(), 10)
        newest = [projection.current(subject) for subject in subjects]
        assert [known.consent_version for known in newest if known] == [2] * 30


async def test_a_consent_is_in_force_within_two_seconds_of_its_confirmation(
    broker: EmbeddedKafka, publisher: Publisher
) -> None:
    async with following(broker) as (lookup, projection):
        await asyncio.wait_for(lookup.caught_up.wait(), 10)
        subject, took = a_subject(), []
        for version in range(1, 11):
            await say(publisher, consent(subject, version, CARE))
            began = time.monotonic()
            await asyncio.wait_for(projection.at_least(subject, version), 2)
            took.append(time.monotonic() - began)
        assert max(took) <= 2


async def test_an_unreadable_record_is_counted_and_does_not_stop_it(
    broker: EmbeddedKafka, publisher: Publisher
) -> None:
    subject = a_subject()
    good = consent(subject, 1, CARE)
    headers = tuple(envelope_of(good).to_headers())
    no_word: Any = None  # Kafka lets a header be null
    for value, spoilt in (
        (b"not json", headers),
        (b"[" * 10_000, headers),
        (good.to_bytes(), ()),
        (good.to_bytes(), (("event_id", no_word), *headers[1:])),
        (good.to_bytes(), (("event_id", b"\xff"), *headers[1:])),
        (b'{"subject": "x"}', headers),
    ):
        await publisher.publish(Message(TOPIC, subject.encode(), value, spoilt, compacted=True))
    other = a_subject()
    await say(publisher, consent(other, 1, CARE))
    await publisher.publish(Message(TOPIC, other.encode(), b"not json", headers, compacted=True))
    before = unreadable()
    tombstone: Any = None
    await publisher.publish(Message(TOPIC, subject.encode(), tombstone, headers, compacted=True))
    await say(publisher, good)
    async with following(broker) as (lookup, projection):
        await asyncio.wait_for(lookup.caught_up.wait(), 10)
        assert projection.permits(subject, CARE)
        assert not projection.permits(other, CARE), "its newest consent cannot be read"
        assert unreadable() - before >= 6


async def test_what_nobody_foresaw_leaves_it_not_caught_up(
    broker: EmbeddedKafka, publisher: Publisher
) -> None:
    await say(publisher, consent(a_subject()))
    broken = False

    def breaks(*_: object) -> None:
        if broken:
            raise RuntimeError("nobody foresaw it")

    lookup = Lookup(broker.bootstrap, [TOPIC], breaks)
    async with running(lookup.run()) as tasks:
        await asyncio.wait_for(lookup.caught_up.wait(), 10)
        broken = True
        await say(publisher, consent(a_subject()))
        await asyncio.wait(tasks, timeout=5)
        assert not lookup.caught_up.is_set()


async def test_it_follows_again_after_the_broker_was_killed_and_so_does_the_publisher(
    broker: EmbeddedKafka, publisher: Publisher
) -> None:
    old, new = a_subject(), a_subject()
    await say(publisher, consent(old, 1, CARE))
    async with following(broker) as (lookup, projection):
        await asyncio.wait_for(lookup.caught_up.wait(), 10)
        await asyncio.to_thread(broker.kill)
        try:
            assert projection.permits(old, CARE), "what is known stays known"
            before = lookup.age_seconds()
            await asyncio.sleep(1)
            assert lookup.age_seconds() >= before + 0.9, "nothing proves that it is still in force"
            saying = asyncio.ensure_future(say_for_ever(publisher, consent(new, 1, CARE)))
            await asyncio.sleep(0.3)
        finally:
            await asyncio.to_thread(broker.start)
            await asyncio.to_thread(broker.wait_ready)
        await asyncio.wait_for(saying, 15)
        await asyncio.wait_for(projection.at_least(new, 1), 15)
        assert projection.permits(new, CARE)
        assert projection.permits(old, CARE)
        await asyncio.sleep(ASK_SECONDS + FETCH_WAIT_MS / 1000)
        assert lookup.age_seconds() < 2 * ASK_SECONDS


async def say_for_ever(publisher: Publisher, event: ConsentChanged) -> None:
    while True:
        try:
            await say(publisher, event)
        except Unreachable:
            await asyncio.sleep(0.1)
            continue
        return


async def test_a_broker_that_is_not_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1"):
        async with open_publisher("127.0.0.1:1"):
            pytest.fail("there is no broker")
