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
    frames = (queries, intervals)
    contigs = pl.Enum(pl.concat([frame["contig"] for frame in frames]).unique())
    step = 1 + max(int(frame["end"].to_numpy().max(initial=0)) for frame in frames)
    (q_start, q_end), (i_start, i_end) = (_on_one_axis(frame, contigs, step) for frame in frames)
    query, interval = overlaps(i_start, i_end, q_start, q_end)
    return pl.DataFrame({"query": query, "interval": interval})


def _on_one_axis(frame: pl.DataFrame, contigs: pl.Enum, step: int) -> tuple[Positions, Positions]:
    offset = frame["contig"].cast(contigs).to_physical().to_numpy().astype(np.int64) * step
    return frame["start"].to_numpy() + offset, frame["end"].to_numpy() + offset
