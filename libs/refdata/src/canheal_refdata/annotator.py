"""Consequences and HGVS names by mehari, with the genome's bases wherever the bundle has them.

With a reference mehari shifts indels in introns and at exon edges to the 3' end; asked about a place where
the reference is unknown it gives an indel no annotation at all. So a variant inside a slice is asked with
the reference, any other without.
"""

import logging
import tempfile
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Final

import mehari
import polars as pl

from canheal_refdata.errors import ScratchRefused

MARGIN: Final = 200
"""Bases that must be known on either side of a variant, so that an indel can be shifted."""

_ROW: Final = "__row"
_ASKED: Final = ("chromosome", "position", "reference", "alternative")
_BASES: Final = "^[ACGT]+$"


class Annotator:
    """mehari's `annotate(frame)` for one assembly; safe to keep for the life of a process.

    Args:
        database: The transcript database.
        reference: A FASTA with its `.fai` beside it; the mapping outlives the file. None: there are no bases.
        covered: `contig start end`, 1-based inclusive, disjoint: where the reference has bases.
    """

    def __init__(self, database: Path, reference: Path | None, covered: pl.DataFrame) -> None:
        for name in ("mehari", "hgvs"):
            # Their warnings name the variant, and a variant must not reach a log.
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._database = str(database)
        self._covered = _shrunk(covered)
        self._known = mehari.SeqvarsAnnotator(self._database, str(reference)) if reference else self._unknown

    @cached_property
    def _unknown(self) -> mehari.SeqvarsAnnotator:
        return mehari.SeqvarsAnnotator(self._database)

    def annotate(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with a column `annotation`: a list of structs, one a transcript, as mehari has it.

        It is empty where no transcript is near, and null where mehari was not asked: alleles that are no A,
        C, G, T (one of them would fail the whole frame), a missing value. REF is not compared with the
        genome.

        Args:
            frame: `chromosome` (canonical or with chr), `position` (1-based), `reference`, `alternative`
                (upper case); other columns are kept.
        """
        numbered = frame.with_row_index(_ROW)
        asked = numbered.filter(
            pl.col("chromosome").is_not_null(),
            pl.col("position") > 0,
            pl.col("reference").cast(pl.String).str.contains(_BASES),
            pl.col("alternative").cast(pl.String).str.contains(_BASES),
        ).select(_ROW, *_ASKED)
        inside = _inside(asked, self._covered)
        said = [self._known.annotate(asked.filter(inside))]
        if not inside.all():
            said.append(self._unknown.annotate(asked.filter(~inside)))
        answers = pl.concat(said).select(_ROW, "annotation")
        return numbered.join(answers, on=_ROW, how="left", maintain_order="left").drop(_ROW)


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
    try:
        with tempfile.TemporaryDirectory(prefix="canheal-refdata-") as scratch:
            fasta = Path(scratch) / "reference.fa"
            _lay_out(fasta, bases, lengths)
            return Annotator(database, fasta, merged(slices))
    except OSError as error:
        raise ScratchRefused(error) from error


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
