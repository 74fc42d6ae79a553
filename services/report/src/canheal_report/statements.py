"""What the page says of a version: what matters, how sure, what next. Each statement names its ground."""

from collections.abc import Iterator
from dataclasses import dataclass

from canheal_process.errors import dead_letter_error
from canheal_schemas import (
    Finding,
    Part,
    PolygenicScore,
    ReportStatus,
    RiskStatus,
    SampleKind,
    Tier,
    VariantCounts,
)

from canheal_report.certainty import cautions
from canheal_report.dossier import Failure, VariantsPart
from canheal_report.therapies import Therapy, therapies
from canheal_report.versions import FOLLOWS, ReportVersion
from canheal_report.words import PARTS, consequence, listed, plural, short_protein

NULL_TERMS = {
    "stop_gained",
    "frameshift_variant",
    "splice_acceptor_variant",
    "splice_donor_variant",
    "start_lost",
    "transcript_ablation",
}
"""Null variants as PVS1 counts them (Richards et al., Genet Med 2015, table 3)."""

MAX_NAME = 28
"""Characters of a change in a title; the whole name stands below it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence and where it comes from; `tone` is 'act', 'note' or 'plain'."""

    text: str
    ground: str = ""
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Card:
    """A finding that matters."""

    finding: Finding
    badge: str
    name: str
    reason: str
    rule: str
    therapies: tuple[Therapy, ...]
    cautions: tuple[str, ...]


def cards(version: ReportVersion) -> tuple[Card, ...]:
    """Tier I and II of a tumour; of a germline sample what an archive calls pathogenic, and null variants."""
    findings = version.variants.findings if version.variants else ()
    if version.context.kind is SampleKind.TUMOUR:
        strong = [f for f in findings if f.tiering and f.tiering.tier in (Tier.I, Tier.II)]
        return tuple(_somatic(finding) for finding in strong)
    return tuple(card for finding in findings if (card := _germline(finding)))


def status_words(version: ReportVersion) -> str:
    """What the status means for this version."""
    match version.status:
        case ReportStatus.WITHHELD:
            return "consent does not permit a report for the person's own care"
        case ReportStatus.PRELIMINARY:
            return "a part is still awaited; a later version will replace this one"
        case ReportStatus.AMENDED:
            return "changed after a part that had been given up was made"
    given_up = [PARTS[part] for part in dict.fromkeys(failure.part for failure in version.held)]
    return f"without the {listed(given_up)}, which could not be made" if given_up else "every part is here"


def headline(version: ReportVersion) -> str:
    """The one sentence to read if only one is read."""
    if version.status is ReportStatus.WITHHELD:
        return "Nothing is shown: consent does not permit a report for the person's own care."
    if version.variants is None:
        return f"The {PARTS[Part.VARIANTS]} is not here: nothing can be said of the variants."
    named = list(dict.fromkeys(f"{card.finding.gene} {card.name}" for card in cards(version)))
    names = [*named[:3], f"{len(named) - 3} more"] if len(named) > 3 else named
    if version.context.kind is SampleKind.TUMOUR:
        return _tumour_headline(version, names)
    if not named:
        return "No variant recorded as pathogenic and no null variant among what was examined."
    return f"{plural(len(named), 'variant')} to look at: {listed(names)}."


def how_sure(version: ReportVersion) -> tuple[Statement, ...]:
    """What limits the statements of this version."""
    return tuple(_limits(version))


def what_next(version: ReportVersion) -> tuple[Statement, ...]:
    """What a person should do with this version."""
    if version.status is ReportStatus.WITHHELD:
        return (
            Statement(
                "Nothing, while consent does not permit it. Where it is given again, send the sample "
                "once more under a new label."
            ),
        )
    return (*_hints(version), *_held(version), *_scores_next(version), *_review(version))


def synthetic_scores(version: ReportVersion) -> tuple[PolygenicScore, ...]:
    """Scores that were made up for demonstration."""
    return tuple(score for score in (version.risk.scores if version.risk else ()) if score.synthetic)


def unaccounted(counts: VariantCounts) -> int:
    """Alleles of the VCF that no row of the counts explains; anything but 0 is a fault, and is said."""
    explained = (
        sum(counts.filtered.values())
        + counts.not_carried
        + sum(counts.not_interpretable.values())
        + counts.outside_bundle
        + counts.in_bundle_genes
    )
    return counts.alleles - explained


def name(finding: Finding) -> str:
    """The change as people say it: V600E, else p. or c. where a title has room, else the consequence."""
    fallback = consequence(finding.consequences[0]) if finding.consequences else "variant"
    named = (short_protein(finding.hgvs_p), finding.hgvs_p, finding.hgvs_c)
    return next((text for text in named if text and len(text) <= MAX_NAME), fallback)


def _tumour_headline(version: ReportVersion, names: list[str]) -> str:
    tiers = (("tier I finding", version.counts.tier_i), ("tier II finding", version.counts.tier_ii))
    counted = [plural(number, noun) for noun, number in tiers if number]
    if not counted:
        return "No finding of tier I or tier II among what was examined."
    return f"{listed(counted)}: {listed(names)}." if names else f"{listed(counted)}."


def _somatic(finding: Finding) -> Card:
    tiering = finding.tiering
    return Card(
        finding=finding,
        badge=f"Tier {tiering.tier}" if tiering else "",
        name=name(finding),
        reason=tiering.reason if tiering else "",
        rule=tiering.rule if tiering else "",
        therapies=therapies(finding),
        cautions=cautions(finding),
    )


