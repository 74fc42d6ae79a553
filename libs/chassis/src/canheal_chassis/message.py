"""Records as they travel: what came in, and what goes out again byte for byte."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from bson import Binary
from canheal_process.errors import EventTooLarge, Undecodable
from canheal_schemas import MAX_EVENT_BYTES, Cleanup, Envelope, Event
from pydantic import ValidationError

type Headers = tuple[tuple[str, bytes], ...]

MAX_HEADERS_BYTES = 16 << 10
"""Names and values together: what an event leads to carries some of them on; a broker takes 1 MB a record."""
RETRY_OF = "retry_of"
"""Header of a dead letter that a person sent again: the dead letter's event id."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record in hand, and whether it is the first of its partition since this process was assigned it."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: Headers
    first: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """An event's bytes, ready to publish; stored so that every replay sends the same."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers
    compacted: bool
    subject: str | None = None
    """Whom the event is about, and which sample of theirs: by these an erasure finds it."""
    sample: str | None = None

    @classmethod
    def of(cls, event: Event, envelope: Envelope) -> Self:
        """The message that says `event`.

        Raises:
            EventTooLarge: the value is larger than an event may be.
        """
        value = event.to_bytes()
        if len(value) > MAX_EVENT_BYTES:
            raise EventTooLarge(
                f"{event.event_type} would have {len(value)} bytes; an event has at most {MAX_EVENT_BYTES}"
            )
        topic = event.destination
        sample: UUID | None = getattr(event, "sample", None)
        return cls(
            topic.name,
            event.key,
            value,
            tuple(envelope.to_headers()),
            topic.cleanup is Cleanup.COMPACT,
            getattr(event, "subject", None),
            str(sample) if sample else None,
        )

    @property
    def event_id(self) -> UUID:
        return Envelope.from_headers(self.headers).event_id

    def to_record(self) -> dict[str, Any]:
        """As the database keeps it."""
        return {
            "topic": self.topic,
            "key": Binary(self.key),
            "value": Binary(self.value),
            "headers": [[name, Binary(value)] for name, value in self.headers],
            "compacted": self.compacted,
            "subject": self.subject,
            "sample": self.sample,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        return cls(
            record["topic"],
            bytes(record["key"]),
            bytes(record["value"]),
            as_headers(record["headers"]),
            record["compacted"],
            record.get("subject"),
            record.get("sample"),
        )


def envelope_of(headers: Headers) -> Envelope:
    """What a record's headers say.

    Raises:
        Undecodable: they are not what the contract says, or so large that what follows could not be said.
    """
    size = sum(len(name) + len(value) for name, value in headers)
    if size > MAX_HEADERS_BYTES:
        raise Undecodable(f"headers: {size} bytes; a record has at most {MAX_HEADERS_BYTES}")
    try:
        return Envelope.from_headers(headers)
    except ValidationError as error:
        raise Undecodable(f"headers: {places(error)}") from error


def places(error: ValidationError) -> str:
    """Where and why, without the values: they may be personal."""
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or '(root)'}: {problem['type']}"
        for problem in error.errors(include_input=False, include_url=False, include_context=False)[:5]
    )


def as_headers(pairs: Iterable[tuple[str, bytes | None]]) -> Headers:
    """Kafka's header list as an immutable value; Kafka lets a header be null."""
    return tuple((str(name), bytes(value or b"")) for name, value in pairs)
