"""Which scores speak about a germline sample, and what they say: from files to the event's statements."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from canheal_genome.builds import Build
from canheal_refdata.assembly import Assembly
from canheal_refdata.bundle import Bundle, warm_bundle
from canheal_schemas import AssayType, PolygenicScore, Provenance, RiskStatus, SampleContext, SampleKind, Sex

from canheal_prs.cohort import Request, score_vcf
from canheal_prs.errors import ScoreFileRefused
from canheal_prs.rules import rules
from canheal_prs.score import Scored
from canheal_prs.scorefile import ScoreFile, read_score

DEMO_SCORES: Final = Path(__file__).parent / "demo"
TUMOUR: Final = (
    "a polygenic score describes the inherited genome, and this VCF is a tumour's; "
    "send a germline VCF of the person to have it scored"
)
NO_GENOTYPES: Final = "the VCF has no sample column; a polygenic score needs genotypes"


@cache
def warm_scores(where: Path | None = None) -> tuple[ScoreFile, ...]:
    """The installed scores, read once a process: a file, or all files of a folder; None is the demo's.

    Raises:
        ScoreFileRefused: one cannot be read, or there is none.
    """
    place = DEMO_SCORES if where is None else where
    files = [place] if place.is_file() else sorted([*place.glob("*.txt"), *place.glob("*.txt.gz")])
    if not files:
        raise ScoreFileRefused(str(place), "there is no scoring file; expected NAME.txt or NAME.txt.gz")
    return tuple(read_score(file) for file in files)


def warm(scores: Path | None, bundle: Path | None) -> None:
    """What a process opens before its first sample."""
    warm_scores(scores)
    warm_bundle(bundle)


def assess(
    vcf: Path, context: SampleContext, scores: Path | None, bundle: Path | None
) -> tuple[tuple[PolygenicScore, ...], Provenance]:
    """Every installed score of a germline sample, in the order of the files' names.

    Args:
        vcf: The sample's VCF, as the door let it in.
        context: Of a germline sample with a genotype column.
        scores: Scoring file or folder; None is the demo score.
        bundle: Reference bundle; None is the demo bundle.

    Raises:
        VcfRefused: the VCF cannot be read.
    """
    reference = warm_bundle(bundle)
    installed = warm_scores(scores)
    silent = {score.checksum: reason for score in installed if (reason := not_for(score, context))}
    request = Request(
        vcf=vcf,
        build=Build(context.build),
        samples=(str(context.vcf_sample),),
        whole_genome=context.assay.type is AssayType.GENOME,
        slices=slices_of(reference, Build(context.build)),
    )
    speaking = [score for score in installed if score.checksum not in silent]
    said = {one.score.checksum: statement(one) for one in score_vcf(request, speaking)} if speaking else {}
    every = (said.get(score.checksum) or _unsaid(score, silent[score.checksum]) for score in installed)
    return tuple(every), Provenance(bundle=reference.version, rules=rules().version)


def slices_of(bundle: Bundle, build: Build) -> Assembly | None:
    """The bundle's sequence of this build; None where it has none."""
    return bundle.assembly(build) if build in bundle.builds else None


def inapplicable(context: SampleContext) -> tuple[RiskStatus, str] | None:
    """Why no score at all can be computed from a sample of this kind."""
    if context.kind is SampleKind.TUMOUR:
        return RiskStatus.NOT_APPLICABLE, TUMOUR
    if context.vcf_sample is None:
        return RiskStatus.REFUSED, NO_GENOTYPES
    return None


def not_for(score: ScoreFile, context: SampleContext) -> tuple[RiskStatus, str] | None:
    """Why a score does not speak about this person; None where it does."""
    trait = score.trait.lower()
    sex = next(
        (sex for sex, words in rules().sex_words.items() if any(word in trait for word in words)), None
    )
    if sex is None or context.sex == sex:
        return None
    if context.sex is Sex.UNKNOWN:
        return RiskStatus.REFUSED, f"{score.trait} is scored for {sex} persons, and the sex is not recorded"
    return RiskStatus.NOT_APPLICABLE, f"{score.trait} is scored for {sex} persons; this one is {context.sex}"


def overall(scores: Sequence[PolygenicScore]) -> tuple[RiskStatus, str | None]:
    """One status for all: scored where any score is, else refused where any is."""
    for status in (RiskStatus.SCORED, RiskStatus.REFUSED, RiskStatus.NOT_APPLICABLE):
        if found := [score for score in scores if score.status is status]:
            reasons = "; ".join(f"{score.score_id}: {score.reason}" for score in found)
            return status, None if status is RiskStatus.SCORED else reasons
    return RiskStatus.NOT_APPLICABLE, "no polygenic score is installed"


def statement(scored: Scored) -> PolygenicScore:
    """What the event says of one score."""
    return PolygenicScore(
        **_identity(scored.score),
        **_standing(scored),
        status=RiskStatus.REFUSED if scored.refusal else RiskStatus.SCORED,
        reason=scored.refusal or (scored.remark if scored.z is None else None),
        sum=scored.sum,
        matched=scored.matched,
        assumed_reference=scored.assumed_reference,
        dropped=scored.dropped,
    )


def _standing(scored: Scored) -> dict[str, Any]:
    """Where the sum stands, in which population; a mean and SD that were computed again are said so."""
    if scored.reference is None:
        return {}
    basis = [part for part in (scored.reference.population, scored.remark) if part]
    return {
        "z": scored.z,
        "percentile": scored.percentile,
        "reference_mean": scored.reference.mean,
        "reference_sd": scored.reference.sd,
        "reference_population": "; ".join(basis) or None,
    }


def _unsaid(score: ScoreFile, why: tuple[RiskStatus, str]) -> PolygenicScore:
    status, reason = why
    return PolygenicScore(**_identity(score), status=status, reason=reason)


def _identity(score: ScoreFile) -> dict[str, Any]:
    return {
        "score_id": score.score_id,
        "name": score.name,
        "trait": score.trait,
        "synthetic": score.synthetic,
        "notice": score.notice,
        "total": score.total,
        "checksum": score.checksum,
    }
