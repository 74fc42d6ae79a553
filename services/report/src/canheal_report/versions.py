"""Versions of a report: which one a dossier stands for, and what the stream hears of it.

A version is a function of the dossier's parts alone. It holds no clock and no number, so the order in which
parts came may decide which preliminaries exist, never the id or the bytes of the final one.
"""

from dataclasses import dataclass
from typing import ClassVar, Self
from uuid import UUID, uuid5

from canheal_process.document import Document
from canheal_schemas import (
    Part,
    ReportCounts,
    ReportIssued,
    ReportLinks,
    ReportStatus,
    RiskStatus,
    SampleContext,
    SampleEvent,
    SampleKind,
    Tier,
)
from canheal_schemas.identifiers import report_id, sample_root

from canheal_report.dossier import Dossier, Failure, RiskPart, VariantsPart

FOLLOWS = {Part.RISK: Part.VARIANTS}
"""A part that is made from another cannot come while that one is held."""


class ReportVersion(Document):
    """One immutable version of a report. Its id is derived from the sample and the parts that it joins."""

    collection: ClassVar[str] = "reports"
    shared: ClassVar[bool] = True

    sample: UUID
    revision: int
    site: str
    country: str
    context: SampleContext
    status: ReportStatus
    parts: tuple[UUID, ...] = ()
    """Event ids, sorted; a dead letter's counts."""
    held: tuple[Failure, ...] = ()
    """Parts that could not be made, each by its newest failure."""
    mended: tuple[Part, ...] = ()
    """Parts that were made after they had once been given up."""
    awaited: tuple[Part, ...] = ()
    """Expected parts of which nothing is known yet."""
    blocked: tuple[Part, ...] = ()
    """Expected parts that wait for a held one."""
    counts: ReportCounts = ReportCounts()
    variants: VariantsPart | None = None
    risk: RiskPart | None = None


def withheld_id(root: UUID) -> UUID:
    """The report that says that nothing may be said of what the root names: a sample's revision."""
    return uuid5(root, "withheld")


def reports_due(before: Dossier | None, after: Dossier) -> ReportVersion | None:
    """The version that the newest event made due: none where the joined parts are the same as before."""
    version = version_of(after)
    known = version_of(before) if before else None
    return None if version is None or (known and known.id == version.id) else version


def version_of(dossier: Dossier) -> ReportVersion | None:
    """The version that stands for the dossier's parts: none before the first part or without the context."""
    context, site, country = dossier.context, dossier.site, dossier.country
    if context is None or site is None or country is None:
        return None
    about = {"subject": dossier.subject, "sample": dossier.sample, "revision": dossier.revision}
    about |= {"site": site, "country": country, "context": context}
    standing = _Standing.of(dossier)
    if standing.withheld:
        return ReportVersion(id=withheld_id(dossier.id), status=ReportStatus.WITHHELD, **about)
    if not standing.ids:
        return None
    return ReportVersion(
        id=report_id(dossier.sample, standing.ids),
        status=standing.status,
        parts=standing.ids,
        held=standing.held,
        mended=standing.mended,
        awaited=standing.awaited,
        blocked=standing.blocked,
        counts=_counts(dossier),
        variants=dossier.variants if Part.VARIANTS in standing.expects else None,
        risk=dossier.risk if Part.RISK in standing.expects else None,
        **about,
    )


def issued(version: ReportVersion, consent_version: int) -> ReportIssued:
    """What the stream hears: status, counts, links; no finding."""
    provenance = version.variants.provenance if version.variants else None
    return ReportIssued(
        sample=version.sample,
        revision=version.revision,
        subject=version.subject,
        consent_version=consent_version,
        site=version.site,
        country=version.country,
        report_id=version.id,
        status=version.status,
        kind=version.context.kind,
        parts=version.parts,
        held=tuple(sorted({failure.part for failure in version.held})),
        counts=version.counts,
        links=_links(version.id),
        bundle=provenance.bundle if provenance else None,
    )


def issued_withheld(event: SampleEvent, kind: SampleKind) -> ReportIssued:
    """What the stream hears where consent refuses: that there is nothing to be read."""
    identifier = withheld_id(sample_root(event.sample, event.revision))
    return ReportIssued(
        **event.model_dump(include=set(SampleEvent.model_fields)),
        report_id=identifier,
        status=ReportStatus.WITHHELD,
        kind=kind,
        parts=(),
        links=_links(identifier, f"?sample={event.sample}&revision={event.revision}"),
    )


@dataclass(frozen=True, slots=True)
class _Standing:
    """How each expected part stands."""

    expects: tuple[Part, ...]
    made: dict[Part, VariantsPart | RiskPart]
    failures: tuple[Failure, ...]

    @classmethod
    def of(cls, dossier: Dossier) -> Self:
        expects = dossier.expects or ()
        known = ((Part.VARIANTS, dossier.variants), (Part.RISK, dossier.risk))
        return cls(
            expects,
            {part: said for part, said in known if said is not None and part in expects},
            tuple(failure for failure in dossier.failures if failure.part in expects),
        )

    @property
    def withheld(self) -> bool:
        return any(part.withheld for part in self.made.values())

    @property
    def ids(self) -> tuple[UUID, ...]:
        return tuple(sorted(said.event_id for said in (*self.failures, *self.made.values())))

    @property
    def held(self) -> tuple[Failure, ...]:
        """What counts of each part that was not made: its newest failure."""
        newest = {failure.part: failure for failure in sorted(self.failures, key=lambda failure: failure.age)}
        return tuple(newest[part] for part in self.expects if part in newest and part not in self.made)

    @property
    def mended(self) -> tuple[Part, ...]:
        failed = {failure.part for failure in self.failures}
        return tuple(part for part in self.expects if part in self.made and part in failed)

    @property
    def blocked(self) -> tuple[Part, ...]:
        held = {failure.part for failure in self.held}
        return tuple(part for part in self._unknown if FOLLOWS.get(part) in held)

    @property
    def awaited(self) -> tuple[Part, ...]:
        return tuple(part for part in self._unknown if part not in self.blocked)

    @property
    def status(self) -> ReportStatus:
        if self.awaited:
            return ReportStatus.PRELIMINARY
        return ReportStatus.AMENDED if self.mended else ReportStatus.FINAL

    @property
    def _unknown(self) -> tuple[Part, ...]:
        failed = {failure.part for failure in self.failures}
        return tuple(part for part in self.expects if part not in self.made and part not in failed)


def _counts(dossier: Dossier) -> ReportCounts:
    variants, risk = dossier.variants, dossier.risk
    tiers = variants.further.tiers if variants else {}
    return ReportCounts(
        tier_i=tiers.get(Tier.I, 0),
        tier_ii=tiers.get(Tier.II, 0),
        tier_iii=tiers.get(Tier.III, 0),
        tier_iv=tiers.get(Tier.IV, 0),
        germline_hints=variants.further.germline_hints if variants else 0,
        findings=variants.findings_total if variants else 0,
        scores=sum(score.status is RiskStatus.SCORED for score in risk.scores) if risk else 0,
    )


def _links(identifier: UUID, of: str = "") -> ReportLinks:
    path = f"/v1/reports/{identifier}"
    return ReportLinks(html=f"{path}.html{of}", json_document=f"{path}.json{of}")
