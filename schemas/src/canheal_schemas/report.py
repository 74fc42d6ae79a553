"""A report version exists. The event holds no finding: status, counts and links."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from canheal_schemas.event import Model
from canheal_schemas.sample import SampleEvent, SampleKind
from canheal_schemas.topic import Cleanup, Topic


class ReportStatus(StrEnum):
    """FHIR's words for a report's life."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    WITHHELD = "withheld"


class ReportLinks(Model):
    """Paths on the report service; they answer 403 once consent is gone."""

    html: str
    json_document: str


class ReportCounts(Model):
    """What the report holds, in numbers only."""

    tier_i: int = 0
    tier_ii: int = 0
    tier_iii: int = 0
    tier_iv: int = 0
    germline_hints: int = 0
    findings: int = 0
    scores: int = 0


class ReportIssued(SampleEvent):
    """A report version exists. A look-up topic: the newest version of each sample stays."""

    topic: ClassVar[Topic] = Topic(
        name="canheal.report.issued.v1",
        key="sample",
        meaning="a report version exists: status, summary counts, links",
        cleanup=Cleanup.COMPACT,
    )

    report_id: UUID
    """Derived from the sample and the parts that the report joins."""
    status: ReportStatus
    kind: SampleKind
    parts: tuple[UUID, ...]
    """Event ids of the joined parts. Of two reports on one revision the one with more parts is newer."""
    held: tuple[str, ...] = ()
    """Services whose part could not be made; a person looks at it."""
    counts: ReportCounts = ReportCounts()
    links: ReportLinks
    bundle: str | None = None
    """Version of the reference bundle behind the findings."""
