"""A submission's body, written to disk as it comes: two parts, `metadata` and `vcf`, in either order.

In memory at any moment: one piece of the stream, the buffer below, and the metadata. The VCF lies in the
clear only in this process's private scratch folder, and only for the request.
"""

import asyncio
import errno
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from canheal_ingest.errors import NotMultipart, ScratchFull, UploadRefused, UploadTooLarge

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

BUFFER_BYTES: Final = 1 << 20
"""Bytes gathered before they are written, in a thread: the event loop never waits for a disk."""
PARTS: Final = ("metadata", "vcf")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one submission may hold, in bytes."""

    upload: int
    metadata: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A submission that came whole."""

    metadata: bytes = field(repr=False)
    vcf: Path


@asynccontextmanager
async def place(scratch: Path) -> AsyncIterator[Path]:
    """A folder for one request, removed afterwards whatever happens."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=scratch))
    try:
        yield folder
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))


async def receive(stream: AsyncIterator[bytes], content_type: str, folder: Path, limits: Limits) -> Upload:
    """Read a request's body to its end.

    Args:
        stream: The body as it comes.
        content_type: The request's content type, with the boundary.
        folder: Where the VCF is written.
        limits: Where reading stops.

    Raises:
        UploadRefused: the body is cut, malformed, or holds other parts.
        UploadTooLarge, NotMultipart, ScratchFull
    """
    path = folder / "vcf"
    with _room(), path.open("wb") as file:
        parts = _Parts(file, limits.metadata)
        parser = _parser(content_type, parts)
        total = 0
        async for piece in stream:
            total += len(piece)
            if total > limits.upload:
                raise UploadTooLarge(f"the upload is larger than {limits.upload:,} bytes; {_TOO_LARGE}")
            parts.refuse_more(piece)
            _parse(parser, piece)
            if len(parts.waiting) >= BUFFER_BYTES:
                await asyncio.to_thread(parts.drain)
        await asyncio.to_thread(parts.drain)
    parts.demand_whole()
    return Upload(bytes(parts.metadata), path)


_TOO_LARGE: Final = "compress the VCF with bgzip, split it, or ask the operator to raise the limit"


def refuse_declared_size(declared: str | None, limits: Limits) -> None:
    """Refuse by the Content-Length, before the first byte of the body.

    Raises:
        UploadTooLarge
    """
    if declared is not None and declared.isdecimal() and int(declared) > limits.upload:
        raise UploadTooLarge(
            f"the upload has {int(declared):,} bytes; at most {limits.upload:,} are taken: {_TOO_LARGE}"
        )


def _parser(content_type: str, parts: "_Parts") -> MultipartParser:
    try:
        return MultipartParser(_boundary(content_type), parts.callbacks)
    except FormParserError as error:
        raise NotMultipart(f"the boundary cannot be used: {error}; let an HTTP library choose it") from error


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise NotMultipart(
            f"found content type {content_type[:80]!r}; expected multipart/form-data with a boundary: "
            "parts `metadata` (JSON) and `vcf` (the file), as sent by "
            "curl -F metadata=@sample.json -F vcf=@sample.vcf.gz"
        )
    return boundary


def _parse(parser: MultipartParser, piece: bytes) -> None:
    try:
        parser.write(piece)
    except FormParserError as error:
        raise UploadRefused(
            f"the body is no multipart/form-data: {error}; let an HTTP library write it"
        ) from error


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ScratchFull(
            "the disk has no room for the upload; send it again later, or tell the operator"
        ) from error


class _Parts:
    """Takes what the parser finds: metadata into memory, the VCF into the buffer that `drain` writes."""

    def __init__(self, file: BinaryIO, max_metadata_bytes: int) -> None:
        self.metadata = bytearray()
        self.waiting = bytearray()
        self._file = file
        self._max_metadata_bytes = max_metadata_bytes
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = ""
        self._part = ""
        self._seen: list[str] = []
        self._ended = False

    @property
    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._enter,
            "on_part_data": self._take,
            "on_end": self._end,
        }

    def drain(self) -> None:
        """Write what waits to the file."""
        self._file.write(self.waiting)
        self._file.flush()
        self.waiting.clear()

    def demand_whole(self) -> None:
        """Raises UploadRefused where the body was cut or a part is missing."""
        if not self._ended:
            raise UploadRefused("the body ends before its closing boundary: it was cut. Send it again")
        if missing := [part for part in PARTS if part not in self._seen]:
            raise UploadRefused(
                f"no part is named {' or '.join(missing)}; expected `metadata` (JSON) and `vcf` (a file)"
            )

    def refuse_more(self, piece: bytes) -> None:
        """Raises UploadRefused where bytes follow the closing boundary: no client writes any."""
        if self._ended and piece.strip(b"\r\n"):
            raise UploadRefused("bytes follow the closing boundary; expected the body to end there")

    def _begin(self) -> None:
        self._disposition = ""

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            if self._disposition:
                raise UploadRefused("a part has two Content-Disposition headers; expected one")
            self._disposition = self._value.decode("latin-1")
        self._header.clear()
        self._value.clear()

    def _enter(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name not in PARTS:
            raise UploadRefused(f"found a part named {name[:80]!r}; expected `metadata` and `vcf`")
        if name in self._seen:
            raise UploadRefused(f"found the part {name} twice; expected it once")
        self._seen.append(name)
        self._part = name

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._part == "vcf":
            self.waiting += memoryview(data)[start:end]
            return
        if len(self.metadata) + end - start > self._max_metadata_bytes:
            raise UploadTooLarge(
                f"the metadata has more than {self._max_metadata_bytes:,} bytes; "
                "state the size of a large BED file as assay.size_mb instead"
            )
        self.metadata += memoryview(data)[start:end]

    def _end(self) -> None:
        self._ended = True
