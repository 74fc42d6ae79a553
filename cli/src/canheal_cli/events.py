"""The stream as a person's command reads it: without a group, from now or from the beginning."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import singledispatch
from typing import Any, Self

from canheal_chassis.message import as_headers
from canheal_process.errors import Unreachable
from canheal_schemas import (
    EVENTS,
    TOPICS,
    ConsentChanged,
    DeadLettered,
    Envelope,
    Event,
    ReportIssued,
    RiskScored,
    SampleReceived,
    VariantsAnnotated,
)
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from pydantic import ValidationError

from canheal_cli.ports import answers

ALL_TOPICS = tuple(topic.name for topic in TOPICS)


@dataclass(frozen=True)
class Seen:
    """One record of the stream, read by the contract."""

    envelope: Envelope
    event: Event
    topic: str
    recorded_at: datetime
    """The record's own time (UTC)."""

    def as_json(self) -> str:
        """Envelope and body on one line."""
        return json.dumps(
            {
                "topic": self.topic,
                "envelope": self.envelope.model_dump(mode="json"),
                "event": self.event.model_dump(mode="json"),
            }
        )


class Feed:
    """Every event from the moment of opening on; a context manager.

    What this version of the contract cannot read is counted in `unread`, not shown.
    """

    def __init__(self, bootstrap: str, topics: Iterable[str] = ALL_TOPICS) -> None:
        if not any(
            answers(address) for address in bootstrap.split(",")
        ):  # kafka-python would leave sockets open
            raise Unreachable(f"No Kafka broker answers at {bootstrap}. Is the platform up (`canheal up`)?")
        self.unread = 0
        self._consumer: Any = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
        self._partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in self._consumer.partitions_for_topic(topic) or ()
        ]
        self._consumer.assign(self._partitions)
        self._ends: dict[Any, int] = self._consumer.end_offsets(self._partitions)
        for partition, offset in self._ends.items():
            self._consumer.seek(partition, offset)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def rewind(self) -> None:
        """Give everything again that the broker still holds."""
        self._consumer.seek_to_beginning(*self._partitions)

    def poll(self, timeout_seconds: float) -> list[Seen]:
        """What came since the last time, oldest first; waits at most so long for the first."""
        return [seen for seen in map(self._read, self._records(timeout_seconds)) if seen]

    def everything(self) -> Iterator[Seen]:
        """What the broker held when the feed was opened, from the beginning."""
        return (seen for seen in map(self._read, self._held()) if seen)

    def header_values(self, name: str) -> set[str]:
        """What this header says in the records that the broker held, readable by the contract or not."""
        headers = (header for record in self._held() for header in as_headers(record.headers))
        return {value.decode("utf-8", "replace") for key, value in headers if key == name}

    def _held(self) -> Iterator[Any]:
        self.rewind()
        while any(self._consumer.position(part) < end for part, end in self._ends.items()):
            yield from self._records(0.5)

    def _records(self, timeout_seconds: float) -> list[Any]:
        try:
            batches = self._consumer.poll(timeout_ms=int(timeout_seconds * 1000))
        except KafkaError as error:
            raise Unreachable(f"The stream cannot be read: {error}") from error
        return sorted((record for batch in batches.values() for record in batch), key=lambda r: r.timestamp)

    def _read(self, record: Any) -> Seen | None:
        try:
            envelope = Envelope.from_headers(as_headers(record.headers))
            event = EVENTS[envelope.event_type].model_validate_json(record.value)
        except (KeyError, ValidationError):
            self.unread += 1
            return None
        return Seen(envelope, event, record.topic, datetime.fromtimestamp(record.timestamp / 1000, UTC))


@singledispatch
def describe(event: Event) -> str:
    """An event in a few words, without a finding or a name of a person."""
    return event.event_type


@describe.register
def _(event: SampleReceived) -> str:
    context = event.context
    return f"{context.kind} {context.assay.type}, {context.build} ({context.build_basis})"


@describe.register
def _(event: VariantsAnnotated) -> str:
    if event.reason:
        return f"{event.status}: {event.reason}"
    alleles = f" of {event.counts.alleles} alleles" if event.counts else ""
    return f"{event.findings_total} findings{alleles}"


@describe.register
def _(event: RiskScored) -> str:
    number = len(event.scores)
    return f"{event.status}: {event.reason or f'{number} score{"" if number == 1 else "s"}'}"


@describe.register
def _(event: ReportIssued) -> str:
    counts = event.counts
    tiers = f"tier I {counts.tier_i}, II {counts.tier_ii}, III {counts.tier_iii}, IV {counts.tier_iv}"
    held = f", held: {', '.join(event.held)}" if event.held else ""
    return f"{event.status}: {tiers}, germline hints {counts.germline_hints}, scores {counts.scores}{held}"


@describe.register
def _(event: ConsentChanged) -> str:
    allowed = ", ".join(event.consent.permitted) or "nothing"
    return f"version {event.consent_version} ({event.consent.state}): {allowed}"


@describe.register
def _(event: DeadLettered) -> str:
    return f"{event.service} gave up ({event.error}, attempt {event.attempt}): {event.message}"
