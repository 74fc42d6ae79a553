"""A VCF as columns: one row an ALT allele, in bounded batches."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl

SCHEMA: Final = pl.Schema(
    {
        "record": pl.Int64(),  # 0-based index of the record in the file
        "contig": pl.String(),  # canonical (`1`, `X`, `MT`), or the file's own name where it is no chromosome
        "contig_original": pl.String(),
        "position": pl.Int64(),  # 1-based, of REF's first base
        "id": pl.String(),
        "ref": pl.String(),
        "alt": pl.String(),
        "qual": pl.Float64(),
        "filter": pl.String(),
        "allele_index": pl.Int16(),  # 1 for the record's first ALT
        "kind": pl.String(),  # snv mnv insertion deletion delins symbolic breakend spanning
        "genotype": pl.String(),  # as in the file: `0/1`, `1|2`; null without GT
        "dosage": pl.Int8(),  # copies of this ALT in the genotype; null where any allele is missing
        "zygosity": pl.String(),  # heterozygous homozygous hemizygous absent; null without a full genotype
        "depth": pl.Int32(),
        "alt_depth": pl.Int32(),
        "vaf": pl.Float64(),
        "vaf_source": pl.String(),  # the field that gave `vaf`, such as FORMAT/AD
    }
)


def read(
    path: Path, *, sample: str | None, columns: Sequence[str] | None = None, batch_rows: int = 200_000
) -> Iterator[pl.DataFrame]:
    raise NotImplementedError


def read_all(path: Path, *, sample: str | None, columns: Sequence[str] | None = None) -> pl.DataFrame:
    raise NotImplementedError
