"""Dead letters: what could not be handled is kept, said, and waits for a person."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from bson import Binary
from canheal_process.clock import utc_now
from canheal_process.errors import EventRefused, Undecodable
from canheal_process.store import Store
from canheal_process.telemetry import DEAD, log
from canheal_schemas import EVENTS, DeadLettered, Envelope, SampleEvent
from canheal_schemas.identifiers import blob_id, deadletter_root, event_id, undecodable_root
from canheal_vault.blobs import BlobStore
from canheal_vault.keys import PLATFORM
from pydantic import ValidationError

from canheal_chassis.ledger import Ledger, entry_key
from canheal_chassis.letters import said
from canheal_chassis.message import RETRY_OF, Message, Record, envelope_of
from canheal_chassis.outgoing import Says

DEADLETTERS = "deadletters"
LONGEST_MESSAGE = 2000
LONGEST_TYPE = 200
"""Characters kept of a type that nobody knows: a header may be longer than an event may be."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What can be known of a record that may be unreadable."""

    envelope: Envelope | None
    input_type: str
    root_id: UUID
    about: SampleEvent | None

    @classmethod
    def of(cls, record: Record) -> "Origin":
        """Read as much as can be read."""
        try:
            envelope = envelope_of(record.headers)
        except Undecodable:
            root = undecodable_root(record.topic, record.partition, record.offset)
            return cls(None, record.topic, root, None)
        about: SampleEvent | None = None
        model = EVENTS.get(envelope.event_type)
        if model is not None and issubclass(model, SampleEvent):
            try:
                about = model.model_validate_json(record.value)
            except ValidationError:
                about = None
        return cls(envelope, envelope.event_type[:LONGEST_TYPE], envelope.root_id, about)


class DeadLetters:
    """A service's dead letters."""

    def __init__(
        self,
        service: str,
        store: Store,
        blobs: BlobStore,
        publisher: Says,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._service = service
        self._store = store
        self._ledger = Ledger(store)
        self._blobs = blobs
        self._publisher = publisher
        self._now = now

    async def keep(self, record: Record, error: EventRefused) -> None:
        """Keep a record that could not be handled, and say so.

        The same record given up on again before a person acted is the same dead letter.
        """
        origin = Origin.of(record)
        key = entry_key(origin.input_type, origin.root_id)
        message = await self._stored(key, retried=_retried(record)) or await self._store_new(
            record, origin, error, key
        )
        await self._publisher.publish(message)
        await self._ledger.forget_starts(key)
        DEAD.labels(self._service, error.slug).inc()
        log(
            "dead-letter",
            error=error.slug,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )

    async def _stored(self, key: str, retried: str | None) -> Message | None:
        """The open dead letter of this input; not the one that was just sent again: that attempt is over."""
        for letter in await self._store.records(DEADLETTERS, {"input": key, "state": "open"}):
            if letter["_id"] != retried:
                return Message.from_record(letter["message"])
        return None

    async def _attempts(self, key: str, retried: str | None) -> int:
        """How often it was given up on before; a mended event goes on counting from what it was made of."""
        same = await self._store.records(DEADLETTERS, {"input": key})
        before = await self._store.record(DEADLETTERS, retried) if retried else None
        return max(len(same), said(before)[0].attempt if before else 0)

    async def _store_new(self, record: Record, origin: Origin, error: EventRefused, key: str) -> Message:
        attempt = 1 + await self._attempts(key, _retried(record))
        root = deadletter_root(self._service, origin.input_type, origin.root_id, attempt)
        about = origin.about
        subject = about.subject if about else None
        key_id = subject or PLATFORM
        body = await self._blobs.seal(blob_id(self._service, key_id, root, "body"), key_id, record.value)
        await self._blobs.put(body, root)
        event = DeadLettered(
            service=self._service,
            input_type=origin.input_type,
            input_event_id=origin.envelope.event_id if origin.envelope else None,
            root_id=origin.root_id,
            attempt=attempt,
            topic_name=record.topic,
            partition=record.partition,
            offset=record.offset,
            error=error.slug,
            message=str(error)[:LONGEST_MESSAGE],
            sample=about.sample if about else None,
            revision=about.revision if about else None,
            subject=subject,
            site=about.site if about else None,
            body=body.ref,
        )
        message = Message.of(event, self._envelope(event, origin, root))
        await self._store.single.put(DEADLETTERS, self._document(record, event, message, key))
        return message

    def _envelope(self, event: DeadLettered, origin: Origin, root: UUID) -> Envelope:
        cause = origin.envelope
        return Envelope(
            event_id=event_id(root, self._service, origin.input_type, event.event_type),
            root_id=root,
            event_type=event.event_type,
            correlation_id=cause.correlation_id if cause else root,
            causation_id=cause.event_id if cause else None,
            occurred_at=self._now(),
            site=cause.site if cause else "",
            traceparent=cause.traceparent if cause else None,
        )

    def _document(self, record: Record, event: DeadLettered, message: Message, key: str) -> dict[str, Any]:
        return {
            "_id": str(message.event_id),
            "input": key,
            "subject": event.subject,
            "sample": str(event.sample) if event.sample else None,
            "state": "open",
            "error": event.error,
            "message": message.to_record(),
            "key": Binary(record.key),
            "headers": [[name, Binary(value)] for name, value in record.headers if name != RETRY_OF],
            "kept_at": self._now(),
        }


def _retried(record: Record) -> str | None:
    """The dead letter that a person sent again as this record."""
    named = [value.decode("utf-8", "replace") for name, value in record.headers if name == RETRY_OF]
    return named[-1] if named else None
