"""The outbox: an event is stored with the state that it tells of, and said by a relay afterwards."""

import asyncio
import time
from typing import Any

from canheal_schemas import Envelope, Event

from canheal_chassis.errors import Conflict, Unreachable
from canheal_chassis.message import Message
from canheal_chassis.outgoing import Says, say, set_head
from canheal_chassis.store import Store, Unit
from canheal_chassis.telemetry import log

OUTBOX = "outbox"
POLL_SECONDS = 1.0


class Outbox:
    """Events that wait to be said, and the relay that says them."""

    def __init__(self, store: Store, publisher: Says) -> None:
        self._store = store
        self._publisher = publisher
        self._waiting = asyncio.Event()

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
        """Say what waits, for ever, each subject's events in the order of its consent versions."""
        while True:
            try:
                said = await self.relay()
            except (Unreachable, Conflict) as error:
                log("relay-interrupted", error=error.slug)
                said = 0
            if not said:
                await self._pause()

    async def relay(self) -> int:
        """Say everything that waits now; how many events that were."""
        pending: list[dict[str, Any]] = await self._store.records(OUTBOX, {})
        pending.sort(key=lambda record: (record["subject"] or "", record["consent_version"], record["order"]))
        for record in pending:
            await say(self._store, self._publisher, Message.from_record(record["message"]))
            await self._store.delete(OUTBOX, [record["_id"]])
        return len(pending)

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
