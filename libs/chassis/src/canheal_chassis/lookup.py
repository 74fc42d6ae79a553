"""Look-up topics, read whole from the beginning by a consumer without a group.

An agent commits and shares partitions; a look-up must see every record in every process, so it is no agent.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from canheal_schemas import EVENTS, PARTITIONS, Envelope, Event
from pydantic import ValidationError

from canheal_chassis.message import as_headers
from canheal_chassis.telemetry import LOOKUP_UNREADABLE, log

RECONNECT_SECONDS = 1.0
FETCH_WAIT_MS = 100
"""Bounds how late a withdrawn consent is in force."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A record of a look-up topic."""

    event: Event
    envelope: Envelope


def read_record(topic: str, value: bytes, headers: Sequence[tuple[str, bytes]]) -> Seen:
    """Decode a record by its topic.

    Raises:
        pydantic.ValidationError: the record is not what the contract says.
    """
    return Seen(EVENTS[topic].model_validate_json(value), Envelope.from_headers(headers))


class Lookup:
    """Feeds every record of some topics to `apply`, for ever, through broker outages."""

    def __init__(
        self, bootstrap: str, topics: Sequence[str], apply: Callable[[Event, Envelope], None]
    ) -> None:
        self._bootstrap = bootstrap
        self._partitions = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
        self._apply = apply
        self.caught_up = asyncio.Event()
        """Set when everything that was there at the start has been read."""

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
            ends = await consumer.end_offsets(self._partitions)
            while True:
                batches = await consumer.getmany(timeout_ms=FETCH_WAIT_MS)
                for record in chain.from_iterable(batches.values()):
                    self._take(record)
                if not self.caught_up.is_set() and await self._has_read(consumer, ends):
                    self.caught_up.set()
        finally:
            await consumer.stop()

    @staticmethod
    async def _has_read(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
        for partition, end in ends.items():
            if await consumer.position(partition) < end:
                return False
        return True

    def _take(self, record: "ConsumerRecord[bytes, bytes]") -> None:
        if record.value is None:
            return
        try:
            seen = read_record(record.topic, record.value, as_headers(record.headers))
        except ValidationError:
            LOOKUP_UNREADABLE.labels(record.topic).inc()
            log("lookup-unreadable", topic=record.topic, partition=record.partition, offset=record.offset)
            return
        self._apply(seen.event, seen.envelope)