def _germline(finding: Finding) -> Card | None:
    recorded = [record for record in finding.known if _pathogenic(record.classification)]
    null = NULL_TERMS.intersection(finding.consequences)
    if recorded:
        best = max(recorded, key=lambda record: record.stars)
        badge, reason = best.classification, f"{best.source} {best.record_id}: {best.review_status}"
        rule = f"{best.source}, {plural(best.stars, 'review star')}"
    elif null:
        badge, reason = (
            "Null variant",
            "no archive of the bundle has a record of it; it is not classified here",
        )
        rule = "consequence of the kind that PVS1 counts (ACMG/AMP 2015, table 3)"
    else:
        return None
    return Card(finding, badge, name(finding), reason, rule, therapies(finding), cautions(finding))


def _pathogenic(classification: str) -> bool:
    said = classification.casefold()
    return "pathogenic" in said and "conflicting" not in said


def _limits(version: ReportVersion) -> Iterator[Statement]:
    for part in version.awaited:
        yield Statement(f"Not here yet: {PARTS[part]}.", tone="note")
    for part in dict.fromkeys([*(failure.part for failure in version.held), *version.blocked]):
        yield Statement(f"Missing: {PARTS[part]}. Nothing can be read into its absence.", tone="note")
    if version.variants is None:
        return
    yield from _unknown_context(version)
    unseen = version.counts.tier_i + version.counts.tier_ii - len(cards(version))
    if version.context.kind is SampleKind.TUMOUR and unseen > 0:
        text = f"{plural(unseen, 'finding')} of tier I or II too long for this page: read the sealed list."
        yield Statement(text, tone="act")
    warned = sum(bool(card.cautions) for card in cards(version))
    if warned:
        yield Statement(f"Caution with the numbers of {plural(warned, 'finding')} above.", tone="note")
    yield from _coverage(version.variants)


def _coverage(variants: VariantsPart) -> Iterator[Statement]:
    """What the interpretation did not look at, as far as it says so."""
    lacking, counts = variants.not_examined.genes_lacking, variants.counts
    if lacking:
        yield Statement(
            f"{plural(len(lacking), 'well-known cancer gene')} not examined, among them "
            f"{listed(list(lacking[:3]))}."
        )
    if counts is None:
        return
    if lost := unaccounted(counts):
        yield Statement(f"The counts do not add up by {lost} alleles: tell the operators.", tone="act")
    if counts.filtered:
        aside = sum(counts.filtered.values())
        yield Statement(f"{plural(aside, 'allele')} set aside by the caller's FILTER.")


def _unknown_context(version: ReportVersion) -> Iterator[Statement]:
    context = version.context
    if context.kind is not SampleKind.TUMOUR:
        return
    if context.oncotree_code is None:
        yield Statement("No tumour type was sent: evidence could not be matched to it.", tone="note")
    if context.vcf_normal is None:
        yield Statement("No matched normal: somatic and inherited variants cannot be told apart.")
    if context.purity is None:
        yield Statement("Tumour purity was not sent: allele fractions are as measured.")


def _hints(version: ReportVersion) -> Iterator[Statement]:
    for finding in version.variants.findings if version.variants else ():
        if finding.germline_hint:
            yield Statement(
                f"{finding.gene} {name(finding)} may be inherited: offer genetic counselling; the reason is "
                "beside the finding.",
                ground=finding.germline_hint.rule,
                tone="act",
            )


def _held(version: ReportVersion) -> Iterator[Statement]:
    for failure in version.held:
        yield Statement(
            f"The {PARTS[failure.part]} could not be made. {_means(failure)} "
            f"({failure.error}: {failure.message}) {_comes(failure)}",
            ground=f"dead letter {failure.event_id} of {failure.part}, attempt {failure.attempt}; "
            f"what operators do: docs/operations.md#{failure.error}",
            tone="note",
        )
    given_up = {failure.part for failure in version.held if failure.why}
    for part in version.blocked:
        comes = (
            "is made from it and does not come" if FOLLOWS[part] in given_up else "waits for the part above"
        )
        yield Statement(f"The {PARTS[part]} {comes}.", tone="note")
    for part in version.mended:
        yield Statement(
            f"The {PARTS[part]} had failed before and has been made since; this version holds it."
        )


def _means(failure: Failure) -> str:
    """What an error means, as its class says."""
    return (dead_letter_error(failure.error).__doc__ or "").strip()


def _comes(failure: Failure) -> str:
    if failure.why:
        return f"It was given up for good: {failure.why}"
    return "The platform's operators look at it; when it is mended, an amended report follows."


def _scores_next(version: ReportVersion) -> Iterator[Statement]:
    for score in synthetic_scores(version):
        yield Statement(
            f"Do not act on {score.name}: it is synthetic, not for care.", ground=score.score_id, tone="act"
        )
    if version.risk is None:
        return
    if version.risk.status is RiskStatus.REFUSED and not version.risk.scores:
        reason = version.risk.reason or "no reason given"
        yield Statement(f"No polygenic score could be given: {reason}.", tone="note")
    for score in version.risk.scores:
        if score.status is RiskStatus.REFUSED:
            yield Statement(f"{score.name} was refused: {score.reason or 'no reason given'}.", tone="note")


def _review(version: ReportVersion) -> Iterator[Statement]:
    if version.context.kind is SampleKind.TUMOUR and cards(version):
        yield Statement("Bring the tier I and II findings to the molecular tumour board.")
    elif version.context.kind is SampleKind.GERMLINE and cards(version):
        yield Statement("Have a clinical geneticist classify the variants above before anyone is told.")
    if version.awaited:
        yield Statement("Come back for the final version before deciding.")
    yield Statement("A qualified person reviews this report before it is used.")
