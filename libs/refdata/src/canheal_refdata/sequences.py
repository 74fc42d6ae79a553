"""The genome's bases, as much as a bundle has of them, mapped and never read whole.

Slices are packed two bits a base (A 0, C 1, G 2, T 3, the first base in the lowest bits) one after the other
in one file, identical slices of two assemblies once; what is not A, C, G or T stands as runs in a table
beside it. A whole chromosome is instead one line of a plain FASTA with its index, which a 3 GB genome needs
no unpacking for and which the annotator maps as it is.
"""

import hashlib
import io
import mmap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

SLICES: Final = pl.Schema(
    {"contig": pl.String(), "start": pl.Int32(), "end": pl.Int32(), "offset": pl.Int64()}
)
"""One packed slice a row: 1-based inclusive genomic range, byte offset of its first base."""

RUNS: Final = pl.Schema({"contig": pl.String(), "start": pl.Int32(), "end": pl.Int32(), "base": pl.String()})
"""One run of a letter other than A, C, G, T a row."""

_LETTERS: Final = np.frombuffer(b"ACGT", dtype=np.uint8)
_CODES: Final = np.full(256, 4, dtype=np.uint8)
_CODES[_LETTERS] = np.arange(4, dtype=np.uint8)
_UNPACKED: Final = _LETTERS[(np.arange(256)[:, None] >> np.array([0, 2, 4, 6])) & 3]
"""Four letters for each packed byte."""


class Bases(Protocol):
    """Reads the bases of one assembly."""

    def sequence(self, contig: str, start: int, end: int) -> str | None: ...


class Packed(NamedTuple):
    """One row of `SLICES` and its rows of `RUNS`."""

    row: tuple[str, int, int, int]
    runs: list[tuple[str, int, int, str]]


@dataclass
class Packer:
    """Collects slices of any assembly into one packed file and one table an assembly."""

    packed: io.BytesIO = field(default_factory=io.BytesIO)
    _offsets: dict[bytes, int] = field(default_factory=dict)

    def add(self, contig: str, start: int, bases: bytes) -> Packed:
        """Pack one slice that begins at `start`."""
        letters = np.frombuffer(bases.upper(), dtype=np.uint8)
        codes = _CODES[letters]
        offset = self._write(np.where(codes > 3, 0, codes))
        return Packed(
            (contig, start, start + len(letters) - 1, offset), _runs(contig, start, letters, codes > 3)
        )

    def _write(self, codes: npt.NDArray[np.uint8]) -> int:
        padded = np.zeros(-(-len(codes) // 4) * 4, dtype=np.uint8)
        padded[: len(codes)] = codes
        quads = padded.reshape(-1, 4) << np.array([0, 2, 4, 6], dtype=np.uint8)
        packed = np.bitwise_or.reduce(quads, axis=1).astype(np.uint8).tobytes()
        digest = hashlib.sha256(len(codes).to_bytes(8) + packed).digest()
        if digest not in self._offsets:
            self._offsets[digest] = self.packed.seek(0, io.SEEK_END)
            self.packed.write(packed)
        return self._offsets[digest]


def _runs(
    contig: str, start: int, letters: npt.NDArray[np.uint8], odd: npt.NDArray[np.bool_]
) -> list[tuple[str, int, int, str]]:
    places = np.flatnonzero(odd)
    if not len(places):
        return []
    new = np.flatnonzero((np.diff(places) != 1) | (np.diff(letters[places]) != 0)) + 1
    firsts = places[np.concatenate(([0], new))]
    lasts = places[np.concatenate((new - 1, [len(places) - 1]))]
    return [
        (contig, int(first) + start, int(last) + start, chr(letters[first]))
        for first, last in zip(firsts, lasts, strict=True)
    ]


class PackedBases:
    """Slices of the genome, packed."""

    def __init__(self, packed: Path, slices: pl.DataFrame, runs: pl.DataFrame) -> None:
        self.slices = slices
        self._runs = {str(contig): part for (contig,), part in runs.group_by("contig", maintain_order=True)}
        self._by_contig = {
            str(contig): (part["start"].to_numpy(), part["end"].to_numpy(), part["offset"].to_numpy())
            for (contig,), part in slices.group_by("contig", maintain_order=True)
        }
        self._packed = (
            np.memmap(packed, dtype=np.uint8, mode="r") if packed.stat().st_size else np.empty(0, np.uint8)
        )

    def sequence(self, contig: str, start: int, end: int) -> str | None:
        """Bases `start`..`end`, 1-based inclusive, upper case; None when not all lie in one slice."""
        found = self._by_contig.get(contig)
        if found is None or start > end:
            return None
        starts, ends, offsets = found
        inside = np.flatnonzero((starts <= start) & (ends >= end))
        if not len(inside):
            return None
        return self._read(
            contig, start, end, int(offsets[inside[0]]) * 4 + start - int(starts[inside[0]])
        ).decode()

    def _read(self, contig: str, start: int, end: int, first: int) -> bytes:
        length = end - start + 1
        quads = self._packed[first // 4 : (first + length - 1) // 4 + 1]
        letters = _UNPACKED[quads].reshape(-1)[first % 4 : first % 4 + length]
        runs = self._runs.get(contig)
        if runs is not None:
            hit = runs.filter((pl.col("start") <= end) & (pl.col("end") >= start))
            for run_start, run_end, base in hit.select("start", "end", "base").iter_rows():
                letters[max(run_start - start, 0) : run_end - start + 1] = ord(base)
        return bytes(letters.tobytes())


class FlatBases:
    """Whole chromosomes, a line each in a plain FASTA that is mapped; `index`: contig -> (offset, length)."""

    def __init__(self, fasta: Path, index: Mapping[str, tuple[int, int]]) -> None:
        self._index = index
        with fasta.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def sequence(self, contig: str, start: int, end: int) -> str | None:
        """Bases `start`..`end`, 1-based inclusive, upper case; None when not all lie in the chromosome."""
        found = self._index.get(contig)
        if found is None or not 1 <= start <= end <= found[1]:
            return None
        offset = found[0] - 1
        return self._map[offset + start : offset + end + 1].decode("ascii")
