"""What every event has: a frozen body, and an envelope that travels as Kafka headers."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from canheal_schemas.topic import Topic

MAX_EVENT_BYTES = 256 * 1024
"""Limit of an event's value; larger data goes by claim check (`BlobRef`)."""

SubjectId = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{64}$",
        description="The person: HMAC-SHA256 of site and pseudonym under the platform's key.",
        examples=["9f2c" * 16],
    ),
]
ConsentVersion = Annotated[
    int, Field(ge=1, description="Version of the subject's consent that was in force when this was said.")
]


class Model(BaseModel):
    """A frozen value. Unknown fields are ignored, so that a newer writer does not stop an older reader."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Event(Model):
    """A fact in the past tense. The class names its topic; the value on the wire is the model's JSON."""

    topic: ClassVar[Topic]

    @property
    def destination(self) -> Topic:
        """The topic that this event goes to."""
        return type(self).topic

    @property
    def event_type(self) -> str:
        """The type is the topic's name: the topic's suffix is the only version."""
        return self.destination.name

    @property
    def key(self) -> bytes:
        """The event's field that the topic names as key."""
        return str(getattr(self, self.destination.key)).encode()

    def to_bytes(self) -> bytes:
        """The record's value. The same event always gives the same bytes."""
        return self.model_dump_json().encode()


class Envelope(Model):
    """What the Kafka headers of a record say."""

    event_id: UUID
    """Derived id; the same id always carries the same bytes. Subscribers drop an id that they have seen."""
    root_id: UUID
    """What the event is about: a sample's revision, a subject's consent version, a dead letter."""
    event_type: Annotated[str, Field(examples=["canheal.sample.received.v1"])]
    """The topic on which an event of this type is first said; the same on a retry topic."""
    correlation_id: UUID
    """The same for everything that follows from one request."""
    causation_id: UUID | None = None
    """The event that led to this one."""
    occurred_at: AwareDatetime
    """When the fact was recorded (UTC)."""
    site: Annotated[str, Field(examples=["BE-UZG"])]
    """The hospital's site code."""
    traceparent: (
        Annotated[str, Field(examples=["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"])] | None
    ) = None
    """W3C trace context."""

    def to_headers(self) -> list[tuple[str, bytes]]:
        """The envelope as Kafka headers; absent values are left out."""
        values = self.model_dump(mode="json", exclude_none=True)
        return [(name, str(value).encode()) for name, value in values.items()]

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes | None]]) -> Self:
        """Read the headers of a record; Kafka allows a header without a value.

        Raises:
            pydantic.ValidationError: a header of the contract is missing or malformed.
        """
        return cls.model_validate(
            {name: (value or b"").decode("utf-8", "replace") for name, value in headers}
        )
