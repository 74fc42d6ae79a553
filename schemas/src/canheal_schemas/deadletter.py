"""What could not be handled: nothing is dropped, a person decides."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from canheal_schemas.blob import BlobRef
from canheal_schemas.event import Event, SubjectId
from canheal_schemas.topic import Topic


class DeadLettered(Event):
    """A service gave up on an event. The body lies encrypted in the blob store.

    A second event, with `drops`, says that a person gave the first one up for good: nothing will come of it.
    """

    service: Annotated[str, Field(examples=["annotate"])]
    """The service that gave up."""
    input_type: Annotated[str, Field(examples=["canheal.sample.received.v1"])]
    """Type of the event that could not be handled."""
    input_event_id: UUID | None = None
    """Its id; absent where its headers could not be read."""
    root_id: UUID
    """What that event was about."""
    attempt: Annotated[int, Field(ge=1)]
    """Counts how often the service gave up on it."""
    topic_name: Annotated[str, Field(examples=["canheal.sample.received.v1"])]
    """The topic on which the event was read; `topic_name`, `partition` and `offset` find it again."""
    partition: Annotated[int, Field(ge=0)]
    """Its partition there."""
    offset: Annotated[int, Field(ge=0)]
    """Its offset in the partition."""
    error: Annotated[str, Field(examples=["crashed-worker"])]
    """The error's slug; docs/errors.md says what to do."""
    message: str
    """The error in words, without personal data."""
    sample: UUID | None = None
    """The sample that the event was about; absent where it could not be read."""
    revision: int | None = None
    """That sample's revision."""
    subject: SubjectId | None = None
    """The person: HMAC-SHA256 of site and pseudonym; absent where it could not be read."""
    site: str | None = None
    """The hospital's site code."""
    body: BlobRef
    """The event's value as it came."""
    drops: UUID | None = None
    """Event id of the dead letter that a person gave up for good; absent in the dead letter itself."""
    why: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """Why the person gave it up, without personal data."""

    @property
    def destination(self) -> Topic:
        return deadletter_topic(self.service)

    @property
    def key(self) -> bytes:
        """The sample; where none could be read the subject, else the root."""
        return str(self.sample or self.subject or self.root_id).encode()


def deadletter_topic(service: str) -> Topic:
    """Where a service puts what it could not handle."""
    return Topic(
        name=f"canheal.{service}.deadletter.v1",
        key="sample",
        meaning=f"what {service} could not handle: error and origin; body encrypted under the subject's key",
    )


def retry_topic(service: str) -> Topic:
    """Where dead letters come back to a service, with the type and root of the original."""
    return Topic(
        name=f"canheal.{service}.retry.v1",
        key="sample",
        meaning=f"dead letters of {service} that a person sent again, mended or not",
    )
