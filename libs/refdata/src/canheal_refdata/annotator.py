"""Consequences and HGVS names by mehari, with the genome's bases wherever the bundle has them.

With a reference mehari shifts indels in introns and at exon edges to the 3' end; asked about a place where
the reference is unknown it gives an indel no annotation at all. So a variant inside a slice is asked with
the reference, any other without.
"""

import logging
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

import mehari
import polars as pl

MARGIN: Final = 200
"""Bases that must be known on either side of a variant, so that an indel can be shifted."""

_ROW: Final = "__row"


class Annotator:
    """mehari's `annotate(frame)` for one assembly; safe to keep for the life of a process.

    Args:
        database: The transcript database.
        reference: A FASTA with its `.fai` beside it; the mapping outlives the file. None: there are no bases.
        covered: `contig start end`, 1-based inclusive, disjoint: where the reference has bases.
    """

    def __init__(self, database: Path, reference: Path | None, covered: pl.DataFrame) -> None:
        self._database = str(database)
        self._covered = _shrunk(covered)
        self._known = mehari.SeqvarsAnnotator(self._database, str(reference)) if reference else None

    @cached_property
    def _unknown(self) -> mehari.SeqvarsAnnotator:
        with _without_the_warning_about_the_reference():
            return mehari.SeqvarsAnnotator(self._database)

    def annotate(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with a column `annotation`, one struct a transcript.

        Args:
            frame: `chromosome` (canonical or with chr), `position` (1-based), `reference`, `alternative`;
                other columns are kept.
        """
        if self._known is None:
            return self._unknown.annotate(frame)
        numbered = frame.with_row_index(_ROW)
        inside = _inside(numbered, self._covered)
        if inside.all():
            return self._known.annotate(frame)
        parts = [
            self._known.annotate(numbered.filter(inside)),
            self._unknown.annotate(numbered.filter(~inside)),
        ]
        return pl.concat(parts).sort(_ROW).drop(_ROW)


def _shrunk(covered: pl.DataFrame) -> pl.DataFrame:
    start, end = pl.col("start").cast(pl.Int64), pl.col("end").cast(pl.Int64)
    return covered.select("contig", _from=start + MARGIN, _to=end - MARGIN).sort("_from")


def _inside(frame: pl.DataFrame, covered: pl.DataFrame) -> pl.Series:
    """Which rows lie wholly inside one covered range."""
    first = pl.col("position").cast(pl.Int64)
    variants = frame.select(
        _ROW,
        contig=pl.col("chromosome").cast(pl.String).str.strip_prefix("chr"),
        _first=first,
        _last=first + pl.col("reference").cast(pl.String).str.len_bytes() - 1,
    ).sort("_first")
    found = variants.join_asof(
        covered, left_on="_first", right_on="_from", by="contig", check_sortedness=False
    )
    inside = (pl.col("_last") <= pl.col("_to")).fill_null(value=False)
    return found.sort(_ROW).select(inside=inside)["inside"]


@contextmanager
def _without_the_warning_about_the_reference() -> Iterator[None]:
    """Opening without reference is what we want here, and callers hear of genes without sequence by name."""
    logger = logging.getLogger("mehari.annotate.seqvars.provider")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def open_on_slices(
    database: Path, slices: pl.DataFrame, bases: Iterable[tuple[str, int, str]], lengths: dict[str, int]
) -> Annotator:
    """An annotator over packed slices.

    The slices are laid out for mehari at their places in a sparse FASTA of whole chromosomes; it maps the
    file, so the file is gone from the folder for temporary files before this returns.

    Args:
        database: The transcript database.
        slices: `contig start end`; they may overlap.
        bases: Each slice's contig, start and letters.
        lengths: Bases of each chromosome.
    """
    with tempfile.TemporaryDirectory(prefix="canheal-refdata-") as scratch:
        fasta = Path(scratch) / "reference.fa"
        _lay_out(fasta, bases, lengths)
        return Annotator(database, fasta, merged(slices))


def _lay_out(fasta: Path, bases: Iterable[tuple[str, int, str]], lengths: dict[str, int]) -> None:
    offsets, index, at = dict[str, int](), list[str](), 0
    for contig, length in lengths.items():
        offsets[contig] = at
        index.append(f"{contig}\t{length}\t{at}\t{length}\t{length + 1}\n")
        at += length + 1
    fasta.with_name(fasta.name + ".fai").write_text("".join(index), encoding="ascii")
    with fasta.open("wb") as file:
        file.truncate(at)
        for contig, start, letters in bases:
            file.seek(offsets[contig] + start - 1)
            file.write(letters.encode("ascii"))


def merged(slices: pl.DataFrame) -> pl.DataFrame:
    """Overlapping or touching ranges as one, disjoint and sorted."""
    reach = pl.col("end").cum_max().shift(1).over("contig")
    fresh = (pl.col("start") > reach + 1).fill_null(value=True)
    return (
        slices.sort("contig", "start")
        .with_columns(_group=fresh.cum_sum())
        .group_by("contig", "_group", maintain_order=True)
        .agg(pl.col("start").min(), pl.col("end").max())
        .drop("_group")
    )
