"""The sum, and where it stands in its reference population.

Every sum is `math.fsum`: correctly rounded whatever the order, so the same bits on every run and machine.
Mean and SD belong to the exact set of variants: where the used set is not the whole score, they are computed
again from the file's allele frequencies under Hardy-Weinberg, for an additive variant mean 2pb and variance
2p(1-p)b^2. An imputed variant adds its mean and no variance.
"""

import math
from dataclasses import dataclass, field, replace

import polars as pl
from polars import col

from canheal_prs.matching import ABSENT, NEVER_IMPUTED
from canheal_prs.rules import Rules
from canheal_prs.scorefile import Reference, ScoreFile

IMPUTED_SUFFIX = "; read as twice the allele frequency"
REFERENCE_UNKNOWN = "absent from the VCF, and the reference base is not known"
NO_HARD_GENOTYPE = "dosage is no whole number, and the variant is not additive"


@dataclass(frozen=True, slots=True)
class Scored:
    """One score of one sample; `sum`, `z`, `percentile` are None where the reason says why."""

    score: ScoreFile
    sample: str
    matched: int
    assumed_reference: int
    """Of the matched: absent from the VCF of a genome and read as homozygous reference."""
    imputed: int
    """Variants used as twice their allele frequency; not matched."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Variants not used, or imputed, by reason."""
    sum: float | None = None
    z: float | None = None
    percentile: float | None = None
    reference: Reference | None = None
    """What z stands on: of the whole score, or of the variants used."""
    refusal: str | None = None
    """Why there is no sum."""
    remark: str | None = None
    """Why there is no z though there is a sum."""


def score_sample(
    score: ScoreFile, sample: str, copies: pl.DataFrame, bases: pl.DataFrame | None, rules: Rules
) -> Scored:
    """Score one sample.

    Args:
        score: The scoring file.
        sample: Its name in the VCF.
        copies: `row`, `copies`, `reason` of every variant (`dosages.copies`).
        bases: `row`, `reference_base` of sites that may be read as homozygous reference where the VCF lacks
            them; None for a panel or exome, where absent means not looked at.
        rules: The least share of variants that must be matched.
    """
    used = score.variants.join(copies, on="row", how="left", maintain_order="left")
    used = used.pipe(_assume, bases).pipe(_weigh)
    matched = int(used["copies"].count())
    scored = Scored(
        score,
        sample,
        matched=matched,
        assumed_reference=int(used["assumed"].sum()),
        imputed=int(used["imputed"].sum()),
        dropped=_dropped(score, used),
    )
    if matched < rules.min_matched_share * score.total:
        return replace(scored, refusal=_too_few(scored, rules))
    total = math.fsum(used["contribution"].drop_nulls())
    reference, remark = _reference(score, used, whole=matched == score.total)
    if reference is None:
        return replace(scored, sum=total, remark=remark)
    z = (total - reference.mean) / reference.sd
    return replace(scored, sum=total, z=z, percentile=percentile(z), reference=reference, remark=remark)


def percentile(z: float) -> float:
    """Share of a normal population below z, in per cent."""
    return 50 * math.erfc(-z / math.sqrt(2))


def _assume(used: pl.DataFrame, bases: pl.DataFrame | None) -> pl.DataFrame:
    """Two copies where an absent site's reference base is the effect allele, none where it is the other."""
    if bases is None:
        return used.with_columns(assumed=pl.lit(value=False))
    base, absent = col("reference_base"), (col("reason") == ABSENT).fill_null(value=False)
    twice = pl.when(base == col("effect_allele")).then(2.0).when(base == col("other_allele")).then(0.0)
    return (
        used.join(bases, on="row", how="left", maintain_order="left")
        .with_columns(pl.when(absent).then(twice).alias("assumed_copies"))
        .with_columns(
            pl.coalesce("copies", "assumed_copies").alias("copies"),
            col("assumed_copies").is_not_null().alias("assumed"),
            pl.when(absent).then(pl.lit(REFERENCE_UNKNOWN)).otherwise("reason").alias("reason"),
        )
    )


def _weigh(used: pl.DataFrame) -> pl.DataFrame:
    """`contribution` to the sum; `mean` and `variance` of it in the reference population."""
    copies, p = col("copies"), col("effect_frequency")
    weights = [col(f"weight_{n}") for n in range(3)]
    stepped = pl.coalesce(pl.when(copies == n).then(weight) for n, weight in enumerate(weights))
    q = 1 - p
    mean = q * q * weights[0] + 2 * p * q * weights[1] + p * p * weights[2]
    square = q * q * weights[0] ** 2 + 2 * p * q * weights[1] ** 2 + p * p * weights[2] ** 2
    additive = col("additive")
    return (
        used.with_columns(
            pl.when(additive).then(copies * col("weight")).otherwise(stepped).alias("exact"),
            pl.when(additive).then(2 * p * col("weight")).otherwise(mean).alias("mean"),
            pl.when(additive)
            .then(2 * p * q * col("weight") ** 2)
            .otherwise(square - mean**2)
            .alias("variance"),
        )
        .with_columns(
            pl.when(copies.is_not_null() & col("exact").is_null())
            .then(pl.lit(NO_HARD_GENOTYPE))
            .otherwise("reason")
            .alias("reason"),
            pl.when(col("exact").is_not_null()).then("copies").alias("copies"),
            (
                col("exact").is_null()
                & col("mean").is_not_null()
                & ~col("reason").is_in(NEVER_IMPUTED).fill_null(value=False)
            ).alias("imputed"),
        )
        .with_columns(pl.coalesce("exact", pl.when("imputed").then("mean")).alias("contribution"))
    )


def _dropped(score: ScoreFile, used: pl.DataFrame) -> dict[str, int]:
    unused = used.filter(col("copies").is_null())
    reason = pl.when("imputed").then(col("reason") + IMPUTED_SUFFIX).otherwise("reason")
    counted = unused.select(reason.alias("reason")).to_series().value_counts()
    return dict(sorted({**score.refused, **dict(counted.iter_rows())}.items()))


def _too_few(scored: Scored, rules: Rules) -> str:
    most_first = sorted(scored.dropped.items(), key=lambda item: -item[1])
    why = ", ".join(f"{count} {reason}" for reason, count in most_first)
    return (
        f"{scored.matched} of {scored.score.total} variants matched "
        f"({scored.matched / scored.score.total:.0%}); a score needs {rules.min_matched_share:.0%}. "
        f"Not matched: {why}"
    )


def _reference(score: ScoreFile, used: pl.DataFrame, *, whole: bool) -> tuple[Reference | None, str | None]:
    """Mean and SD of the variants used, or why there are none."""
    if score.reference is None:
        return (
            None,
            "the scoring file states no reference mean and SD, so there is no z-score and no percentile",
        )
    if whole:
        return score.reference, None
    known = used.filter(col("contribution").is_not_null())
    if known["mean"].null_count():
        return None, (
            "not every variant is matched, and the scoring file lacks allele frequencies to compute the "
            "reference mean and SD of the others again, so there is no z-score and no percentile"
        )
    observed = known.filter(~col("imputed"))
    sd = math.sqrt(math.fsum(observed["variance"]))
    if sd == 0:
        return None, "the variants matched do not vary in the reference population"
    remark = f"mean and SD computed again for the {observed.height} of {score.total} variants matched"
    return Reference(math.fsum(known["mean"]), sd, score.reference.population), remark
