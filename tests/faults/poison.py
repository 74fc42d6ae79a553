"""Records that no service of ours would write, put on the topics as a fault or a newer writer might."""

import json
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from canheal_schemas import INPUTS, Envelope, SampleReceived
from canheal_schemas.identifiers import event_id, sample_id, sample_root
from kafka import KafkaProducer
from kafka.errors import KafkaError
from strikes import Kind, Strike

from wire import Record, records

SITE: Final = "ZZ-NEWER"
AGAIN_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Expected:
    """What must come of a record that no service can handle."""

    value: bytes
    """By which its records are found: it was sent until the broker answered, perhaps more than once."""
    error: str
    services: frozenset[str]
    """Each that reads the topic says a dead letter."""


@dataclass(frozen=True, slots=True)
class Put:
    """What was put on a topic: a record to give up on, or a sample of a newer writer to handle like any."""

    expected: Expected | None = None
    sample: UUID | None = None


def put(bootstrap: str, strike: Strike, chance: random.Random) -> Put:
    """Put the strike's record on its topic; returns once the broker has it, whatever befalls it meanwhile."""
    token = f"{chance.getrandbits(64):016x}"
    if strike.kind is Kind.POISON:
        return _unhandled(bootstrap, strike.target, f"\x00{token}".encode(), "undecodable", [])
    template = _template(bootstrap)
    if strike.kind is Kind.NEWER_TYPE:
        newer = strike.target.replace(".v1", ".v2")
        value = json.dumps({"said_by": "a newer platform", "token": token}).encode()
        headers = _envelope(template, token, newer).to_headers()
        return _unhandled(bootstrap, strike.target, value, "unknown-event-type", headers)
    event, envelope = _of_newer_writer(template, token)
    _send(bootstrap, strike.target, str(event["sample"]).encode(), json.dumps(event).encode(), envelope)
    return Put(sample=UUID(event["sample"]))


def _unhandled(bootstrap: str, topic: str, value: bytes, error: str, headers: list[tuple[str, bytes]]) -> Put:
    readers = (name for name, events in INPUTS.items() if topic in {event.topic.name for event in events})
    _send(bootstrap, topic, value[-16:], value, headers)
    return Put(Expected(value, error, frozenset(readers)))


def _template(bootstrap: str) -> Record:
    """Any sample that was received: its blob is there."""
    while True:
        try:
            found = records(bootstrap, [SampleReceived.topic.name])
        except (KafkaError, OSError):
            found = []
        readable = (record for record in found if record.headers)
        if chosen := next(readable, None):
            return chosen
        time.sleep(AGAIN_SECONDS)


def _of_newer_writer(template: Record, token: str) -> tuple[dict[str, Any], list[tuple[str, bytes]]]:
    """The template's content as another sample, with fields that this version does not know."""
    event = json.loads(template.value)
    event["context"] |= {"label": token, "said_since_v7": {"organoid": True}}
    event |= {"sample": str(sample_id(SITE, token)), "revision": 1, "urgency": ["tonight"]}
    return event, _envelope(template, token, template.envelope.event_type).to_headers()


def _envelope(template: Record, token: str, event_type: str) -> Envelope:
    root = sample_root(sample_id(SITE, token), 1)
    return template.envelope.model_copy(
        update={
            "event_id": event_id(root, "storm", "", event_type),
            "root_id": root,
            "correlation_id": root,
            "event_type": event_type,
            "occurred_at": datetime.now(UTC),
        }
    )


def _send(bootstrap: str, topic: str, key: bytes, value: bytes, headers: Iterable[tuple[str, bytes]]) -> None:
    while True:
        try:
            producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")
            try:
                producer.send(topic, key=key, value=value, headers=list(headers)).get(timeout=10)
            finally:
                producer.close()
        except (KafkaError, OSError):
            time.sleep(AGAIN_SECONDS)
        else:
            return
