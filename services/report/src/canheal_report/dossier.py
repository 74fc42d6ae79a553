"""The join: what is known of one revision of a sample, whatever came first.

A dossier only grows. `merged` is commutative, associative and idempotent, so any order of the same events,
and any repetition, ends in the same dossier.

Events are joined by sample and revision. Their root is that revision's (`sample_root`), but for a mended
event and all that follows from it: a person sent it in the place of a dead letter, as a new event with a
root of its own. It is still an event of this revision, so it joins the dossier in which its part is held:
the part is then made after all and the report is amended. Of two tellings of what the sample is, the mended
one counts.
"""

from typing import ClassVar, Self
from uuid import UUID

from canheal_process.document import Document
from canheal_schemas import (
    BlobRef,
    DeadLettered,
    Envelope,
    Finding,
    NotExamined,
    Part,
    PartStatus,
    PolygenicScore,
    Provenance,
    RiskScored,
    RiskStatus,
    SampleContext,
    SampleReceived,
    VariantCounts,
    VariantsAnnotated,
)
from canheal_schemas.event import Model
from canheal_schemas.identifiers import sample_root

from canheal_report.further import Further

type PartEvent = SampleReceived | VariantsAnnotated | RiskScored | DeadLettered
"""What a report is assembled from."""


class VariantsPart(Model):
    """What annotate said."""

    event_id: UUID
    withheld: bool
    findings: tuple[Finding, ...]
    findings_total: int
    further: Further
    all_findings: BlobRef | None
    """Where the whole list lies."""
    counts: VariantCounts | None
    not_examined: NotExamined
    provenance: Provenance | None

    @classmethod
    def of(cls, event: VariantsAnnotated, event_id: UUID, further: Further | None) -> Self:
        return cls(
            event_id=event_id,
            withheld=event.status is PartStatus.WITHHELD,
            findings=(*event.findings, *(further.whole if further else ())),
            findings_total=max(event.findings_total, len(event.findings)),
            further=further.model_copy(update={"whole": ()}) if further else Further.of(event.findings),
            all_findings=event.all_findings,
            counts=event.counts,
            not_examined=event.not_examined,
            provenance=event.provenance,
        )


class RiskPart(Model):
    """What prs said."""

    event_id: UUID
    withheld: bool
    status: RiskStatus
    reason: str | None
    scores: tuple[PolygenicScore, ...]
    provenance: Provenance | None

    @classmethod
    def of(cls, event: RiskScored, event_id: UUID) -> Self:
        return cls(
            event_id=event_id,
            withheld=event.status is RiskStatus.WITHHELD,
            status=event.status,
            reason=event.reason,
            scores=event.scores,
            provenance=event.provenance,
        )


class Failure(Model):
    """A service gave up on its part and a person decides, or (with `why`) has given it up for good."""

    event_id: UUID
    part: Part
    error: str
    message: str
    attempt: int
    why: str | None = None

    @property
    def age(self) -> tuple[int, bool, UUID]:
        """Of a part's failures the one that counts is the newest attempt's, and a person's word on it."""
        return self.attempt, self.why is not None, self.event_id


class Dossier(Document):
    """What is known of one revision of a sample. Its id is the revision's root, `sample_root`."""

    collection: ClassVar[str] = "dossiers"
    shared: ClassVar[bool] = True

    sample: UUID
    revision: int
    consent_version: int | None = None
    """The newest that an event named."""
    told_by: UUID | None = None
    """Root of the event that said what follows; another than the dossier's id where a person mended it."""
    site: str | None = None
    country: str | None = None
    context: SampleContext | None = None
    """Absent while only a dead letter is known."""
    expects: tuple[Part, ...] | None = None
    variants: VariantsPart | None = None
    risk: RiskPart | None = None
    failures: tuple[Failure, ...] = ()
    """Sorted by event id."""


def join(
    dossier: Dossier | None, event: PartEvent, envelope: Envelope, further: Further | None = None
) -> Dossier | None:
    """The dossier after this event; the same object where the event adds nothing.

    None where the event is about no sample: a dead letter whose body could not be read names none.
    `further` is the rest of the findings, read from the claim check of a `VariantsAnnotated`.
    """
    alone = _alone(event, envelope, further)
    if alone is None or dossier is None:
        return dossier or alone
    after = merged(dossier, alone)
    return dossier if after == dossier else after


def merged(one: Dossier, other: Dossier) -> Dossier:
    """Everything that either of two dossiers of one revision knows."""
    failures = {failure.event_id: failure for failure in (*one.failures, *other.failures)}
    teller = max(one, other, key=_tells)
    return one.model_copy(
        update={
            "consent_version": max(one.consent_version or 0, other.consent_version or 0) or None,
            "told_by": teller.told_by,
            "site": teller.site or one.site or other.site,
            "country": teller.country,
            "context": teller.context,
            "expects": teller.expects,
            "variants": _stronger(one.variants, other.variants),
            "risk": _stronger(one.risk, other.risk),
            "failures": tuple(failures[key] for key in sorted(failures)),
        }
    )


def _tells(dossier: Dossier) -> tuple[bool, bool, str]:
    """Whether it says what the sample is, and whether a person mended that; never by arrival."""
    return dossier.told_by is not None, dossier.told_by != dossier.id, str(dossier.told_by)


def _alone(event: PartEvent, envelope: Envelope, further: Further | None) -> Dossier | None:
    """The dossier that knows this event only."""
    if isinstance(event, DeadLettered):
        return _of_failure(event, envelope.event_id)
    return Dossier(
        id=sample_root(event.sample, event.revision),
        subject=event.subject,
        sample=event.sample,
        revision=event.revision,
        consent_version=event.consent_version,
        told_by=envelope.root_id,
        site=event.site,
        country=event.country,
        context=event.context,
        expects=event.expects,
        variants=(
            VariantsPart.of(event, envelope.event_id, further)
            if isinstance(event, VariantsAnnotated)
            else None
        ),
        risk=RiskPart.of(event, envelope.event_id) if isinstance(event, RiskScored) else None,
    )


def _of_failure(event: DeadLettered, event_id: UUID) -> Dossier | None:
    if event.sample is None or event.revision is None or event.subject is None or event.service not in Part:
        return None
    failure = Failure(
        event_id=event_id,
        part=Part(event.service),
        error=event.error,
        message=event.message,
        attempt=event.attempt,
        why=event.why,
    )
    return Dossier(
        id=sample_root(event.sample, event.revision),
        subject=event.subject,
        sample=event.sample,
        revision=event.revision,
        site=event.site,
        failures=(failure,),
    )


def _stronger[P: (VariantsPart, RiskPart)](one: P | None, other: P | None) -> P | None:
    """Of two tellings of a part the one that says something, else the higher id; never by arrival."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda part: (not part.withheld, part.event_id))
