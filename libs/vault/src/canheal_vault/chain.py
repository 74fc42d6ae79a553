"""The audit log as a chain: each entry carries the hash of the one before, so that nobody changes one unseen.

Pure: what an entry says, how it is hashed, and where a chain is broken. A subject is named only by a token
under the subject's own data key: once that is destroyed, tokens name nobody, and the chain still verifies.
The hash is that of the entry as it was written, so a later version may add a field and old chains still hold.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

BEGINNING = "0" * 64
"""What stands before the first entry."""

Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Word = Annotated[str, Field(min_length=1, max_length=500)]


class Action(StrEnum):
    """Everything that is written down."""

    SAMPLE_SUBMITTED = "sample.submitted"
    SAMPLE_VIEWED = "sample.viewed"
    SAMPLE_ERASED = "sample.erased"
    REPORT_VIEWED = "report.viewed"
    REPORTS_LISTED = "reports.listed"
    CONSENT_VIEWED = "consent.viewed"
    CONSENT_CHANGED = "consent.changed"
    SUBJECT_ERASED = "subject.erased"
    CARE_RECORD_VIEWED = "care-record.viewed"
    RECEIPT_VIEWED = "receipt.viewed"
    DEADLETTERS_VIEWED = "deadletters.viewed"
    DEADLETTER_BODY_VIEWED = "deadletter.body-viewed"
    DEADLETTER_RETRIED = "deadletter.retried"
    DEADLETTER_MENDED = "deadletter.mended"
    DEADLETTER_DROPPED = "deadletter.dropped"
    KEYS_ROTATED = "keys.rotated"
    BACKUP_MADE = "backup.made"
    BACKUP_RESTORED = "backup.restored"
    ERASURES_EXPORTED = "erasures.exported"
    AUDIT_VIEWED = "audit.viewed"


class Said(BaseModel):
    """What an entry says; the chain adds its place."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    service: Word
    instance: Word
    """The process that wrote it."""
    actor: Word
    """Who asked, as they say; nobody checks it until access control does."""
    action: Action
    subject: Word | None = None
    """A token, `erased` or `unknown`; None where it is about no person."""
    about: Mapping[str, Word] = Field(default_factory=dict)
    """What it is about: tokens where that could lead to a person."""
    outcome: Word = "done"
    """`done`, or the slug of the error that was answered."""
    correlation_id: UUID | None = None


class Entry(Said):
    """One link of the chain."""

    sequence: Annotated[int, Field(ge=1)]
    before: Hash
    """Hash of the entry before."""
    hash: Hash

    @classmethod
    def behind(cls, head: "Head", said: Said) -> Self:
        """The entry that follows a head."""
        place = {"sequence": head.sequence + 1, "before": head.hash}
        body = said.model_dump(mode="json") | place
        return cls.model_validate(body | {"hash": digest(body)})

    @property
    def head(self) -> "Head":
        return Head(self.sequence, self.hash)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends: kept outside the database, it shows that nothing was cut off."""

    sequence: int = 0
    hash: str = BEGINNING


def digest(body: Mapping[str, object]) -> str:
    """SHA-256 of the one way to write this body: keys sorted, no spaces, UTF-8."""
    written = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of a chain found."""

    head: Head
    """The last entry that holds."""
    first_at: AwareDatetime | None = None
    last_at: AwareDatetime | None = None
    broken: str | None = None
    """Where and how it is broken; None: it is whole."""


def verify(lines: Iterable[str | bytes], service: str, anchor: str | None = None) -> Finding:
    """Check a chain, an entry in JSON a line, from its beginning to its end or to the first broken place.

    Args:
        lines: All entries, in their order.
        service: Whose chain it must be.
        anchor: A head's hash that was noted earlier: the chain must contain it, else its end was cut off.
    """
    found, anchored = Finding(Head()), anchor in {None, BEGINNING}
    for line in lines:
        entry, broken = _next(line, service, found.head)
        if entry is None:
            return Finding(found.head, found.first_at, found.last_at, broken)
        anchored = anchored or entry.hash == anchor
        found = Finding(entry.head, found.first_at or entry.at, entry.at)
    if not anchored:
        lost = (
            f"no entry has the hash {anchor}: entries that once ended the chain are missing or were replaced"
        )
        return Finding(found.head, found.first_at, found.last_at, lost)
    return found


def _next(line: str | bytes, service: str, head: Head) -> tuple[Entry | None, str]:
    """The entry that a line holds, or what is wrong with it behind this head."""
    place = head.sequence + 1
    try:
        written = json.loads(line)
        entry = Entry.model_validate(written)
    except (ValueError, RecursionError) as error:
        return None, f"entry {place} is no entry: {_reason(error)}"
    if entry.sequence != place:
        return None, f"entry {place} is missing: the next one there is {entry.sequence}"
    if entry.before != head.hash:
        return None, f"entry {place} does not follow the one before it: that was changed, or this was put in"
    if entry.hash != digest({name: value for name, value in written.items() if name != "hash"}):
        return None, f"entry {place} was changed: its hash is not that of what it says"
    if entry.service != service:
        return None, f"entry {place} is of the service {entry.service}, not of {service}"
    return entry, ""


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        wrong = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(map(str, wrong['loc'])) or '(root)'}: {wrong['type']}"
    return "it is not JSON"
