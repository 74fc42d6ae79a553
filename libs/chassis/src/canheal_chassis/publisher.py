"""Saying events: acks=all, awaited, in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from canheal_process.errors import Unreachable
from canheal_process.telemetry import log

from canheal_chassis.message import Message

REQUEST_SECONDS = 10


class Publisher:
    """One producer a process; a new one in place of one that has ended.

    aiokafka's sender ends for good at an error that it did not foresee, and every later send fails with that
    error: whoever tries again would try for ever.
    """

    def __init__(self, bootstrap: str, producer: AIOKafkaProducer) -> None:
        self._bootstrap = bootstrap
        self._producer = producer
        self._renewing = asyncio.Lock()

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()

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
        producer = await self._living()
        sending = producer.send_and_wait(topic, value=value, key=key, headers=headers)
        try:
            await asyncio.wait_for(sending, 2 * REQUEST_SECONDS)
        except (KafkaError, TimeoutError) as error:
            raise Unreachable(f"the broker did not confirm {topic}: {type(error).__name__}") from error

    async def _living(self) -> AIOKafkaProducer:
        async with self._renewing:
            if (error := _ended_by(self._producer)) is not None:
                log("producer-renewed", error=type(error).__name__)
                ended, self._producer = self._producer, await _started(self._bootstrap)
                with suppress(KafkaError):
                    await ended.stop()
        return self._producer


def _ended_by(producer: AIOKafkaProducer) -> BaseException | None:
    """What ended the producer's sender; None: it lives."""
    task: asyncio.Task[None] | None = getattr(getattr(producer, "_sender", None), "sender_task", None)
    return task.exception() if task is not None and task.done() and not task.cancelled() else None


@asynccontextmanager
async def open_publisher(bootstrap: str) -> AsyncIterator[Publisher]:
    """A started producer.

    Raises:
        Unreachable: the broker does not answer.
    """
    publisher = Publisher(bootstrap, await _started(bootstrap))
    try:
        yield publisher
    finally:
        await publisher.stop()


async def _started(bootstrap: str) -> AIOKafkaProducer:
    producer = _producer(bootstrap)
    try:
        await producer.start()
    except KafkaError as error:
        await producer.stop()
        raise Unreachable(f"the broker at {bootstrap} does not answer: {type(error).__name__}") from error
    return producer


def _producer(bootstrap: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        request_timeout_ms=REQUEST_SECONDS * 1000,
        max_request_size=2 * 1024 * 1024,
    )
