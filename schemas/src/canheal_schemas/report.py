"""A report version exists. The event holds no finding: status, counts and links."""

from enum import StrEnum
from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import Field

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

    html: Annotated[str, Field(examples=["/v1/reports/1d7f3c5a-6a0e-5b0e-9d55-2f6f0c7a8b11.html"])]
    """The page for people."""
    json_document: Annotated[str, Field(examples=["/v1/reports/1d7f3c5a-6a0e-5b0e-9d55-2f6f0c7a8b11.json"])]
    """The whole report for programs, findings included."""


class ReportCounts(Model):
    """What the report holds, in numbers only."""

    tier_i: int = 0
    """Findings of tier I: variants of strong clinical significance."""
    tier_ii: int = 0
    """Findings of tier II: potential clinical significance."""
    tier_iii: int = 0
    """Findings of tier III: unknown clinical significance."""
    tier_iv: int = 0
    """Findings of tier IV: benign or likely benign."""
    germline_hints: int = 0
    """Findings in a tumour that may be inherited."""
    findings: int = 0
    """Findings of any tier, and of a germline sample, which has no tiers."""
    scores: int = 0
    """Polygenic scores that were computed."""


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
    """How far the report has come."""
    kind: SampleKind
    """Whether it is about a tumour or about a person."""
    parts: tuple[UUID, ...]
    """Event ids of the joined parts. Of two reports on one revision the one with more parts is newer."""
    held: Annotated[tuple[str, ...], Field(examples=[["prs"]])] = ()
    """Services whose part could not be made; a person looks at it."""
    counts: ReportCounts = ReportCounts()
    """Numbers for a work list: nothing that a finding says."""
    links: ReportLinks
    """Where the report is read; 403 once consent is gone."""
    bundle: str | None = None
    """Version of the reference bundle behind the findings."""

    def supersedes(self, other: Self) -> bool:
        """Whether this is the newer of two reports on one sample, in whatever order they were read.

        A higher revision is newer. Within a revision a withheld report closes it, else more parts are newer.
        """
        return self._age > other._age

    @property
    def _age(self) -> tuple[int, bool, int]:
        return self.revision, self.status is ReportStatus.WITHHELD, len(self.parts)
