"""What becomes of every allele of a VCF, and the count of each: nothing is dropped without being counted.

An allele has one fate, the first that applies: filtered, not carried, not interpretable, outside the bundle's
genes, in a gene.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import polars as pl
from canheal_genome.intervals import overlap_join
from polars import col

NO_ALLELE: Final = "no alternate allele"
FILTERED: Final = "filtered"
NOT_CARRIED: Final = "not carried"
NOT_INTERPRETABLE: Final = "not interpretable"
OUTSIDE: Final = "outside bundle"
IN_GENE: Final = "in gene"

_NAMED: Final = ("snv", "mnv", "insertion", "deletion", "delins")
_WRITTEN_WITH: Final = "^[ACGT]+$"


def with_fate(alleles: pl.DataFrame, genes: pl.DataFrame) -> pl.DataFrame:
    """Add `fate`, and `why` it goes no further (the FILTER, the kind of allele).

    Args:
        alleles: Columns of `canheal_genome.columns`.
        genes: `contig start end` of the bundle's transcripts.
    """
    bases = col("ref").str.contains(_WRITTEN_WITH) & col("alt").str.contains(_WRITTEN_WITH)
    named = col("kind").is_in(_NAMED)
    fate = (
        pl.when(col("kind") == "reference")
        .then(pl.lit(NO_ALLELE))
        .when(col("filter").is_not_null() & (col("filter") != "PASS"))
        .then(pl.lit(FILTERED))
        .when(~_carried())
        .then(pl.lit(NOT_CARRIED))
        .when(~(named & bases))
        .then(pl.lit(NOT_INTERPRETABLE))
        .when("_in_gene")
        .then(pl.lit(IN_GENE))
        .otherwise(pl.lit(OUTSIDE))
    )
    kind = pl.when(named).then(pl.lit("ambiguous bases")).otherwise("kind")
    why = pl.when(col("fate") == FILTERED).then("filter").when(col("fate") == NOT_INTERPRETABLE).then(kind)
    return (
        alleles.with_columns(_touches(alleles, genes))
        .with_columns(fate.alias("fate"))
        .with_columns(why.alias("why"))
        .drop("_in_gene")
    )


def _carried() -> pl.Expr:
    """Whether the genotype holds this allele; a file without genotypes lists what the sample has."""
    alleles = col("genotype").str.replace_all("|", "/", literal=True).str.split("/")
    named = alleles.list.contains(col("allele_index").cast(pl.String))
    return pl.coalesce(col("dosage") > 0, named, pl.lit(value=True))


def _touches(alleles: pl.DataFrame, genes: pl.DataFrame) -> pl.Series:
    hits = overlap_join(spans(alleles), genes)["query"].unique()
    rows = pl.select(pl.int_range(alleles.height, dtype=pl.Int64)).to_series()
    return rows.is_in(hits.cast(pl.Int64).implode()).alias("_in_gene")


def spans(alleles: pl.DataFrame) -> pl.DataFrame:
    """`contig start end` of REF, 1-based inclusive."""
    length = col("ref").str.len_bytes().cast(pl.Int64)
    return alleles.select("contig", start=col("position"), end=col("position") + length - 1)


@dataclass(slots=True)
class Tally:
    """Sums over batches."""

    records: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    filtered: Counter[str] = field(default_factory=Counter)
    not_interpretable: Counter[str] = field(default_factory=Counter)

    def add(self, alleles: pl.DataFrame) -> None:
        """Count a batch that has `fate` and `why`; a record is never cut by a batch's border."""
        self.records += alleles["record"].n_unique()
        counts = alleles.group_by("fate", "why").len()
        for fate, why, number in counts.iter_rows():
            self.fates[fate] += number
            if fate == FILTERED:
                self.filtered[why] += number
            if fate == NOT_INTERPRETABLE:
                self.not_interpretable[why] += number

    @property
    def alleles(self) -> int:
        return self.fates.total() - self.fates[NO_ALLELE]
