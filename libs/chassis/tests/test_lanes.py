"""What is too heavy for the common lane is passed on as it came, and there it is the same event."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from canheal_chassis.ledger import LEDGER
from canheal_chassis.message import RETRY_OF, Record
from canheal_chassis.outcome import Handler
from canheal_chassis.service import Service
from canheal_chassis.stream import Hands
from canheal_schemas import Lane, Purpose, SampleReceived, VariantsAnnotated, heavy_topic
from chassis_parts import (
    Parts,
    a_subject,
    annotated,
    entry_of,
    handed,
    nothing,
    permitted,
    received,
    record_of,
    says,
)

pytestmark = pytest.mark.stack


def hands_of(parts: Parts, lane: Lane, handle: Any = says) -> Hands:
    """A service to which every second revision is too heavy."""
    handler = Handler(
        handle,
        Purpose.OWN_CARE,
        lambda event, _: annotated(event),
        heavy=lambda event: event.revision % 2 == 0,
    )
    return replace(parts.hands(handle), handlers={SampleReceived: handler}, lane=lane)


async def never(*_: Any) -> Any:
    pytest.fail("the common lane handled what is too heavy for it")


async def test_what_is_too_heavy_is_passed_on_as_it_came_and_nothing_is_stored(parts: Parts) -> None:
    event = received(a_subject(), revision=2)
    retried = record_of(event)
    retried = replace(retried, headers=(*retried.headers, (RETRY_OF, b"a dead letter")))
    assert await handed(retried, hands_of(parts, Lane.COMMON, never)) == 1

    (message,) = parts.wire.messages
    assert message.topic == heavy_topic(parts.name).name
    assert (message.key, message.value, message.headers) == (retried.key, retried.value, retried.headers)
    assert await parts.count(LEDGER) == 0


async def test_in_the_heavy_lane_it_is_handled_with_the_ids_that_the_common_lane_would_have_given(
    parts: Parts,
) -> None:
    event = received(a_subject(), revision=2)
    permitted(parts, event)
    await handed(record_of(event), hands_of(parts, Lane.COMMON))
    passed_on = parts.wire.messages.pop()
    arrived = Record(passed_on.topic, 1, 0, passed_on.key, passed_on.value, passed_on.headers, first=True)
    await handed(arrived, hands_of(parts, Lane.HEAVY))
    (by_the_heavy_lane,) = parts.wire.messages
    parts.wire.messages.clear()

    always_common = parts.hands(says)
    await handed(record_of(event), always_common)
    assert parts.wire.messages == [by_the_heavy_lane], "the other road made another outcome"


async def test_passed_on_twice_it_has_one_outcome(parts: Parts) -> None:
    event = received(a_subject(), revision=2)
    permitted(parts, event)
    for _ in range(2):
        await handed(record_of(event), hands_of(parts, Lane.COMMON))
        await handed(record_of(event), hands_of(parts, Lane.HEAVY))
    said = parts.wire.on(VariantsAnnotated.topic.name)
    assert len(said) == 2
    assert said[0] == said[1]
    assert await entry_of(parts, event) is not None


async def test_what_is_light_stays_in_the_common_lane(parts: Parts) -> None:
    event = received(a_subject(), revision=1)
    permitted(parts, event)
    await handed(record_of(event), hands_of(parts, Lane.COMMON))
    assert [message.topic for message in parts.wire.messages] == [VariantsAnnotated.topic.name]


def test_each_lane_has_a_group_and_topics_of_its_own() -> None:
    service = Service("annotate", {SampleReceived: Handler(nothing, Purpose.OWN_CARE, lambda *_: None)})
    common, heavy = (set(service.topics(lane)) for lane in Lane)
    assert heavy == {heavy_topic("annotate").name}
    assert not common & heavy
    assert [service.group(lane) for lane in Lane] == ["canheal-annotate", "canheal-annotate-heavy"]


def test_a_heavy_worker_gives_way_to_the_others(bench: Any, tmp_path: Path) -> None:
    worker = bench.start("slow.py", "0", str(tmp_path), instance="annotate-heavy-0", lane="heavy")
    bench.wait_for(lambda: os.getpriority(os.PRIO_PROCESS, worker.pid) == 10)
