"""Which allele of which VCF record is a score's effect allele.

Each variant is tried as written, with the alleles swapped, on the other strand (SNVs only: a flipped indel is
anchored at its other end), and without other allele, the best kind of match first (pgsc_calc's order). An
A/T or C/G variant reads the same on both strands; its strand is decided by the build's own base where the
scoring file names it, else by frequency, else it is dropped. Of several matches of one variant the best
stays; of several variants on one allele the first of the best.
"""

from enum import IntEnum
from typing import Final

import polars as pl
from canheal_genome.alleles import ambiguous, complement
from polars import col

from canheal_prs.rules import Rules

NO_COPIES: Final = -1
"""`counted` of a record whose alleles are known and do not include the effect allele."""

MATCHED: Final = pl.Schema(
    {
        "row": pl.Int64(),  # of the scoring file
        "record": pl.Int64(),  # of the VCF; null where there is no match
        "counted": pl.Int64(),  # allele of the record to count: 0 REF, 1 the first ALT, NO_COPIES none
        "reason": pl.String(),  # why there is no match
    }
)
ABSENT: Final = "absent from the VCF"
AMBIGUOUS: Final = "ambiguous strand (A/T or C/G)"
DIFFERS: Final = "alleles differ from the VCF's"
DUPLICATE: Final = "another row of the score matches the same allele"
NEVER_IMPUTED: Final = (AMBIGUOUS, DIFFERS, DUPLICATE)
"""Reasons that speak about the variant, not about the sample: nothing stands in for it."""
_REFERENCE_ALTS: Final = [".", "<NON_REF>", "<*>"]
"""ALT of a record that says: nothing but the reference here."""


_ROWS_AT_ONCE: Final = 100_000
"""Variants compared at a time: a score of a million is not held ten times over."""


class Kind(IntEnum):
    """How a variant and an allele fit, the best first."""

    EXACT = 0
    SWAPPED = 1
    FLIPPED = 2
    FLIPPED_SWAPPED = 3
    EFFECT_IS_ALT = 4
    EFFECT_IS_REF = 5
    REFERENCE_RECORD = 6
    REFERENCE_RECORD_FLIPPED = 7


