import polars as pl
from canheal_genome.intervals import overlap_join, overlaps
from hypothesis import given
from hypothesis import strategies as st

spans = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 20)).map(lambda s: (s[0], s[0] + s[1])), max_size=25
)


@given(spans, spans)
def test_the_pairs_are_those_that_comparing_all_with_all_finds(intervals: list, queries: list) -> None:
    expected = {
        (q, i)
        for q, (left, right) in enumerate(queries)
        for i, (start, end) in enumerate(intervals)
        if start <= right and end >= left
    }
    query, interval = overlaps(*_columns(intervals), *_columns(queries))
    pairs = list(zip(query.tolist(), interval.tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == expected
    assert query.tolist() == sorted(query.tolist())


def test_a_point_falls_into_intervals_that_nest_and_touches_both_ends() -> None:
    query, interval = overlaps([10, 12, 30], [40, 14, 31], [9, 10, 14, 15, 31, 40, 41])
    assert list(zip(query.tolist(), interval.tolist(), strict=True)) == [
        (1, 0), (2, 0), (2, 1), (3, 0), (4, 0), (4, 2), (5, 0),
    ]  # fmt: skip


def test_contigs_do_not_mix() -> None:
    queries = pl.DataFrame({"contig": ["2", "1", "3"], "start": [5, 5, 5], "end": [5, 8, 5]})
    intervals = pl.DataFrame({"contig": ["1", "2"], "start": [1, 6], "end": [5, 9]})
    assert overlap_join(queries, intervals).rows() == [(1, 0)]


def test_nothing_overlaps_nothing() -> None:
    empty = pl.DataFrame(schema={"contig": pl.String, "start": pl.Int64, "end": pl.Int64})
    assert overlap_join(empty, empty).height == 0


def _columns(pairs: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
