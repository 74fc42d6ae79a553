"""A dead letter as a person reads it, and the words that follow a decision on it."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from canheal_process.errors import dead_letter_error
from canheal_schemas import DeadLettered, Envelope
from canheal_schemas.event import Model
from canheal_schemas.identifiers import dropped_root, event_id
from pydantic import AwareDatetime

from canheal_chassis.message import Message


class LetterState(StrEnum):
    """What a person decided."""

    OPEN = "open"
    RETRIED = "retried"
    MENDED = "mended"
    DROPPED = "dropped"


class Letter(Model):
    """A dead letter as a person reads it; of its body only the size."""

    id: UUID
    state: LetterState
    service: str
    error: str
    message: str
    means: str
    remedy: str
    input_type: str
    sample: UUID | None
    revision: int | None
    attempt: int
    topic: str
    partition: int
    offset: int
    root_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    body_bytes: int
    kept_at: AwareDatetime
    decided_at: AwareDatetime | None = None
    by: str | None = None
    why: str | None = None

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        event, envelope = said(record)
        error = dead_letter_error(event.error)
        return cls(
            id=envelope.event_id,
            state=record["state"],
            means=(error.__doc__ or "").strip(),
            remedy=error.remedy,
            topic=event.topic_name,
            correlation_id=envelope.correlation_id,
            causation_id=envelope.causation_id,
            body_bytes=event.body.size,
            **event.model_dump(
                include={"service", "error", "message", "input_type", "sample", "revision", "attempt"}
                | {"partition", "offset", "root_id"}
            ),
            **{name: record[name] for name in ("kept_at", "decided_at", "by", "why") if name in record},
        )


def said(record: Mapping[str, Any]) -> tuple[DeadLettered, Envelope]:
    """What the kept event and its headers say."""
    message = Message.from_record(record["message"])
    return DeadLettered.model_validate_json(message.value), Envelope.from_headers(message.headers)


def given_up(letter: UUID, record: Mapping[str, Any], why: str, moment: datetime) -> Message:
    """The event that says that a person gave this dead letter up for good."""
    event, envelope = said(record)
    dropped = event.model_copy(update={"drops": letter, "why": why})
    root = dropped_root(letter)
    again = envelope.model_copy(
        update={
            "event_id": event_id(root, event.service, event.event_type, dropped.event_type),
            "root_id": root,
            "causation_id": letter,
            "occurred_at": moment,
        }
    )
    return Message.of(dropped, again)
