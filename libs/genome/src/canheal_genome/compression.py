"""The bytes of a VCF, decompressed piece by piece, and the proof that none is missing.

A BGZF file cut at a block border reads without any error as a shorter genome. So the EOF block is demanded
(SAM specification, section 4.1.2), every block's CRC and length are compared, and so is a plain gzip's
trailer.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

from canheal_genome.errors import VcfRefused
from canheal_genome.foreign import BCF, refuse_foreign

Compression = Literal["plain", "gzip", "bgzf"]

BGZF_EOF: Final = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
PIECE_BYTES: Final = 1 << 20
_BGZF_HEADER: Final = struct.Struct(
    "<4sIBBH2sHH"
)  # magic, mtime, flags, system, extra length, BC, 2, block size
_BGZF_MAGIC: Final = b"\x1f\x8b\x08\x04"
_BLOCK_BYTES: Final = 1 << 16
"""Most that a BGZF block may hold (SAM, section 4.1); one that holds more is a bomb, and ends here."""
_TRAILER: Final = struct.Struct("<II")


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may come out of a file: the guard against a decompression bomb."""

    max_bytes: int

    def spend(self, so_far: int) -> None:
        if so_far > self.max_bytes:
            raise VcfRefused(
                "too-large",
                f"the file is larger than {self.max_bytes:,} bytes when decompressed; "
                "split it by sample, or ask the operator to raise the limit",
            )


def compression_of(path: Path) -> Compression:
    with path.open("rb") as file:
        head = file.read(_BGZF_HEADER.size)
    if not head:
        raise VcfRefused("empty-file", "the file has no bytes; expected a VCF. Send it again")
    if _bgzf_size(head) is not None:
        return "bgzf"
    return "gzip" if head[:2] == b"\x1f\x8b" else "plain"


def pieces(path: Path, max_bytes: int) -> Iterator[bytes]:
    """The uncompressed bytes of a VCF in order, each piece about 1 MiB.

    Raises:
        VcfRefused: as `raw_pieces` and `foreign.refuse_foreign`.
    """
    for number, piece in enumerate(raw_pieces(path, max_bytes)):
        if number == 0:
            refuse_foreign(piece)
        yield piece


def is_bcf(path: Path) -> bool:
    """Whether the file starts as a BCF; a damaged start is for `pieces` to name."""
    try:
        return next(raw_pieces(path), b"").startswith(BCF)
    except VcfRefused:
        return False


def raw_pieces(path: Path, max_bytes: int = 1 << 62) -> Iterator[bytes]:
    """The file's uncompressed bytes in order, whatever they are.

    Raises:
        VcfRefused: `empty-file`, `bgzf-truncated`, `bgzf-corrupt`, `gzip-truncated`, `gzip-corrupt`,
            `too-large`.
    """
    readers = {"plain": _plain, "gzip": _gzip, "bgzf": _bgzf}
    budget, total = Budget(max_bytes), 0
    with path.open("rb") as file:
        for piece in readers[compression_of(path)](file):
            total += len(piece)
            budget.spend(total)
            yield piece


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(PIECE_BYTES):
        yield piece


def _gzip(file: BinaryIO) -> Iterator[bytes]:
    """Members one after the other; none may be cut, and nothing but members may follow."""
    member, waiting = zlib.decompressobj(wbits=31), b""
    while data := waiting or file.read(PIECE_BYTES):
        try:
            piece = member.decompress(data, PIECE_BYTES)
        except zlib.error as error:
            raise VcfRefused(
                "gzip-corrupt",
                f"the gzip data are damaged before byte {file.tell():,} of the file ({error}); send it again",
            ) from error
        waiting = member.unconsumed_tail
        if piece:
            yield piece
        if member.eof:
            waiting = member.unused_data or file.read(PIECE_BYTES)
            if not waiting:
                return
            member = zlib.decompressobj(wbits=31)
    raise VcfRefused(
        "gzip-truncated",
        "the gzip data end before their trailer (CRC and length); the upload was cut. Send the whole file",
    )


def _bgzf(file: BinaryIO) -> Iterator[bytes]:
    """Blocks until the empty EOF block, gathered into pieces."""
    gathered: list[bytes] = []
    size, last = 0, b""
    while head := file.read(_BGZF_HEADER.size):
        data, block = _bgzf_block(file, head)
        last = head + block
        gathered.append(data)
        size += len(data)
        if size >= PIECE_BYTES:
            yield b"".join(gathered)
            gathered, size = [], 0
    if last != BGZF_EOF:
        raise VcfRefused(
            "bgzf-truncated",
            "the BGZF file has no EOF block at its end, so it was cut; expected the 28 bytes that bgzip "
            "writes last. Send the whole file",
        )
    if size:
        yield b"".join(gathered)


def _bgzf_size(head: bytes) -> int | None:
    """Bytes of the block that starts with this header; None where it is no BGZF block."""
    if len(head) < _BGZF_HEADER.size:
        return None
    magic, _, _, _, extra, subfield, length, size = _BGZF_HEADER.unpack(head)
    if magic != _BGZF_MAGIC or extra != 6 or subfield != b"BC" or length != 2:  # the form every bgzip writes
        return None
    return int(size) + 1


def _bgzf_block(file: BinaryIO, head: bytes) -> tuple[bytes, bytes]:
    """One block's data, and its raw bytes after the header."""
    at = file.tell() - len(head)
    size = _bgzf_size(head)
    if size is None:
        rule = "bgzf-truncated" if len(head) < _BGZF_HEADER.size else "bgzf-corrupt"
        raise VcfRefused(
            rule, f"byte {at:,} should start a BGZF block and does not; send the whole file again"
        )
    block = file.read(size - len(head))
    if len(block) < size - len(head):
        raise VcfRefused("bgzf-truncated", f"the BGZF block at byte {at:,} is cut; send the whole file again")
    crc, length = _TRAILER.unpack(block[-_TRAILER.size :])
    try:
        data = zlib.decompressobj(wbits=-15).decompress(block[: -_TRAILER.size], _BLOCK_BYTES + 1)
    except zlib.error as error:
        raise VcfRefused(
            "bgzf-corrupt", f"the BGZF block at byte {at:,} is damaged ({error}); send the file again"
        ) from error
    if len(data) != length or zlib.crc32(data) != crc:
        raise VcfRefused(
            "bgzf-corrupt", f"the BGZF block at byte {at:,} fails its checksum; send the file again"
        )
    return data, block
