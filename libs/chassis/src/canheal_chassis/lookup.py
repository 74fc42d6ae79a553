"""Look-up topics, read whole from the beginning by a consumer without a group.

An agent commits and shares partitions; a look-up must see every record in every process, so it is no agent.
"""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from canheal_process.telemetry import LOOKUP_UNREADABLE, log
from canheal_schemas import EVENTS, PARTITIONS, Envelope, Event
from pydantic import ValidationError

from canheal_chassis.message import as_headers

RECONNECT_SECONDS = 1.0
FETCH_WAIT_MS = 250
"""Bounds how late a withdrawn consent is in force; each wait that ends empty costs a request."""
ASK_SECONDS = 1.0
"""How often the broker is asked where the topics end: the proof that everything has been read."""
ANSWER_SECONDS = 2.0
"""Longest wait for that answer; meanwhile nothing is read."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A record of a look-up topic."""

    event: Event
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class _Ends:
    """Where the topics ended, at a moment of the monotonic clock just before that was asked."""

    offsets: dict[TopicPartition, int]
    asked_at: float

    async def read_by(self, consumer: AIOKafkaConsumer) -> bool:
        for partition, end in self.offsets.items():
            if await consumer.position(partition) < end:
                return False
        return True


def read_record(topic: str, value: bytes, headers: Sequence[tuple[str, bytes]]) -> Seen:
    """Decode a record by its topic.

    Raises:
        pydantic.ValidationError: the record is not what the contract says.
    """
    return Seen(EVENTS[topic].model_validate_json(value), Envelope.from_headers(headers))


class Lookup:
    """Feeds every record of some topics to `apply`, for ever, through broker outages."""

    def __init__(
        self,
        bootstrap: str,
        topics: Sequence[str],
        apply: Callable[[Event, Envelope], None],
        unreadable: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        """`unreadable` hears the key of each record that is not what the contract says."""
        self._bootstrap = bootstrap
        self._partitions = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        self._apply = apply
        self._unreadable = unreadable
        self._current_at = -math.inf
        self.caught_up = asyncio.Event()
        """Set when everything that was there at the start has been read."""

    def age_seconds(self) -> float:
        """How long ago everything that was there then had been read; infinite before the first time."""
        return time.monotonic() - self._current_at

    async def run(self) -> None:
        """Read for ever; a lost broker is waited for. What else ends it, leaves it not caught up."""
        try:
            while True:
                try:
                    await self._follow()
                except (KafkaError, OSError) as error:  # TimeoutError is an OSError
                    log("lookup-interrupted", error=type(error).__name__)
                await asyncio.sleep(RECONNECT_SECONDS)
        finally:
            self.caught_up.clear()

    async def _follow(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=10_000,
        )
        consumer.assign(self._partitions)
        try:
            await consumer.start()
            await consumer.seek_to_beginning(*self._partitions)
            ends = _Ends(await consumer.end_offsets(self._partitions), time.monotonic())
            while True:
                batches = await consumer.getmany(timeout_ms=FETCH_WAIT_MS)
                for record in chain.from_iterable(batches.values()):
                    self._take(record)
                ends = await self._compare(consumer, ends)
        finally:
            await consumer.stop()

    async def _compare(self, consumer: AIOKafkaConsumer, ends: "_Ends") -> "_Ends":
        """Note that all has been read up to the known ends; then ask for newer ones, now and then."""
        if not await ends.read_by(consumer):
            return ends
        self._current_at = max(self._current_at, ends.asked_at)
        self.caught_up.set()
        asked_at = time.monotonic()
        if asked_at - ends.asked_at < ASK_SECONDS:
            return ends
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return _Ends(await consumer.end_offsets(self._partitions), asked_at)
        except (KafkaError, TimeoutError) as error:
            log("lookup-interrupted", error=type(error).__name__)
            return ends

    def _take(self, record: "ConsumerRecord[bytes, bytes]") -> None:
        if record.value is None:
            return
        try:
            seen = read_record(record.topic, record.value, as_headers(record.headers))
        except ValidationError:
            LOOKUP_UNREADABLE.labels(record.topic).inc()
            self._unreadable(record.key or b"")
            log("lookup-unreadable", topic=record.topic, partition=record.partition, offset=record.offset)
            return
        self._apply(seen.event, seen.envelope)
