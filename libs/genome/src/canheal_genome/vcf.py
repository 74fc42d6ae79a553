"""The door: is this file a whole, readable VCF, and of which sample?

One pass in bounded memory: pieces are decompressed and proven whole (compression), cut into blocks of lines
(lines), the header is read (header, samples), and each block becomes columns on which the rules are
expressions (records). Stricter than the specification in one thing: records must be sorted, contigs in one
block each, because everything after the door reads them in order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from canheal_genome.builds import Build, build_from_contigs
from canheal_genome.compression import Compression, compression_of, pieces
from canheal_genome.contents import Contents
from canheal_genome.errors import VcfRefused
from canheal_genome.header import FIXED, Header, split_header
from canheal_genome.lines import Block, blocks
from canheal_genome.records import HAS_GT, explain, first_breach
from canheal_genome.samples import Kind, choose

_TAB, _NEWLINE = ord("\t"), ord("\n")
_VARIANT = ("chrom", "pos", "ref", "alt")
_NAMES = tuple(name.lstrip("#").lower() for name in FIXED)


@dataclass(frozen=True, slots=True)
class VcfFacts:
    """What a checked file is."""

    fileformat: str
    compression: Compression
    samples: tuple[str, ...]
    sample: str | None
    """The column to interpret: the tumour of a tumour VCF, the person of a germline one; None: sites only."""
    normal: str | None
    contigs: Mapping[str, int | None]
    """Declared contigs and their lengths."""
    n_records: int
    size_bytes: int
    uncompressed_bytes: int
    has_genotypes: bool
    """Whether any record has a GT for the sample."""

    @property
    def build(self) -> Build | None:
        """By the contig lengths, None where none is declared; raises BuildRefused where they contradict."""
        return build_from_contigs(
            {name: length for name, length in self.contigs.items() if length is not None}
        )


def check(
    path: Path,
    *,
    kind: Kind,
    tumour: str | None = None,
    normal: str | None = None,
    max_uncompressed_bytes: int = 64 << 30,
) -> VcfFacts:
    """Read the whole file once and refuse it by name, or say what it is.

    Args:
        path: The file as it came: plain, gzip or BGZF.
        kind: `germline` demands genotypes; `tumour` allows a file without sample columns.
        tumour: Name of the tumour's column, where the file does not say it.
        normal: Name of the normal's column; in a germline file, of the person's.
        max_uncompressed_bytes: Where reading stops: the guard against a decompression bomb.

    Raises:
        VcfRefused: with the rule, the line and the reason.
    """
    meter = _Meter()
    header, records = split_header(blocks(meter.count(pieces(path, max_uncompressed_bytes))))
    chosen = choose(header, kind, tumour=tumour, normal=normal)
    tally = _tally(records, header, [f"sample:{name}" for name in (chosen.sample, chosen.normal) if name])
    if kind == "germline" and tally.n_records and not tally.has_genotypes:
        raise VcfRefused("genotypes-missing", "no record has a GT; a germline VCF must carry genotypes")
    return VcfFacts(
        fileformat=header.fileformat,
        compression=compression_of(path),
        samples=header.samples,
        sample=chosen.sample,
        normal=chosen.normal,
        contigs=header.contigs,
        n_records=tally.n_records,
        size_bytes=path.stat().st_size,
        uncompressed_bytes=meter.total,
        has_genotypes=tally.has_genotypes,
    )


@dataclass(slots=True)
class _Meter:
    total: int = 0

    def count(self, source: Iterator[bytes]) -> Iterator[bytes]:
        for piece in source:
            self.total += len(piece)
            yield piece


@dataclass(slots=True)
class _Tally:
    n_records: int = 0
    has_genotypes: bool = False


def _tally(records: Iterator[Block], header: Header, samples: Sequence[str]) -> _Tally:
    tally, order, contents = _Tally(), _Order(), Contents.of(header, samples)
    for block in records:
        _count_fields(block, len(header.columns))
        frame = _frame(block, header, samples)
        _refuse_breach(frame, samples, contents, block.first_line)
        order.follow(frame, block.first_line)
        tally.n_records += frame.height
        if samples and not tally.has_genotypes:
            tally.has_genotypes = bool(frame.select(HAS_GT.any()).item())
    return tally


def _refuse_breach(frame: pl.DataFrame, samples: Sequence[str], contents: Contents, first_line: int) -> None:
    """Of the first record at fault, form comes before contents."""
    breach = first_breach(frame, samples)
    found = contents.first_breach(frame if breach is None else frame.head(breach[0]))
    if found is not None:
        raise VcfRefused(found.rule, found.reason, first_line + found.row)
    if breach is not None:
        row, rule = breach
        raise VcfRefused(rule.slug, explain(rule, frame.row(row, named=True)), first_line + row)


def _count_fields(block: Block, expected: int) -> None:
    """Every line has as many fields as the header: counted here, since a CSV reader would fill the gaps."""
    data = np.frombuffer(block.data, np.uint8)
    ends, tabs = np.flatnonzero(data == _NEWLINE), np.flatnonzero(data == _TAB)
    if tabs.size == ends.size * (expected - 1):
        grid = tabs.reshape(ends.size, expected - 1)
        if (grid[:, -1] < ends).all() and (grid[1:, 0] > ends[:-1]).all():
            return
    counts = np.diff(np.searchsorted(tabs, ends), prepend=0) + 1
    row = int(np.flatnonzero(counts != expected)[0])
    raise VcfRefused(
        "field-count",
        f"the record has {counts[row]} fields, the #CHROM line {expected}; separate fields with one tab each",
        block.first_line + row,
    )


def _frame(block: Block, header: Header, samples: Sequence[str]) -> pl.DataFrame:
    """The fixed columns and the wanted samples, under `sample:<name>`, since a sample may be called `pos`."""
    names = [*_NAMES, "format", *(f"sample:{name}" for name in header.samples)][: len(header.columns)]
    wanted = [*_NAMES, "format", *samples] if samples else list(_NAMES)
    return pl.read_csv(
        block.data,
        separator="\t",
        has_header=False,
        new_columns=names,
        columns=[names.index(name) for name in wanted],
        quote_char=None,
        infer_schema=False,
    )


@dataclass(slots=True)
class _Order:
    """Positions never fall within a contig, a contig never comes back, and no record is there twice."""

    contig: str | None = None
    position: int = -1
    seen: set[str] = field(default_factory=set)
    last: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema=dict.fromkeys(_VARIANT, pl.String))
    )
    """The records at the last position, of which the next block may hold more."""

    def follow(self, frame: pl.DataFrame, first_line: int) -> None:
        positions = frame["pos"].cast(pl.Int64).to_numpy()
        start = 0
        for length, contig in frame["chrom"].rle().struct.unnest().iter_rows():
            self._enter(contig, first_line + start)
            falls = np.flatnonzero(np.diff(positions[start : start + length], prepend=self.position) < 0)
            if falls.size:
                at = start + int(falls[0])
                raise _unsorted(f"{contig}:{positions[at]} stands after a greater position", first_line + at)
            self.position = int(positions[start + length - 1])
            start += length
        self._refuse_repeated(frame.select(_VARIANT), positions, first_line)

    def _refuse_repeated(self, frame: pl.DataFrame, positions: NDArray[np.int64], first_line: int) -> None:
        same = np.flatnonzero(np.diff(positions) == 0)
        edge = int(np.argmax(positions != positions[0])) or len(
            positions
        )  # rows at the block's first position
        rows = np.union1d(np.union1d(same, same + 1), np.arange(edge) if self.last.height else [])
        shared = pl.concat([self.last, frame[rows.astype(np.int64)]])
        exact = ~pl.col("alt").str.contains(r"[<\[\].]")  # of a symbolic allele INFO may say another end
        again = shared.select(pl.arg_where(exact & ~pl.struct(_VARIANT).is_first_distinct())).to_series()
        if not again.is_empty():
            contig, position, ref, alt = shared.row(int(again[0]))
            raise VcfRefused(
                "record-duplicate",
                f"{contig}:{position} {ref[:40]}>{alt[:40]} is there twice; expected a variant once. "
                "Keep one: bcftools norm --rm-dup exact",
                first_line + int(rows[int(again[0]) - self.last.height]),
            )
        others = np.flatnonzero(positions != positions[-1])
        self.last = frame[int(others[-1]) + 1 if others.size else 0 :]

    def _enter(self, contig: str, line: int) -> None:
        if contig == self.contig:
            return
        if contig in self.seen:
            raise _unsorted(f"contig {contig} comes back after another contig", line)
        self.seen.add(contig)
        self.contig, self.position = contig, -1


def _unsorted(found: str, line: int) -> VcfRefused:
    return VcfRefused(
        "unsorted",
        f"{found}; expected records in order. Sort them: bcftools sort -Oz -o sorted.vcf.gz FILE",
        line,
    )
