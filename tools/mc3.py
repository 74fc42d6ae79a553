"""Rows of TCGA's MC3 (public MAF, GRCh37) as alleles of a VCF."""

from pathlib import Path
from typing import Final

import polars as pl
from canheal_annotate.reading import SCHEMA
from canheal_genome import columns
from canheal_genome.alleles import Fetch
from polars import col

BARCODE: Final = "Tumor_Sample_Barcode"


def read_mafs(folder: Path) -> pl.DataFrame:
    """The rows of every `tcga_mc3_*.maf.gz` of the folder that passed all filters, with `row`, `position`."""
    frames = [
        pl.read_csv(maf, separator="\t", infer_schema=False, quote_char=None)
        for maf in sorted(folder.glob("tcga_mc3_*.maf.gz"))
    ]
    rows = pl.concat(frames, how="diagonal").filter(col("FILTER") == "PASS")
    return rows.with_row_index("row").with_columns(position=col("Start_Position").cast(pl.Int64))


def as_alleles(rows: pl.DataFrame, fetch: Fetch) -> pl.DataFrame:
    """Columns of `canheal_annotate.reading.SCHEMA`, most of them null; `record` is the row.

    A MAF writes an indel without the base before it (`-`); that base comes from the sequence, and a row where
    there is none is absent.
    """
    ref, alt = col("Reference_Allele"), col("Tumor_Seq_Allele2")
    anchor_at = pl.when(ref == "-").then("position").when(alt == "-").then(col("position") - 1)
    written = rows.select(
        "row",
        "position",
        contig="Chromosome",
        ref=ref.replace("-", ""),
        alt=alt.replace("-", ""),
        at=anchor_at,
    )
    anchors = written.drop_nulls("at").select("row", "contig", "at")
    bases = [(row, fetch(contig, at, at)) for row, contig, at in anchors.iter_rows()]
    known = pl.DataFrame(bases, schema={"row": pl.UInt32, "base": pl.String}, orient="row")
    anchored = written.join(known, on="row", how="left", maintain_order="left").filter(
        col("at").is_null() | col("base").is_not_null()
    )
    before = col("base").fill_null("")
    alleles = anchored.select(
        pl.coalesce("at", "position").alias("position"),
        col("row").cast(pl.Int64).alias("record"),
        "contig",
        (before + col("ref")).alias("ref"),
        (before + col("alt")).alias("alt"),
        pl.lit(1, pl.Int16).alias("allele_index"),
    ).with_columns(columns.kind())
    return pl.concat([pl.DataFrame(schema=SCHEMA), alleles], how="diagonal")
