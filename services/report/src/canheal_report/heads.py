"""The newest word on each sample: which revision counts, and the report that was issued last."""

from typing import ClassVar
from uuid import UUID

from canheal_chassis.outcome import Document
from canheal_schemas import ReportCounts, ReportStatus, SampleKind
from canheal_schemas.event import Model

from canheal_report.dossier import Dossier
from canheal_report.versions import ReportVersion


class Summary(Model):
    """A report in a line of a list."""

    report_id: UUID
    label: str
    kind: SampleKind
    site: str
    status: ReportStatus
    counts: ReportCounts

    @classmethod
    def of(cls, version: ReportVersion) -> "Summary":
        return cls(
            report_id=version.id,
            label=version.context.label,
            kind=version.context.kind,
            site=version.site,
            status=version.status,
            counts=version.counts,
        )


class Head(Document):
    """The newest revision of a sample that any event named. Its id is the sample's."""

    collection: ClassVar[str] = "heads"
    shared: ClassVar[bool] = True

    revision: int
    report: Summary | None = None
    """The newest version of that revision."""


def moved(head: Head | None, dossier: Dossier, version: ReportVersion | None) -> Head:
    """The head after an event on this dossier: a higher revision starts anew, a lower one changes nothing."""
    if head and head.revision > dossier.revision:
        return head
    same = head is not None and head.revision == dossier.revision
    report = Summary.of(version) if version else head.report if head and same else None
    return Head(id=dossier.sample, subject=dossier.subject, revision=dossier.revision, report=report)
