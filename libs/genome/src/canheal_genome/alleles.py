"""One way to write an allele: trimmed to what changes, an indel as far left as the sequence lets it stand.

Source: Tan, Abecasis and Kang 2015, "Unified representation of genetic variants" (doi
10.1093/bioinformatics/btv112). Positions are 1-based; `fetch(contig, start, end)` gives the bases of both
ends inclusive, or None where it does not have all of them. Only indels ask for sequence.
"""

from collections.abc import Callable
from typing import Final

import polars as pl
from polars import col

from canheal_genome.columns import kind

Fetch = Callable[[str, int, int], str | None]

_BASES: Final = "^[ACGTN]+$"
_COMPLEMENT: Final = str.maketrans("ACGTNacgtn", "TGCANtgcan")
_FIRST_WINDOW: Final = 64


def reverse_complement(sequence: str) -> str:
    return sequence.translate(_COMPLEMENT)[::-1]


def complement(allele: pl.Expr) -> pl.Expr:
    """The allele as read on the other strand, as scoring files and old arrays write it."""
    return allele.str.to_uppercase().str.reverse().str.replace_many(list("ACGT"), list("TGCA"))


def ambiguous(first: pl.Expr, second: pl.Expr) -> pl.Expr:
    """Whether two alleles are each other's complement (A/T, C/G): their strand cannot be told from them."""
    return first.str.to_uppercase() == complement(second)


def normalise(frame: pl.DataFrame, fetch: Fetch) -> pl.DataFrame:
    """Trim, then left-align; a second time changes nothing.

    Args:
        frame: `contig`, `position`, `ref`, `alt` in capitals, one ALT a row (`columns.read`); more ride
            along.
        fetch: The reference of the frame's build.

    Returns:
        The same rows in the same order, with `aligned` (see `left_align`), and `kind` as the alleles now
        stand. Symbolic alleles, breakends, `*` and records without ALT are left as they are.
    """
    return frame.pipe(trim).pipe(left_align, fetch).with_columns(kind())


def trim(frame: pl.DataFrame) -> pl.DataFrame:
    """Take off the shared suffix, then the shared prefix, leaving one base of each.

    The suffix goes first, so that what is left of an indel stands left. The lengths are found by bisection
    over all rows at once: a long allele costs a few comparisons, not one a base.
    """
    both_long = (col("ref").str.len_bytes() > 1) & (col("alt").str.len_bytes() > 1)
    bases = col("ref").str.contains(_BASES) & col("alt").str.contains(_BASES) & (col("ref") != col("alt"))
    rows = frame.select("position", "ref", "alt").with_row_index("row").filter(both_long & bases)
    if rows.is_empty():
        return frame
    rows = _shared(rows, from_the_end=True)
    rows = rows.with_columns(
        col("ref").str.head(col("ref").str.len_bytes() - col("shared")),
        col("alt").str.head(col("alt").str.len_bytes() - col("shared")),
    )
    rows = _shared(rows, from_the_end=False)
    rows = rows.with_columns(
        col("position") + col("shared"),
        col("ref").str.slice(col("shared")),
        col("alt").str.slice(col("shared")),
    )
    return _put_back(frame, rows.drop("shared"))


def _shared(rows: pl.DataFrame, *, from_the_end: bool) -> pl.DataFrame:
    """Add `shared`: how many bases both alleles begin (or end) with, one of each always left over."""
    most = pl.min_horizontal(col("ref").str.len_bytes(), col("alt").str.len_bytes()).cast(pl.Int64) - 1
    rows = rows.with_columns(most.alias("most"), pl.lit(0, pl.Int64).alias("shared"))
    longest = rows.select(col("most").max()).item()
    for _ in range(int(longest).bit_length()):
        middle = (col("shared") + col("most") + 1) // 2
        ref, alt = (
            col(name).str.tail(middle) if from_the_end else col(name).str.head(middle)
            for name in ("ref", "alt")
        )
        rows = rows.with_columns((ref == alt).alias("same"), middle.alias("middle")).with_columns(
            pl.when("same").then("middle").otherwise("shared").alias("shared"),
            pl.when("same").then("most").otherwise(col("middle") - 1).alias("most"),
        )
    return rows.drop("most", "same", "middle", strict=False)


