"""The head of a sample: which revision counts, and every report version there is, in order."""

from typing import ClassVar, Self
from uuid import UUID

from canheal_process.document import Document
from canheal_schemas import ReportCounts, ReportStatus, SampleKind
from canheal_schemas.event import Model

from canheal_report.dossier import Dossier
from canheal_report.versions import ReportVersion


class Summary(Model):
    """A report version in a line of a list."""

    report_id: UUID
    revision: int
    status: ReportStatus
    parts: tuple[UUID, ...]
    label: str
    kind: SampleKind
    site: str
    counts: ReportCounts

    @classmethod
    def of(cls, version: ReportVersion) -> Self:
        return cls(
            report_id=version.id,
            revision=version.revision,
            status=version.status,
            parts=version.parts,
            label=version.context.label,
            kind=version.context.kind,
            site=version.site,
            counts=version.counts,
        )

    @property
    def age(self) -> tuple[int, bool, int, str]:
        """Of two versions of a revision the one that joins more parts is newer; a withheld one closes it."""
        withheld = self.status is ReportStatus.WITHHELD
        return self.revision, withheld, len(self.parts), str(self.report_id)


class Head(Document):
    """What there is of a sample. Its id is the sample's."""

    collection: ClassVar[str] = "heads"
    shared: ClassVar[bool] = True

    revision: int
    """The newest that any event named."""
    versions: tuple[Summary, ...] = ()
    """Every report version of every revision, the newest last."""

    @property
    def report(self) -> Summary | None:
        """The newest version of the newest revision."""
        newest = [version for version in self.versions if version.revision == self.revision]
        return newest[-1] if newest else None


def moved(head: Head | None, dossier: Dossier, version: ReportVersion | None) -> Head:
    """The head after an event on this dossier, which may have made a version due."""
    known = {summary.report_id: summary for summary in (head.versions if head else ())}
    if version:
        known[version.id] = Summary.of(version)
    return Head(
        id=dossier.sample,
        subject=dossier.subject,
        revision=max(dossier.revision, head.revision if head else 0),
        versions=tuple(sorted(known.values(), key=lambda summary: summary.age)),
    )
