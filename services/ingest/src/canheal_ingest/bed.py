"""The callable size of an assay, from the BED file of its targets.

BED (GA4GH BED v1.0): contig, start and end in the first three fields, 0-based and half-open; lines that start
with `#`, `track` or `browser` say nothing of positions.
"""

import polars as pl

from canheal_ingest.errors import BedRefused

MOST_MB = 4000.0
"""As the contract's `Assay` has it."""
_FIELDS = ("contig", "start", "end")


def merged_size_mb(text: str) -> float:
    """Megabases that the intervals cover, each base counted once.

    Raises:
        BedRefused: a line is no interval, there is none, or they cover more than a genome has.
    """
    lines = pl.DataFrame({"text": text.splitlines()}, schema={"text": pl.String}).with_row_index(
        "line", offset=1
    )
    said = lines.filter(~pl.col("text").str.contains(r"^\s*$|^#|^track\b|^browser\b"))
    intervals = said.with_columns(
        pl.col("text").str.extract_groups(r"^(\S+)\s+(\d{1,10})\s+(\d{1,10})(?:\s|$)").alias("groups")
    ).select(
        "line",
        "text",
        *(pl.col("groups").struct.field(str(n)).alias(name) for n, name in enumerate(_FIELDS, start=1)),
    )
    intervals = intervals.with_columns(pl.col("start", "end").cast(pl.Int64))
    _refuse_malformed(intervals)
    size_mb = _merged(intervals) / 1e6
    if size_mb > MOST_MB:
        raise BedRefused(f"the intervals cover {size_mb:,.0f} Mb; a human genome has about 3,100")
    return size_mb


def _refuse_malformed(intervals: pl.DataFrame) -> None:
    if intervals.is_empty():
        raise BedRefused("the BED file has no interval; expected `contig start end` a line")
    wrong = intervals.filter(pl.col("end").is_null() | (pl.col("start") >= pl.col("end")))
    if not wrong.is_empty():
        line, text = wrong.select("line", "text").row(0)
        raise BedRefused(
            f"found {text[:80]!r}; expected contig, start and end separated by tabs, start below end", line
        )


def _merged(intervals: pl.DataFrame) -> int:
    """Each interval counts from where all before it on its contig ended."""
    reached = pl.col("end").cum_max().shift(1, fill_value=0).over("contig")
    fresh = (pl.col("end") - pl.max_horizontal("start", reached)).clip(lower_bound=0)
    return int(intervals.sort("contig", "start").select(fresh.sum()).item())
