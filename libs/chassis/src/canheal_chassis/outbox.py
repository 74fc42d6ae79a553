"""The outbox: an event is stored with the state that it tells of, and said by a relay afterwards.

Of several processes one relays at a time (`lease.py`); the others store what is to be said, and the database
wakes the relay. So a subject's events go out in the order of its consent versions. A relay that was frozen
while another took its lease does no harm when it thaws:

- Before each event it asks whether the lease is still its own, so only the one that it had begun comes late.
  That one was not forgotten yet when the successor took over, so the successor says it too: late, it is a
  replay, the same bytes under the same id.
- On a look-up topic a replay may end up behind a newer event of its key. Whoever has said one reads the head
  afterwards, and says that if it is another (`outgoing.py`); the late relay does so as well.
- Killed between these two, it does not. Therefore its successor, before it takes the lease, marks what waits
  as perhaps said late by that slot, and leaves the record there when it has said it. The slot's next process
  says the head of each such key once more, and forgets the record.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from canheal_process.errors import Conflict, Unreachable
from canheal_process.store import Store, Unit
from canheal_process.telemetry import log
from canheal_schemas import Envelope, Event

from canheal_chassis.lease import Lease
from canheal_chassis.message import Message
from canheal_chassis.outgoing import Says, say, set_head

OUTBOX = "outbox"
POLL_SECONDS = 1.0
RELAY = "relay"
"""The lease of which the relay is the holder."""


def always() -> bool:
    """Nobody else relays."""
    return True


class Outbox:
    """Events that wait to be said, and the relay that says them."""

    def __init__(self, store: Store, publisher: Says, slot: str) -> None:
        """`slot` is the process's static id: by it its successor there knows what this one may have left."""
        self._store = store
        self._publisher = publisher
        self._waiting = asyncio.Event()
        self._lease = Lease(store, RELAY, slot, self._mark_late)
        self._late = f"late.{slot}"
        self._saying = False

    @staticmethod
    async def enqueue(unit: Unit, event: Event, envelope: Envelope) -> None:
        """Within the unit that makes it true: this event is to be said.

        Raises:
            EventTooLarge: the event cannot be said.
        """
        message = Message.of(event, envelope)
        await _put(unit, message, getattr(event, "consent_version", 0))
        if message.compacted:
            await set_head(unit, message)

    async def say_again(self, message: Message) -> None:
        """A message that the stream has lost is to be said once more, byte for byte."""
        await _put(self._store.single, message, 0)

    def wake(self) -> None:
        """There is something new to say."""
        self._waiting.set()

    async def run(self) -> None:
        """Say what waits, for ever, as long as no other process does."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._lease.keep(self.wake))
                group.create_task(self._listen())
                group.create_task(self._relay_for_ever())
        finally:
            if not self._saying:  # else it may come late: the next relay must hear of it
                await self._give_back()

    async def _relay_for_ever(self) -> None:
        while True:
            try:
                relaying = self._lease.held
                said = await (self.relay(lambda: self._lease.held) if relaying else self.amend())
            except (Unreachable, Conflict) as error:
                log("relay-interrupted", error=error.slug)
                said = 0
            if not said:
                await self._pause()

    async def _listen(self) -> None:
        """Wake the relay when another process has stored something to be said."""
        while True:
            async for _ in self._store.additions(OUTBOX):
                self.wake()
            await asyncio.sleep(POLL_SECONDS)

    async def _give_back(self) -> None:
        with suppress(Unreachable, Conflict):
            await self._lease.release()

    async def _mark_late(self, slot: str) -> None:
        await self._store.change_all(OUTBOX, {"message.compacted": True}, {f"late.{slot}": True})

    async def amend(self) -> int:
        """Say the newest of each key of which this slot may have said an older event late."""
        return await self._say(await self._store.records(OUTBOX, {self._late: True}), always)

    async def relay(self, may: Callable[[], bool] = always) -> int:
        """Say everything that waits now, each subject's events in the order of its consent versions.

        `may` is asked before each. Returns how many were said.
        """
        pending = await self._store.records(OUTBOX, {"$or": [{"said": {"$ne": True}}, {self._late: True}]})
        pending.sort(key=lambda record: (record["subject"] or "", record["consent_version"], record["order"]))
        return await self._say(pending, may)

    async def _say(self, pending: list[dict[str, Any]], may: Callable[[], bool]) -> int:
        for number, record in enumerate(pending):
            if not may():
                return number
            self._saying = True
            await say(self._store, self._publisher, Message.from_record(record["message"]))
            self._saying = False
            await self._forget(record)
        return len(pending)

    async def _forget(self, record: dict[str, Any]) -> None:
        others = {slot: True for slot in record.get("late", {}) if slot != self._lease.holder}
        if others:
            await self._store.change(OUTBOX, record["_id"], {"said": True, "late": others})
        else:
            await self._store.delete(OUTBOX, [record["_id"]])

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._waiting.wait(), POLL_SECONDS)
        except TimeoutError:
            return
        self._waiting.clear()


async def _put(unit: Unit, message: Message, consent_version: int) -> None:
    await unit.put(
        OUTBOX,
        {
            "_id": str(message.event_id),
            "subject": message.subject,
            "sample": message.sample,
            "consent_version": consent_version,
            "order": time.time_ns(),
            "message": message.to_record(),
        },
    )
