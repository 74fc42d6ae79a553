"""Everything of a person, or of one sample, must go: the request, and each service's receipt.

The request is the erasure list: it and the erased consent are all that stays, an HMAC and derived ids. A
receipt names nobody: it says how many things of which kind are gone, and what a law makes a service keep.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from canheal_schemas.event import ConsentVersion, Event, Model, SubjectId
from canheal_schemas.topic import Cleanup, Topic

ErasureId = Annotated[UUID, Field(description="The erasure: derived from what is erased.")]


class ErasureScope(StrEnum):
    """What goes: everything of a person, or one sample of theirs."""

    SUBJECT = "subject"
    SAMPLE = "sample"


class RecordDuty(Model):
    """A country's law that makes a hospital keep the care record although the person wants it gone."""

    basis: Annotated[str, Field(examples=["BE: Act of 22 April 2019 on quality of practice, art. 35"])]
    """The law, as the platform's country table names it."""
    until: date | None = None
    """The last day on which the record is kept; none: the law names no end."""


class ErasureRequested(Event):
    """Everything of this person, or of this sample, must go. A look-up topic: the erasure list."""

    topic: ClassVar[Topic] = Topic(
        name="canheal.erasure.requested.v1",
        key="erasure",
        meaning="everything of this person, or of this sample, must go",
        cleanup=Cleanup.COMPACT,
    )

    erasure: ErasureId
    scope: ErasureScope
    """Whether the person goes, or one sample."""
    subject: SubjectId
    consent_version: ConsentVersion
    sample: UUID | None = None
    """The sample that goes, where only one does."""
    revisions: Annotated[int, Field(ge=1)] | None = None
    """How many contents were sent under that sample's label."""
    site: Annotated[str, Field(examples=["BE-UZG"])]
    """The site that asked for it."""
    duty: RecordDuty | None = None
    """The law under which the care record is kept apart; none: nothing is kept."""


class Removed(Model):
    """What a service removed, in numbers."""

    documents: int = 0
    """Documents: samples, dossiers, report versions."""
    outcomes: int = 0
    """Outcomes in the ledger with the events that they said; an empty entry stays in the place of each."""
    events: int = 0
    """Events that waited to be said, and newest events of look-up topics, which were said to be gone."""
    dead_letters: int = 0
    """Dead letters."""
    blobs: int = 0
    """Encrypted blobs."""


class Kept(Model):
    """What a service keeps because a law says so, under a key of its own and out of reach of every reader."""

    what: Annotated[str, Field(examples=["the care record: 2 report versions"])]
    """The kept thing, in words."""
    basis: str
    """The law."""
    until: date | None = None
    """The last day on which it is kept; none: the law names no end."""


class SubjectErased(Event):
    """One service's part is gone: the receipt, without identity."""

    topic: ClassVar[Topic] = Topic(
        name="canheal.subject.erased.v1",
        key="erasure",
        meaning="this service's part is gone: the receipt, without identity",
    )

    erasure: ErasureId
    scope: ErasureScope
    """Whether a person went, or one sample."""
    service: Annotated[str, Field(examples=["annotate"])]
    """The service whose part is gone."""
    removed: Removed
    """What was there when it began, and is gone."""
    kept: tuple[Kept, ...] = ()
    """What it keeps because a law says so."""
