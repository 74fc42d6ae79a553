"""Several relays on one outbox: one speaks at a time, and what a killed or frozen one leaves does no harm."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from unittest.mock import patch

import pytest
from canheal_chassis import lease as lease_module
from canheal_chassis import outbox as outbox_module
from canheal_chassis.lease import Lease
from canheal_chassis.message import Message
from canheal_chassis.outbox import OUTBOX, Outbox
from canheal_schemas import ConsentChanged, Event, Purpose, SampleReceived
from chassis_parts import Parts, Wire, a_subject, consent, envelope_of, received

pytestmark = pytest.mark.stack
CARE = Purpose.OWN_CARE


class Broker(Wire):
    """The topics that several processes write to; a message of `slow` waits on its way."""

    def __init__(self) -> None:
        super().__init__()
        self.by: list[str] = []
        self.arrives = asyncio.Event()
        self.on_its_way = asyncio.Event()

    def of(self, slot: str, *, slow: bool = False) -> "Sender":
        return Sender(self, slot, slow)


class Sender(Wire):
    """One process's producer."""

    def __init__(self, broker: Broker, slot: str, slow: bool) -> None:
        super().__init__()
        self._broker, self._slot, self._slow = broker, slot, slow

    async def publish(self, message: Message) -> None:
        if self._slow:
            self._broker.on_its_way.set()
            await self._broker.arrives.wait()
        self._broker.by.append(self._slot)
        await self._broker.publish(message)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    monkeypatch.setattr(lease_module, "LEASE_SECONDS", 0.6)
    monkeypatch.setattr(lease_module, "BEAT_SECONDS", 0.1)
    monkeypatch.setattr(outbox_module, "POLL_SECONDS", 0.1)
    return Broker()


async def enqueue(parts: Parts, *events: Event) -> None:
    for event in events:
        async with parts.store.transaction() as unit:
            await Outbox.enqueue(unit, event, envelope_of(event))


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.ensure_future(outbox.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def killed(task: "asyncio.Task[None]", outbox: Outbox) -> None:
    """As by SIGKILL: nothing is given back."""

    async def nothing() -> None:
        """A killed process writes nothing."""

    with patch.object(outbox, "_give_back", nothing):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def versions(broker: Broker) -> list[int]:
    return [event.consent_version for event in broker.said(ConsentChanged)]


async def left(parts: Parts, count: int, seconds: float = 10) -> None:
    """Wait until so many records are left in the outbox."""
    deadline = asyncio.get_running_loop().time() + seconds
    while (found := await parts.count(OUTBOX)) != count:
        assert asyncio.get_running_loop().time() < deadline, f"{found} records are left, not {count}"
        await asyncio.sleep(0.02)


async def test_whoever_stores_it_one_relay_says_it_once_and_at_once(parts: Parts, broker: Broker) -> None:
    one = Outbox(parts.store, broker.of("ingest-0"), "ingest-0")
    other = Outbox(parts.store, broker.of("ingest-1"), "ingest-1")
    with patch.object(outbox_module, "POLL_SECONDS", 60):  # only the database can wake the relay
        async with running(one), running(other):
            await enqueue(parts, received(a_subject()))
            await broker.until(1)
            for number in range(2, 6):
                await enqueue(parts, received(a_subject()))
                await broker.until(number, 10)
            await left(parts, 0)
    assert len(broker.by) == 5
    assert len(set(broker.by)) == 1
    assert len({message.event_id for message in broker.messages}) == 5


async def test_a_killed_relay_is_succeeded_and_each_persons_consents_keep_their_order(
    parts: Parts, broker: Broker
) -> None:
    subject = a_subject()
    one = Outbox(parts.store, broker.of("ingest-0"), "ingest-0")
    other = Outbox(parts.store, broker.of("ingest-1"), "ingest-1")
    async with running(one) as task:
        await enqueue(parts, consent(subject, 1, CARE))
        await broker.until(1)
        async with running(other):
            await asyncio.sleep(0.2)
            await killed(task, one)
            await enqueue(parts, consent(subject, 2), consent(subject, 3, CARE), received(subject))
            await broker.until(4, 10)
            assert broker.by == ["ingest-0", *["ingest-1"] * 3]
            async with running(Outbox(parts.store, broker.of("ingest-0"), "ingest-0")):
                await left(parts, 0)
    assert versions(broker)[-1] == 3
    assert sorted(versions(broker)) == versions(broker)
    assert len(broker.said(SampleReceived)) == 1


async def test_a_relay_that_ends_well_gives_back_what_it_holds(parts: Parts, broker: Broker) -> None:
    one = Outbox(parts.store, broker.of("ingest-0"), "ingest-0")
    with patch.object(lease_module, "LEASE_SECONDS", 60):
        async with running(one):
            await enqueue(parts, received(a_subject()))
            await broker.until(1)
            await left(parts, 0)
        async with running(Outbox(parts.store, broker.of("ingest-1"), "ingest-1")):
            await enqueue(parts, received(a_subject()))
            await broker.until(2)


@asynccontextmanager
async def frozen_in_the_middle(
    parts: Parts, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator["asyncio.Task[None]"]:
    """ingest-0 has sent a first consent and hears nothing more; ingest-1 has said it and its withdrawal."""
    frozen: set[str] = set()

    async def keep(lease: Lease, when_taken: Callable[[], None]) -> None:
        while lease.holder not in frozen:
            if await lease.beat():
                when_taken()
            await asyncio.sleep(0.1)
        await asyncio.Event().wait()

    monkeypatch.setattr(Lease, "keep", keep)
    subject = a_subject()
    await enqueue(parts, consent(subject, 1, CARE))
    async with running(Outbox(parts.store, broker.of("ingest-0", slow=True), "ingest-0")) as task:
        await broker.on_its_way.wait()
        frozen.add("ingest-0")
        async with running(Outbox(parts.store, broker.of("ingest-1"), "ingest-1")):
            await broker.until(1)
            await enqueue(parts, consent(subject, 2))
            await broker.until(2)
            frozen.clear()
            yield task


async def test_a_relay_that_thaws_behind_its_successor_says_the_newest_last(
    parts: Parts, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with frozen_in_the_middle(parts, broker, monkeypatch):
        assert versions(broker) == [1, 2]
        broker.arrives.set()
        await broker.until(4)
        await left(parts, 0)
    assert versions(broker)[:4] == [1, 2, 1, 2]
    assert versions(broker)[-1] == 2


async def test_killed_as_it_thaws_its_slots_next_process_says_the_newest_last(
    parts: Parts, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with frozen_in_the_middle(parts, broker, monkeypatch) as task:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await broker.publish(broker.messages[0])  # what was on its way arrives after its sender's death
        assert versions(broker) == [1, 2, 1]
        await left(parts, 1)  # it may have come late: only the slot's next process knows that nothing will
        async with running(Outbox(parts.store, broker.of("ingest-0"), "ingest-0")):
            await left(parts, 0)
    assert versions(broker)[-1] == 2
