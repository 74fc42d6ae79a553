"""Publishing so that of a look-up topic the newest event of a key is the last one on the wire.

Two processes may publish about one key at once. Each stores, in the transaction that stores its outcome, its
event as the key's head; and whoever published reads the head again. If it moved meanwhile the head is said
once more, so whatever the order of the sends, the newest ends up last. Who comes again with an event that is
no longer the head may have sent it before it was killed: the head is said instead, once more.
"""

from collections.abc import Callable
from typing import Protocol

from canheal_process.store import Store, Unit
from canheal_process.telemetry import log

from canheal_chassis.message import Message

HEADS = "newest_said"
"""The collection; a name that no service's documents take."""


class Says(Protocol):
    """What can publish a message, and say that what was said of a key is gone."""

    async def publish(self, message: Message) -> None: ...

    async def forget(self, topic: str, key: bytes) -> None: ...


def _head_key(message: Message) -> str:
    return f"{message.topic}/{message.key.decode()}"


async def set_head(unit: Unit, message: Message) -> None:
    """Within the unit that stores it: this message is the newest of its key."""
    about = {"subject": message.subject, "sample": message.sample}
    await unit.put(HEADS, {"_id": _head_key(message), **about, "message": message.to_record()})


async def head(store: Store, message: Message) -> Message | None:
    """The newest message of this message's key."""
    record = await store.record(HEADS, _head_key(message))
    return Message.from_record(record["message"]) if record else None


async def heads(store: Store) -> list[Message]:
    """The newest message of every key that this service speaks of on a look-up topic."""
    return [Message.from_record(record["message"]) for record in await store.records(HEADS, {})]


def anything(_: Message) -> bool:
    """Nobody needs to be asked."""
    return True


async def say(
    store: Store, publisher: Says, message: Message, may: Callable[[Message], bool] = anything
) -> None:
    """Publish a message; of a look-up topic, leave the newest of its key as the last.

    `may` is asked of whatever goes out: the newest may be another event's.

    Raises:
        Unreachable: broker or database does not answer; say it again.
    """
    if not message.compacted:
        await publisher.publish(message)
        return
    newest = await head(store, message)
    if newest is not None and newest.event_id != message.event_id:
        log("superseded", event_id=str(message.event_id))
        message = newest
    while may(message):
        await publisher.publish(message)
        newest = await head(store, message)
        if newest is None or newest.event_id == message.event_id:
            return
        message = newest
