"""FASTA: whole chromosomes, or slices that say in their header where they lie.

A sequence whose name is a chromosome's (`1`, `chr1`, `NC_000001.11`) begins at position 1, whatever else its
header says. Any other name needs a region `chrN:start-end` (1-based, inclusive) in its description, as
`samtools faidx` and the gene slices have it.
"""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, Final, cast

from canheal_genome.builds import LENGTHS, Build, contig_name

from canheal_refdata.errors import SourceRefused

_REGION: Final = re.compile(r"(?:^|\s)([\w.]+):(\d+)-(\d+)(?=\s|$)")
_BLOCK_BYTES: Final = 1 << 24
_NOT_A_BASE: Final = re.compile(rb"[^ACGTUNRYSWKMBDHVacgtunryswkmbdhv*-]")


@dataclass(frozen=True)
class Slice:
    name: str
    contig: str | None  # None: no chromosome of ours, such as a decoy or an alternate locus
    start: int
    bases: bytes

    @property
    def end(self) -> int:
        return self.start + len(self.bases) - 1


def open_maybe_gzip(path: Path) -> IO[bytes]:
    """The uncompressed bytes of a plain, gzip or bgzip file.

    Raises:
        SourceRefused: there is no such file.
    """
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
    except OSError as error:
        raise SourceRefused(path, f"cannot be opened: {error.strerror}") from error
    return cast("IO[bytes]", gzip.open(path, "rb")) if compressed else path.open("rb")


def read_fasta(path: Path, build: Build) -> Iterator[Slice]:
    """Each sequence of the file, upper case, one at a time.

    Raises:
        SourceRefused: the file is no FASTA, is cut, a header's region and its sequence differ in length, or
            a chromosome has the length of the other build.
    """
    try:
        for line, header, bases in _records(path):
            yield _slice(path, line, header, bases, build)
    except (EOFError, gzip.BadGzipFile) as error:
        raise SourceRefused(
            path, f"the compressed file is cut or damaged ({error}); fetch it again"
        ) from error


def _records(path: Path) -> Iterator[tuple[int, str, bytes]]:
    """Line of the header, header, bases; blocks of lines at a time, for a genome has 50 million."""
    line, header, body, seen = 0, "", bytearray(), 0
    with open_maybe_gzip(path) as file:
        for lines in iter(lambda: file.readlines(_BLOCK_BYTES), []):
            starts = [at for at, text in enumerate(lines) if text.startswith(b">")]
            body += _joined(lines[: starts[0] if starts else len(lines)])
            if body and not line:
                raise SourceRefused(path, "a FASTA begins with a line '>name'; this one does not", seen + 1)
            for at, following in pairwise([*starts, len(lines)]):
                yield from [(line, header, bytes(body))] if line else []
                line, header = seen + at + 1, lines[at][1:].decode(errors="replace").strip()
                body = _joined(lines[at + 1 : following])
            seen += len(lines)
    if not line:
        raise SourceRefused(path, "holds no sequence: not one line begins with '>'")
    yield line, header, bytes(body)


def _joined(lines: list[bytes]) -> bytearray:
    return bytearray(b"".join(lines).translate(None, b" \t\r\n").upper())


def _slice(path: Path, line: int, header: str, bases: bytes, build: Build) -> Slice:
    name = header.split(maxsplit=1)[0] if header else ""
    if stray := _NOT_A_BASE.search(bases):
        raise SourceRefused(
            path, f"sequence {name!r} holds {stray[0].decode(errors='replace')!r}, which is no base", line
        )
    contig = contig_name(name)
    if contig is not None:
        _refuse_other_build(path, line, contig, len(bases), build)
        return Slice(name, contig, 1, bases)
    region = _REGION.search(header)
    if region is None:
        return Slice(name, None, 1, bases)
    start, end = int(region[2]), int(region[3])
    if end - start + 1 != len(bases):
        reason = f"{name} says {region[0].strip()}, {end - start + 1:,} bases, and has {len(bases):,}"
        raise SourceRefused(path, reason, line)
    return Slice(name, contig_name(region[1]), start, bases)


def _refuse_other_build(path: Path, line: int, contig: str, length: int, build: Build) -> None:
    other = next(other for other in Build if other is not build)
    if length == LENGTHS[other][contig] != LENGTHS[build][contig]:
        reason = f"chromosome {contig} has the length of {other}; name that --assembly, or a FASTA of {build}"
        raise SourceRefused(path, reason, line)
