"""Which intervals do positions or intervals fall into: a join by binary search, for one contig or for many.

All intervals are 1-based with both ends inclusive.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

Positions = npt.NDArray[np.int64]


def overlaps(
    starts: npt.ArrayLike,
    ends: npt.ArrayLike,
    query_starts: npt.ArrayLike,
    query_ends: npt.ArrayLike | None = None,
) -> tuple[Positions, Positions]:
    """Every pair of a query and an interval that share a base.

    Args:
        starts: (n,) first bases of the intervals, in any order; they may nest.
        ends: (n,) their last bases.
        query_starts: (m,) first bases of the queries.
        query_ends: (m,) their last bases; None for points.

    Returns:
        (p,) indices of queries, rising, and (p,) indices of intervals, rising by start within a query.

    Intervals are searched by start; how far back one may reach is bounded by the running maximum of the ends.
    """
    first, last = np.asarray(starts, np.int64), np.asarray(ends, np.int64)
    left = np.asarray(query_starts, np.int64)
    right = left if query_ends is None else np.asarray(query_ends, np.int64)
    order = np.argsort(first, kind="stable")
    first, last = first[order], last[order]
    begin = np.searchsorted(np.maximum.accumulate(last) if last.size else last, left, side="left")
    count = np.maximum(np.searchsorted(first, right, side="right") - begin, 0)
    query = np.repeat(np.arange(left.size), count)
    within = np.arange(query.size) - np.repeat(np.cumsum(count) - count, count)
    interval = np.repeat(begin, count) + within
    hit = last[interval] >= left[query]
    return query[hit], order[interval[hit]]


def overlap_join(queries: pl.DataFrame, intervals: pl.DataFrame) -> pl.DataFrame:
    """The same over contigs: pairs of row numbers `query`, `interval`.

    Args:
        queries: Frame with `contig`, `start`, `end`.
        intervals: The same.

    Contigs are laid end to end on one axis, so that one search serves them all.
    """
    contigs = pl.concat([queries["contig"], intervals["contig"]]).unique()
    ends = pl.concat([frame["end"].cast(pl.Int64) for frame in (queries, intervals)]).to_numpy()
    step = int(ends.max(initial=0)) + 1
    offsets = pl.DataFrame({"contig": contigs, "offset": np.arange(len(contigs), dtype=np.int64) * step})
    q, i = (
        frame.select("contig", "start", "end")
        .join(offsets, on="contig", how="left", maintain_order="left")
        .select(pl.col("start") + pl.col("offset"), pl.col("end") + pl.col("offset"))
        for frame in (queries, intervals)
    )
    query, interval = overlaps(i["start"], i["end"], q["start"], q["end"])
    return pl.DataFrame({"query": query, "interval": interval})
