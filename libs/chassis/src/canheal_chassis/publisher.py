"""Saying events: acks=all, awaited, in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from canheal_process.errors import Unreachable

from canheal_chassis.message import Message

REQUEST_SECONDS = 10


class Publisher:
    """One producer a process."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def publish(self, message: Message) -> None:
        """Send and wait for the broker's confirmation.

        Raises:
            Unreachable: no confirmation; the record may or may not be there, sending it again is right.
        """
        await self._send(message.topic, message.key, message.value, list(message.headers))

    async def forget(self, topic: str, key: bytes) -> None:
        """Send a tombstone: compaction then removes whatever was said of the key.

        Raises:
            Unreachable: no confirmation; sending it again is right.
        """
        await self._send(topic, key, None, [])

    async def topics(self) -> dict[str, int]:
        """The broker's topics, and how many partitions each has.

        Raises:
            Unreachable: the broker does not answer, or has only just begun to.
        """
        try:
            known = await asyncio.wait_for(self._producer.client.fetch_all_metadata(), REQUEST_SECONDS)
        except (KafkaError, TimeoutError) as error:
            raise Unreachable(f"the broker does not say its topics: {type(error).__name__}") from error
        if not known.brokers():
            raise Unreachable("the broker has only just begun to answer: it knows of no broker yet")
        return {topic: len(known.partitions_for_topic(topic) or ()) for topic in known.topics()}

    async def _send(
        self, topic: str, key: bytes, value: bytes | None, headers: list[tuple[str, bytes]]
    ) -> None:
        sending = self._producer.send_and_wait(topic, value=value, key=key, headers=headers)
        try:
            await asyncio.wait_for(sending, 2 * REQUEST_SECONDS)
        except (KafkaError, TimeoutError) as error:
            raise Unreachable(f"the broker did not confirm {topic}: {type(error).__name__}") from error


@asynccontextmanager
async def open_publisher(bootstrap: str) -> AsyncIterator[Publisher]:
    """A started producer.

    Raises:
        Unreachable: the broker does not answer.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        request_timeout_ms=REQUEST_SECONDS * 1000,
        max_request_size=2 * 1024 * 1024,
    )
    try:
        await producer.start()
    except KafkaError as error:
        await producer.stop()
        raise Unreachable(f"the broker at {bootstrap} does not answer: {type(error).__name__}") from error
    try:
        yield Publisher(producer)
    finally:
        await producer.stop()
