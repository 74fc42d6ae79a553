"""Which transcripts and which exon an allele lies in or beside."""

from typing import Final

import polars as pl
from canheal_genome.intervals import overlap_join
from polars import col

from canheal_annotate.fates import spans

NEAR: Final = 200
"""Bases beside an exon that are named with it. The splice terms of the Sequence Ontology reach 17; an exome
is read some 100 bases beyond its exons, and those variants should have a name too."""

_TRANSCRIPT: Final = ("gene", "feature_id", "transcript", "transcript_ensembl", "has_sequence")


def with_transcripts(alleles: pl.DataFrame, genes: pl.DataFrame) -> pl.DataFrame:
    """One row an allele and transcript, with its columns; alleles outside all genes are absent."""
    pairs = overlap_join(spans(alleles), genes)
    transcripts = genes.select(
        *(col(name) for name in _TRANSCRIPT[:2]),
        pl.coalesce("transcript", "feature_id").alias("transcript"),
        "transcript_ensembl",
        "has_sequence",
    )
    return alleles[pairs["query"]].hstack(transcripts[pairs["interval"]])


def with_exon(rows: pl.DataFrame, exons: pl.DataFrame) -> pl.DataFrame:
    """Add `exon`: rank of the transcript's nearest exon within `NEAR` bases; null deep in an intron.

    Args:
        rows: As `with_transcripts` gives them.
        exons: Columns of the bundle's `EXONS`.
    """
    numbered = rows.with_row_index("_row")
    around = spans(rows).with_columns(col("start") - NEAR, col("end") + NEAR)
    pairs = overlap_join(around, exons)
    reached = exons[pairs["interval"]].select(
        "rank", _feature="feature_id", _start=col("start").cast(pl.Int64), _end=col("end").cast(pl.Int64)
    )
    first, last = col("position"), col("position") + col("ref").str.len_bytes().cast(pl.Int64) - 1
    nearest = (
        numbered[pairs["query"]]
        .hstack(reached)
        .filter(col("_feature") == col("feature_id"))
        .with_columns(_distance=pl.max_horizontal(col("_start") - last, first - col("_end"), 0))
        .sort("_distance", "rank")
        .group_by("_row", maintain_order=True)
        .agg(exon=col("rank").first())
    )
    return numbered.join(nearest, on="_row", how="left", maintain_order="left").drop("_row")
