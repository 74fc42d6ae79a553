"""The build's own base at a score's sites: what a genome VCF that lacks a site leaves unsaid.

The scoring file's `canheal_reference_allele` comes first; else the reference bundle's slices, for SNVs. An
A/T or C/G variant is not read from a slice, which tells the plus strand's base but not which strand the
scoring file is written on.
"""

from typing import Protocol

import polars as pl
from canheal_genome.alleles import ambiguous, complement
from canheal_genome.intervals import overlap_join
from polars import col


class Slices(Protocol):
    """The sequence of one build, as far as it is known (`refdata.Assembly`)."""

    @property
    def covered(self) -> pl.DataFrame:
        """`contig`, `start`, `end` of what `sequence` can give."""
        ...

    def sequence(self, contig: str, start: int, end: int) -> str | None: ...


def reference_bases(variants: pl.DataFrame, slices: Slices | None) -> pl.DataFrame:
    """`row`, `reference_base` in the scoring file's own strand; only where it is known.

    Args:
        variants: Columns of `scorerows.SCHEMA`.
        slices: None where there is no bundle for this build.
    """
    stated = variants.select("row", col("reference_allele").alias("reference_base")).drop_nulls()
    if slices is None:
        return stated
    silent = variants.filter(col("reference_allele").is_null())
    return pl.concat([stated, _from_slices(silent, slices)])


def _from_slices(variants: pl.DataFrame, slices: Slices) -> pl.DataFrame:
    effect, other = col("effect_allele"), col("other_allele")
    snvs = variants.filter(
        (effect.str.len_bytes() == 1) & (other.str.len_bytes() == 1) & ~ambiguous(effect, other)
    )
    spans = snvs.select("contig", col("position").alias("start"), col("position").alias("end"))
    within = snvs[overlap_join(spans, slices.covered)["query"].unique().sort()]
    places = within.select("contig", "position").iter_rows()  # only those inside a slice: hundreds
    bases = [slices.sequence(contig, position, position) for contig, position in places]
    base = pl.Series("base", bases, dtype=pl.String)
    flip = complement(col("base"))
    return (
        within.with_columns(base)
        .select(
            "row",
            pl.when((col("base") == effect) | (col("base") == other))
            .then("base")
            .when((flip == effect) | (flip == other))
            .then(flip)
            .alias("reference_base"),
        )
        .drop_nulls()
    )
