"""The records of a VCF where the bundle has bases, in bounded memory: what tells the build of a genome.

Block by block, three fields a record, and no further than needed: a scan of the whole file as one frame takes
400 MB for a genome.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl
from canheal_genome.builds import Build, contig_name
from canheal_genome.compression import pieces
from canheal_genome.header import split_header
from canheal_genome.intervals import overlap_join
from canheal_genome.lines import Block, blocks

SITES: Final = pl.Schema({"contig": pl.String(), "position": pl.Int64(), "ref": pl.String()})
"""One record a row, its contig by the canonical name."""

_FIELDS: Final = {0: "contig", 1: "position", 3: "ref"}
"""Place of CHROM, POS and REF in a record."""


def sites_with_bases(
    path: Path, covered: Mapping[Build, pl.DataFrame], *, enough: int, max_bytes: int
) -> pl.DataFrame:
    """Records in the bundle's slices, in the file's order, rows of `SITES`.

    Args:
        path: A VCF that `vcf.check` let in.
        covered: `contig start end` of each build's slices.
        enough: Records in the slices of every build after which no more are looked for.
        max_bytes: Where reading stops, of the uncompressed file.
    """
    _, records = split_header(blocks(pieces(path, max_bytes)))
    found = [pl.DataFrame(schema=SITES)]
    counts = dict.fromkeys(covered, 0)
    for frame in map(_frame, records):
        rows = {build: _rows_within(frame, slices) for build, slices in covered.items()}
        counts = {build: counts[build] + len(within) for build, within in rows.items()}
        found.append(frame[pl.concat([*rows.values()]).unique().sort()])
        if min(counts.values()) >= enough:
            break
    return pl.concat(found)


def _frame(block: Block) -> pl.DataFrame:
    frame = pl.read_csv(
        block.data,
        separator="\t",
        has_header=False,
        columns=list(_FIELDS),
        quote_char=None,
        infer_schema=False,
    )
    frame = frame.rename(dict(zip(frame.columns, _FIELDS.values(), strict=True)))
    names = frame["contig"].unique()
    canonical = pl.Series([contig_name(name) or name for name in names], dtype=pl.String)
    return frame.select(
        pl.col("contig").replace_strict(names, canonical),
        pl.col("position").cast(pl.Int64),
        pl.col("ref").str.to_uppercase(),
    )


def _rows_within(frame: pl.DataFrame, slices: pl.DataFrame) -> pl.Series:
    spans = frame.select("contig", pl.col("position").alias("start"), pl.col("position").alias("end"))
    return overlap_join(spans, slices)["query"]
