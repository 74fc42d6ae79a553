"""The handler: annotate's event in, the sample's risk part out."""

from functools import partial
from pathlib import Path
from typing import Final

from canheal_chassis.outcome import Handler, Handlers, Outcome
from canheal_chassis.work import Work
from canheal_schemas import PartStatus, Purpose, RiskScored, RiskStatus, VariantsAnnotated

from canheal_prs.risk import assess, inapplicable, overall
from canheal_prs.settings import Settings

HEAVY_BYTES: Final = 8 << 20
"""A VCF of this size, as it was sent, goes to the heavy lane: a genome of 48 MB takes a core two seconds."""
NO_VCF = "annotate's event names no VCF, so there are no genotypes to score"


async def score(event: VariantsAnnotated, work: Work, *, scores: Path | None, bundle: Path | None) -> Outcome:
    """Score one sample, or say why not."""
    if event.status is PartStatus.WITHHELD:
        return _said(event, RiskStatus.WITHHELD, event.reason or "the variants are withheld")
    if cannot := inapplicable(event.context):
        return _said(event, *cannot)
    if event.vcf is None:
        return _said(event, RiskStatus.REFUSED, NO_VCF)
    vcf = await work.blob(event.vcf)
    found, provenance = await work.run(assess, vcf, event.context, scores, bundle)
    status, reason = overall(found)
    part = _part(event, status, reason).model_copy(update={"scores": found, "provenance": provenance})
    return Outcome(publish=(part,))


def handlers(settings: Settings) -> Handlers:
    """What the service handles."""
    handle = partial(score, scores=settings.scores, bundle=settings.bundle)
    return {VariantsAnnotated: Handler(handle, Purpose.OWN_CARE, withheld=withheld, heavy=heavy)}


def heavy(event: VariantsAnnotated) -> bool:
    """Whether scoring the sample would hold up others; one without a score is answered unread."""
    return event.vcf is not None and event.vcf.size >= HEAVY_BYTES and not inapplicable(event.context)


def withheld(event: VariantsAnnotated, reason: str) -> RiskScored:
    """What is said where consent refuses."""
    return _part(event, RiskStatus.WITHHELD, reason)


def _said(event: VariantsAnnotated, status: RiskStatus, reason: str) -> Outcome:
    return Outcome(publish=(_part(event, status, reason),))


def _part(event: VariantsAnnotated, status: RiskStatus, reason: str | None) -> RiskScored:
    return RiskScored(
        sample=event.sample,
        revision=event.revision,
        subject=event.subject,
        consent_version=event.consent_version,
        site=event.site,
        country=event.country,
        status=status,
        reason=reason,
        context=event.context,
        expects=event.expects,
        provenance=event.provenance,
    )