def match(
    variants: pl.DataFrame, calls: pl.DataFrame, frequencies: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """One row of MATCHED for each variant, in the scoring file's order.

    Args:
        variants: Columns of `scorerows.SCHEMA`.
        calls: Columns of `calls.read_calls`.
        frequencies: `record`, `allele_index`, `cohort_frequency` of the VCF's own samples; may be empty.
        rules: How far from one half a frequency decides.
    """
    alleles = _alleles(calls)
    parts = list(variants.iter_slices(_ROWS_AT_ONCE)) or [variants]
    candidates = pl.concat([_candidates(part, alleles, frequencies, rules) for part in parts])
    fits = candidates.drop_nulls("kind").filter(~col("doubtful"))
    best = fits.sort("row", "kind", "record", "allele_index").unique("row", keep="first", maintain_order=True)
    once = best.sort("kind", "row").unique(["record", "allele_index"], keep="first", maintain_order=True)
    reasons = _reasons(variants, candidates, best)
    return (
        variants.select("row")
        .join(once.select("row", "record", "counted"), on="row", how="left", maintain_order="left")
        .join(reasons, on="row", how="left", maintain_order="left")
        .select("row", "record", "counted", pl.when(col("record").is_null()).then("reason").alias("reason"))
        .cast(MATCHED)
    )


def _candidates(
    variants: pl.DataFrame, alleles: pl.DataFrame, frequencies: pl.DataFrame, rules: Rules
) -> pl.DataFrame:
    """Each allele at a variant's place: how they fit, what to count, whether the strand is in doubt."""
    wanted = ["row", "site", "effect_allele", "other_allele", "effect_frequency", "reference_allele"]
    return (
        variants.select(wanted)
        .join(alleles, on="site", how="inner", maintain_order="left_right")
        .pipe(_on_plus_strand)
        .join(frequencies, on=["record", "allele_index"], how="left", maintain_order="left")
        .with_columns(_strand(rules).alias("strand"))
        .with_columns(_kind().alias("kind"))
        .select(
            "row",
            "record",
            "allele_index",
            "kind",
            _counted(),
            (col("strand") == "unknown").alias("doubtful"),
        )
    )


def _alleles(calls: pl.DataFrame) -> pl.DataFrame:
    """One row an ALT; one with null ALT for a record that says reference only."""
    rows = calls.select(
        "record",
        "site",
        "ref",
        col("alts").alias("alt"),
        pl.int_ranges(1, col("alts").list.len() + 1, dtype=pl.Int64).alias("allele_index"),
        col("alts").list.eval(pl.element().is_in(_REFERENCE_ALTS)).list.all().alias("reference_only"),
    ).explode("alt", "allele_index")
    nothing = col("alt").is_in(_REFERENCE_ALTS)
    return rows.filter(~nothing | (col("reference_only") & (col("allele_index") == 1))).with_columns(
        alt=pl.when(~nothing).then("alt"), allele_index=pl.when(nothing).then(0).otherwise("allele_index")
    )


def _on_plus_strand(frame: pl.DataFrame) -> pl.DataFrame:
    effect, other = col("effect_allele"), col("other_allele")
    snv = (effect.str.len_bytes() == 1) & (other.str.len_bytes() == 1).fill_null(value=True)
    return frame.with_columns(
        flipped_effect=pl.when(snv).then(complement(effect)),
        flipped_other=pl.when(snv).then(complement(other)),
        same_on_both=(snv & ambiguous(effect, pl.coalesce("other_allele", _partner()))).fill_null(
            value=False
        ),
    )


def _partner() -> pl.Expr:
    """The record's allele that is not the effect allele: stands in for an other allele that is not given."""
    return pl.when(col("effect_allele") == col("ref")).then("alt").otherwise("ref")


def _strand(rules: Rules) -> pl.Expr:
    """`any`, or for a variant that reads the same on both strands `plus`, `minus` or `unknown`."""
    effect_is_alt = col("effect_allele") == col("alt")
    cohort = pl.when(effect_is_alt).then("cohort_frequency").otherwise(1 - col("cohort_frequency"))
    clear = (
        ((col("effect_frequency") - 0.5).abs() >= rules.frequency_distance)
        & ((cohort - 0.5).abs() >= rules.frequency_distance)
    ).fill_null(value=False)
    same_side = (col("effect_frequency") > 0.5) == (cohort > 0.5)
    return (
        pl.when(~col("same_on_both"))
        .then(pl.lit("any"))
        .when(col("reference_allele") == col("ref"))
        .then(pl.lit("plus"))
        .when(col("reference_allele").is_null() & clear)
        .then(pl.when(same_side).then(pl.lit("plus")).otherwise(pl.lit("minus")))
        .otherwise(pl.lit("unknown"))
    )


def _kind() -> pl.Expr:
    """The best kind of match of a variant and an allele; null where they do not fit."""
    ref, alt = col("ref"), col("alt")
    effect, other = col("effect_allele"), col("other_allele")
    flip_effect, flip_other = col("flipped_effect"), col("flipped_other")
    plus, minus = col("strand") != "minus", col("strand").is_in(["any", "minus"])
    no_other, reference = other.is_null() & plus, alt.is_null()
    rules = [
        (plus & (effect == alt) & (other == ref), Kind.EXACT),
        (plus & (effect == ref) & (other == alt), Kind.SWAPPED),
        (minus & (flip_effect == alt) & (flip_other == ref), Kind.FLIPPED),
        (minus & (flip_effect == ref) & (flip_other == alt), Kind.FLIPPED_SWAPPED),
        (no_other & (effect == alt), Kind.EFFECT_IS_ALT),
        (no_other & (effect == ref), Kind.EFFECT_IS_REF),
        (reference & plus & ((effect == ref) | (other == ref)), Kind.REFERENCE_RECORD),
        (
            reference & minus & other.is_not_null() & ((flip_effect == ref) | (flip_other == ref)),
            Kind.REFERENCE_RECORD_FLIPPED,
        ),
    ]
    return pl.coalesce(pl.when(fits).then(pl.lit(int(kind), pl.Int8)) for fits, kind in rules)


def _counted() -> pl.Expr:
    kind = col("kind")
    is_alt = kind.is_in([Kind.EXACT, Kind.FLIPPED, Kind.EFFECT_IS_ALT])
    absent = ((kind == Kind.REFERENCE_RECORD) & (col("effect_allele") != col("ref"))) | (
        (kind == Kind.REFERENCE_RECORD_FLIPPED) & (col("flipped_effect") != col("ref"))
    )
    return pl.when(is_alt).then("allele_index").when(absent).then(NO_COPIES).otherwise(0).alias("counted")


def _reasons(variants: pl.DataFrame, candidates: pl.DataFrame, best: pl.DataFrame) -> pl.DataFrame:
    """Why a variant has no match, had it none."""
    row = col("row")
    doubtful = candidates.filter("doubtful")
    return variants.select(
        "row",
        pl.when(row.is_in(best["row"].implode()))
        .then(pl.lit(DUPLICATE))
        .when(row.is_in(doubtful["row"].implode()))
        .then(pl.lit(AMBIGUOUS))
        .when(row.is_in(candidates["row"].implode()))
        .then(pl.lit(DIFFERS))
        .otherwise(pl.lit(ABSENT))
        .alias("reason"),
    )
