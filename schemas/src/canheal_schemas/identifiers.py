"""Identifiers are derived, never drawn: the same fact has the same id wherever it is computed.

Roots name what an event is about; an event's id is its root plus the road by which it came to be.
"""

import hashlib
import hmac
from collections.abc import Iterable
from uuid import UUID, uuid5

NAMESPACE = UUID("6f0d5f5e-2c0b-5c41-9c0e-0101080009ca")
"""The namespace of every id of the platform (its last digits: grant 101080009)."""


def _derived(*parts: object) -> UUID:
    return uuid5(NAMESPACE, "/".join(str(part) for part in parts))


def subject_id(site: str, pseudonym: str, key: bytes) -> str:
    """The platform's name of a person: HMAC-SHA256 under the platform's key, 64 hex digits."""
    return hmac.new(key, f"{site}\x00{pseudonym}".encode(), hashlib.sha256).hexdigest()


def sample_id(site: str, label: str) -> UUID:
    """The sample that a site calls by this label."""
    return _derived("sample", site, label)


def sample_root(sample: UUID, revision: int) -> UUID:
    """Root of everything said about one revision of a sample."""
    return _derived("root/sample", sample, revision)


def consent_root(subject: str, version: int) -> UUID:
    """Root of one consent version of a subject."""
    return _derived("root/consent", subject, version)


def erasure_root(subject: str, version: int, sample: UUID | None = None) -> UUID:
    """Root, and id, of an erasure: of a person at their last consent version, or of one of their samples."""
    if sample is not None:
        return _derived("root/erasure/sample", subject, sample)
    return _derived("root/erasure", subject, version)


def undecodable_root(topic: str, partition: int, offset: int) -> UUID:
    """Root of a record that could not be read: its place is all that is known of it."""
    return _derived("root/record", topic, partition, offset)


def deadletter_root(service: str, input_type: str, root: UUID, attempt: int) -> UUID:
    """Root of a dead letter: the input that a service gave up on, and the how-manieth time."""
    return _derived("root/deadletter", service, input_type, root, attempt)


def dropped_root(letter: UUID) -> UUID:
    """Root of the word that a person gave this dead letter up for good."""
    return _derived("root/dropped", letter)


def mended_root(letter: UUID, content: bytes) -> UUID:
    """Root of the event that a person made of this dead letter: other content is another event."""
    return _derived("root/mended", letter, hashlib.sha256(content).hexdigest())


def event_id(root: UUID, service: str, input_type: str, event_type: str, ordinal: int | str = 0) -> UUID:
    """The event of `event_type` that `service` says because of an input of `input_type` about `root`."""
    return _derived("event", root, service, input_type, event_type, ordinal)


def report_id(sample: UUID, part_ids: Iterable[UUID]) -> UUID:
    """The report that joins exactly these parts, in whatever order they came."""
    return _derived("report", sample, *sorted(str(part) for part in part_ids))


def blob_id(owner: str, subject: str, root: UUID, name: str) -> UUID:
    """The encrypted blob `name` that `owner` keeps for this root."""
    return _derived("blob", owner, subject, root, name)
