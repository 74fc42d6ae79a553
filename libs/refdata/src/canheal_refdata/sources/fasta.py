"""FASTA: whole chromosomes, or slices that say in their header where they lie.

A sequence whose name is a chromosome's (`1`, `chr1`, `NC_000001.11`) begins at position 1, whatever else its
header says. Any other name needs a region `chrN:start-end` (1-based, inclusive) in its description, as
`samtools faidx` and the gene slices have it.
"""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

from canheal_genome.builds import LENGTHS, Build, contig_name

from canheal_refdata.errors import SourceRefused

_REGION: Final = re.compile(r"(?:^|\s)([\w.]+):(\d+)-(\d+)(?=\s|$)")
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
    header, began, parts = "", 0, list[bytes]()
    with open_maybe_gzip(path) as file:
        for number, line in enumerate(file, start=1):
            if line.startswith(b">"):
                if began:
                    yield began, header, b"".join(parts).upper()
                header, began, parts = line[1:].decode(errors="replace").strip(), number, []
            elif began:
                parts.append(line.strip())
            elif line.strip():
                raise SourceRefused(path, "a FASTA begins with a line '>name'; this one does not", number)
    if not began:
        raise SourceRefused(path, "holds no sequence: not one line begins with '>'")
    yield began, header, b"".join(parts).upper()


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
