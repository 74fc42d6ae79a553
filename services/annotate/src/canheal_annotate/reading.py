"""A sample's alleles as they stand in its VCF, each with its fate and what the matched normal has of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl
from canheal_genome import columns
from canheal_schemas import SampleContext
from polars import col

from canheal_annotate.fates import with_fate

NORMAL: Final = "normal_genotype"
"""Genotype of the matched normal where it carries the allele; else null."""

SCHEMA: Final = pl.Schema({**columns.SCHEMA, NORMAL: pl.String(), "fate": pl.String(), "why": pl.String()})


def read_alleles(vcf: Path, context: SampleContext, genes: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Batches in the file's order, columns of `SCHEMA`.

    Args:
        vcf: A file that `canheal_genome.vcf.check` let in.
        context: Which columns are the sample's and the matched normal's.
        genes: The bundle's transcripts.

    Raises:
        VcfRefused: the VCF has no such column.
    """
    batches = columns.read(vcf, sample=context.vcf_sample)
    if context.vcf_normal is None:
        marked = (batch.with_columns(pl.lit(None, pl.String).alias(NORMAL)) for batch in batches)
    else:
        normal = columns.read(vcf, sample=context.vcf_normal, columns=["genotype", "dosage"])
        marked = (batch.with_columns(_carried(other)) for batch, other in zip(batches, normal, strict=True))
    for batch in marked:
        yield with_fate(batch, genes).select(SCHEMA.names())


def _carried(normal: pl.DataFrame) -> pl.Series:
    """The same records were read the same way, so the rows are the same alleles."""
    return normal.select(pl.when(col("dosage") > 0).then("genotype").alias(NORMAL)).to_series()
