"""Whole lines of a VCF in blocks, with the number of the first; what a text file must keep is kept here.

Blocks instead of lines, because a genome is millions of lines and each block goes to polars in one piece.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from canheal_genome.errors import VcfRefused

BLOCK_BYTES: Final = 3 << 20
MAX_LINE_BYTES: Final = 10 << 20
MAX_TRAILING_LINES: Final = 10_000
"""Empty lines at the end; more are a bomb, not a slip."""
_NEWLINE: Final = ord("\n")


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, each ended by one newline."""

    data: bytes
    first_line: int
    """1-based number of the block's first line in the file."""


def blocks(pieces: Iterable[bytes], block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Cut pieces into blocks at newlines.

    CR LF is read as a newline (VCF 4.3, section 1.2). Some empty lines at the very end are let go,
    elsewhere refused.

    Raises:
        VcfRefused: `line-too-long`, `no-final-newline`, `blank-line`, `control-character`, `encoding`.
    """
    line, blank = 1, 0
    for data in _whole_lines(pieces, block_bytes):
        body = len(data.rstrip(b"\n"))
        if body and (blank or data.startswith(b"\n")):
            raise _blank(line)
        blank += len(data) - body - (1 if body else 0)
        if blank > MAX_TRAILING_LINES:
            raise _blank(line)
        if body:
            n_lines = _plain_text(data, line)
            yield Block(data[: body + 1], line)
            line += n_lines


def _whole_lines(pieces: Iterable[bytes], block_bytes: int) -> Iterator[bytes]:
    gathered: list[bytes] = []
    size = tail = 0  # bytes gathered, and of them since the last newline
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        newline = piece.rfind(b"\n")
        tail = tail + len(piece) if newline < 0 else len(piece) - newline - 1
        if tail > MAX_LINE_BYTES:
            raise VcfRefused(
                "line-too-long",
                f"a line is longer than {MAX_LINE_BYTES:,} bytes; expected one record a line. "
                "Is this a VCF, and does it have newlines?",
            )
        if size >= block_bytes and tail < size:
            data = b"".join(gathered)
            cut = len(data) - tail
            yield _unix(data[:cut])
            gathered, size = [data[cut:]], tail
    data = b"".join(gathered)
    if data and not data.endswith(b"\n"):
        raise VcfRefused(
            "no-final-newline",
            "the last line does not end in a newline, so the file may have been cut inside it. Send the "
            "whole file; if it is whole, add the newline",
        )
    if data:
        yield _unix(data)


def _unix(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n") if b"\r" in data else data


def _plain_text(data: bytes, first_line: int) -> int:
    """Refuse what no line of a VCF may hold, naming it; else count the lines that are not empty."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _NEWLINE)
    empty = np.flatnonzero(np.diff(ends) == 1)
    trailing = len(data) - len(data.rstrip(b"\n"))
    if empty.size >= trailing:
        raise _blank(first_line + int(empty[0]) + 1)
    for byte, name in ((b"\0", "a NUL byte"), (b"\r", "a carriage return inside a line")):
        if (at := data.find(byte)) >= 0:
            raise VcfRefused(
                "control-character",
                f"found {name}; expected text. Save the file as plain text with newlines",
                first_line + data.count(b"\n", 0, at),
            )
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            raise VcfRefused(
                "encoding",
                f"byte 0x{data[error.start]:02x} is not UTF-8; expected UTF-8 text. Save the file as UTF-8",
                first_line + data.count(b"\n", 0, error.start),
            ) from error
    return int(ends.size) - trailing + 1


def _blank(line: int) -> VcfRefused:
    return VcfRefused("blank-line", "found an empty line; expected a record. Remove it", line)
