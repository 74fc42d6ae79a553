"""Of a look-up topic the newest event of a key is the last on the wire, however publishers interleave."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from canheal_chassis.message import Message
from canheal_chassis.outgoing import HEADS, say, set_head
from canheal_process.errors import Unreachable
from canheal_process.store import Store, Unit
from canheal_schemas import ReportIssued
from chassis_parts import Parts, Wire, a_subject, annotated, envelope_of, issued, received
from hypothesis import given, settings
from hypothesis import strategies as st

SAMPLE = received(a_subject())
WORDS = [Message.of(issued(SAMPLE), envelope_of(issued(SAMPLE), number)) for number in range(4)]
"""Four events about one sample, as a report's versions are."""


@dataclass
class Steps:
    """Lets coroutines go on one step at a time, in an order that a test draws."""

    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    async def step(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        await turn


class SteppedStore:
    """The two questions that `say` and `set_head` ask, each a step."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.heads: dict[str, Any] = {}

    async def put(self, collection: str, record: dict[str, Any]) -> None:
        assert collection == HEADS
        await self._steps.step()
        self.heads[record["_id"]] = record

    async def record(self, _: str, key: str) -> dict[str, Any] | None:
        await self._steps.step()
        return self.heads.get(key)


class SteppedWire(Wire):
    """A record is on the wire one step after it was sent and confirmed one step later; or its sender dies."""

    def __init__(self, steps: Steps, dies_at: set[int]) -> None:
        super().__init__()
        self._steps = steps
        self._dies_at = dies_at
        self._sent = 0

    async def publish(self, message: Message) -> None:
        number, self._sent = self._sent, self._sent + 1
        await self._steps.step()
        self.messages.append(message)
        await self._steps.step()
        if number in self._dies_at:
            raise Unreachable("the record is on the wire, its confirmation was lost")


async def publisher(store: SteppedStore, wire: SteppedWire, message: Message) -> None:
    """Stores its event as the newest, and says it; comes again after a loss, as an event does."""
    await set_head(cast("Unit", store), message)
    while True:
        try:
            await say(cast("Store", store), wire, message)
        except Unreachable:
            continue
        return


@settings(max_examples=150, deadline=None)
@given(data=st.data(), dies_at=st.sets(st.integers(0, 5), max_size=2), rivals=st.integers(2, 4))
async def test_in_every_interleaving_the_head_is_last_on_the_wire(
    data: st.DataObject, dies_at: set[int], rivals: int
) -> None:
    steps = Steps()
    store, wire = SteppedStore(steps), SteppedWire(steps, dies_at)
    tasks = [asyncio.ensure_future(publisher(store, wire, word)) for word in WORDS[:rivals]]
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0)
        if steps.waiting:
            turn = data.draw(st.integers(0, len(steps.waiting) - 1))
            steps.waiting.pop(turn).set_result(None)
    await asyncio.gather(*tasks)
    (head,) = store.heads.values()
    assert wire.messages[-1] == Message.from_record(head["message"])


@pytest.mark.stack
async def test_killed_between_its_send_and_its_second_look_the_replay_says_the_head(parts: Parts) -> None:
    old, new = WORDS[:2]
    await set_head(parts.store.single, old)
    await set_head(parts.store.single, new)
    await say(parts.store, parts.wire, new)
    parts.wire.messages.append(old)  # sent by who looked before `new` was stored, and was then killed
    await say(parts.store, parts.wire, old)  # its event comes again
    assert parts.wire.messages[-1] == new


@pytest.mark.stack
async def test_a_head_is_said_once_and_read_back_byte_for_byte(parts: Parts) -> None:
    await set_head(parts.store.single, WORDS[0])
    await say(parts.store, parts.wire, WORDS[0])
    assert parts.wire.messages == [WORDS[0]]


@pytest.mark.stack
async def test_another_key_has_another_head(parts: Parts) -> None:
    other = issued(received(a_subject()))
    message = Message.of(other, envelope_of(other))
    await set_head(parts.store.single, WORDS[0])
    await set_head(parts.store.single, message)
    await say(parts.store, parts.wire, WORDS[0])
    assert len(parts.wire.said(ReportIssued)) == 1
    assert parts.wire.messages == [WORDS[0]]


@pytest.mark.stack
async def test_an_event_that_is_no_look_up_needs_no_head(parts: Parts) -> None:
    event = annotated(received(a_subject()))
    message = Message.of(event, envelope_of(event))
    await say(parts.store, parts.wire, message)
    assert parts.wire.messages == [message]
    assert await parts.count(HEADS) == 0