def _put_back(frame: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    return (
        frame.with_row_index("row")
        .join(rows, on="row", how="left", suffix=".new", maintain_order="left")
        .with_columns(pl.coalesce(f"{name}.new", name).alias(name) for name in ("position", "ref", "alt"))
        .select(frame.columns)
    )


def left_align(frame: pl.DataFrame, fetch: Fetch) -> pl.DataFrame:
    """Shift each indel as far left as it goes and anchor it on the base before.

    Returns:
        The frame with `aligned`: false where an indel could not be proven leftmost (no sequence there, the
        shift leaves the sequence, or REF is not what the sequence says) and so stands as it was; true
        everywhere else.
    """
    ref, alt = col("ref"), col("alt")
    indel = (ref.str.len_bytes() != alt.str.len_bytes()) & (
        ref.str.starts_with(alt) | alt.str.starts_with(ref) | ref.str.ends_with(alt) | alt.str.ends_with(ref)
    )
    bases = ref.str.contains(_BASES) & alt.str.contains(_BASES)
    rows = frame.select("contig", "position", "ref", "alt").with_row_index("row").filter(indel & bases)
    if rows.is_empty():
        return frame.with_columns(aligned=pl.lit(value=True))
    moved = [(row, *leftmost(contig, at, r, a, fetch)) for row, contig, at, r, a in rows.iter_rows()]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "row": pl.UInt32, "position": pl.Int64, "ref": pl.String, "alt": pl.String, "aligned": pl.Boolean,
    }  # fmt: skip
    shifted = pl.DataFrame(moved, schema=schema, orient="row")
    aligned = (
        pl.select(pl.int_range(frame.height, dtype=pl.UInt32).alias("row"))
        .join(shifted.select("row", "aligned"), on="row", how="left", maintain_order="left")
        .get_column("aligned")
        .fill_null(value=True)
    )
    return _put_back(frame, shifted.drop("aligned")).with_columns(aligned)


def leftmost(contig: str, position: int, ref: str, alt: str, fetch: Fetch) -> tuple[int, str, str, bool]:
    """One pure indel's leftmost form, and whether it is proven to be it."""
    as_it_was = (position, ref, alt, False)
    if fetch(contig, position, position + len(ref) - 1) != ref:
        return as_it_was
    before, changed = _change(position, ref, alt)
    anchor = _slide(contig, before, changed, fetch)
    if anchor is None:
        return as_it_was
    turned = (before - anchor) % len(changed)
    changed = changed[len(changed) - turned :] + changed[: len(changed) - turned]
    if anchor == 0:  # at the contig's first base there is nothing before: VCF anchors on the base after
        after = (
            fetch(contig, 1 + len(changed), 1 + len(changed)) if len(ref) > len(alt) else fetch(contig, 1, 1)
        )
        long, short, start = f"{changed}{after}", after, 1
    else:
        short = fetch(contig, anchor, anchor)
        long, start = f"{short}{changed}", anchor
    if short is None:
        return as_it_was
    return (start, long, short, True) if len(ref) > len(alt) else (start, short, long, True)


def _change(position: int, ref: str, alt: str) -> tuple[int, str]:
    """The position before the inserted or deleted bases, and those bases."""
    long, short = (ref, alt) if len(ref) > len(alt) else (alt, ref)
    if long.startswith(short):
        return position + len(short) - 1, long[len(short) :]
    return position - 1, long[: len(long) - len(short)]


def _slide(contig: str, before: int, changed: str, fetch: Fetch) -> int | None:
    """Where the bases before `before` stop repeating the changed ones; None where the sequence ends first.

    Each step left that matches turns the changed bases by one, so the sequence is compared with their
    repetition.
    """
    at, turn, window = before, 0, _FIRST_WINDOW
    while at > 0:
        size = min(window, at)
        bases = fetch(contig, at - size + 1, at)
        if bases is None:
            if size == 1:
                return None
            window = size // 2
            continue
        for base in reversed(bases):
            if base != changed[-1 - turn % len(changed)]:
                return at
            at, turn = at - 1, turn + 1
        window *= 2
    return 0
