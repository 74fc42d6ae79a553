"""A body as it comes over the wire: in any pieces, cut anywhere, and never whole in memory."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from canheal_ingest.errors import NotMultipart, ScratchFull, UploadRefused, UploadTooLarge
from canheal_ingest.upload import Limits, Upload, place, receive, refuse_declared_size

TYPE = "multipart/form-data; boundary=XX"
LIMITS = Limits(upload=100_000, metadata=1_000)
VCF = b"##fileformat=VCFv4.2\r\n--XY is no boundary\r\n--X\r\n\x00\xff\x1f\x8b"


def part(name: str, data: bytes, more: str = "") -> bytes:
    return f'--XX\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + data + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--XX--\r\n"


def names(folder: Path) -> int:
    return len(list(folder.iterdir()))


BODY = body(part("metadata", b"{}"), part("vcf", VCF, '; filename="a.vcf"'))


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def received(data: bytes, folder: Path, size: int = 7, content_type: str = TYPE) -> Upload:
    return await receive(pieces(data, size), content_type, folder, LIMITS)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
async def test_the_parts_come_out_as_they_were_sent_however_the_body_is_cut(
    tmp_path: Path, size: int
) -> None:
    upload = await received(BODY, tmp_path, size)
    assert (upload.metadata, upload.vcf.read_bytes()) == (b"{}", VCF)


async def test_the_parts_may_come_in_either_order(tmp_path: Path) -> None:
    upload = await received(body(part("vcf", VCF), part("metadata", b"{}")), tmp_path)
    assert (upload.metadata, upload.vcf.read_bytes()) == (b"{}", VCF)


async def test_a_body_cut_anywhere_is_refused(tmp_path: Path) -> None:
    for end in range(len(BODY) - 3):
        with pytest.raises(UploadRefused):
            await received(BODY[:end], tmp_path, 50)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (body(part("metadata", b"{}")), "no part is named vcf"),
        (body(part("vcf", VCF)), "no part is named metadata"),
        (body(part("vcf", VCF), part("vcf", VCF)), "vcf twice"),
        (body(part("file", VCF)), "a part named 'file'"),
        (b"hello", "no multipart/form-data"),
        (b"", "was cut"),
    ],
)
async def test_other_parts_than_the_two_are_refused_in_words(tmp_path: Path, data: bytes, told: str) -> None:
    with pytest.raises(UploadRefused, match=told):
        await received(data, tmp_path)


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/form-data"])
async def test_another_content_type_is_refused_with_the_way_to_send(
    tmp_path: Path, content_type: str
) -> None:
    with pytest.raises(NotMultipart, match="curl -F"):
        await received(BODY, tmp_path, content_type=content_type)


async def test_what_exceeds_a_limit_is_refused_before_the_rest_is_read(tmp_path: Path) -> None:
    with pytest.raises(UploadTooLarge, match="1,000 bytes"):
        await received(body(part("metadata", b" " * 1_001), part("vcf", VCF)), tmp_path)
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        yield part("vcf", b"").removesuffix(b"\r\n")
        while True:
            read += 1_000
            yield b"A" * 1_000

    with pytest.raises(UploadTooLarge, match="100,000 bytes"):
        await receive(endless(), TYPE, tmp_path, LIMITS)
    assert read <= 101_000
    with pytest.raises(UploadTooLarge):
        refuse_declared_size("100001", LIMITS)
    refuse_declared_size("100000", LIMITS)
    refuse_declared_size(None, LIMITS)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk without room")
async def test_a_full_disk_is_said_as_such(tmp_path: Path) -> None:
    (tmp_path / "vcf").symlink_to("/dev/full")
    with pytest.raises(ScratchFull):
        await received(BODY, tmp_path)


async def test_a_place_is_gone_after_success_error_and_cancelling(tmp_path: Path) -> None:
    async def stay(then: BaseException | None) -> None:
        async with place(tmp_path) as folder:
            (folder / "vcf").write_bytes(VCF)
            if then:
                raise then
            await asyncio.sleep(60)

    with pytest.raises(ZeroDivisionError):
        await stay(ZeroDivisionError())
    task = asyncio.ensure_future(stay(None))
    await asyncio.sleep(0.1)
    assert names(tmp_path) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.1)
    assert names(tmp_path) == 0


GROWTH = """
import asyncio, resource, sys
from pathlib import Path
from canheal_ingest.upload import Limits, receive

async def body():
    yield b'--XX\\r\\nContent-Disposition: form-data; name="metadata"\\r\\n\\r\\n{}\\r\\n'
    yield b'--XX\\r\\nContent-Disposition: form-data; name="vcf"\\r\\n\\r\\n'
    for number in range(2400):
        yield number.to_bytes(4) * 16384
    yield b'\\r\\n--XX--\\r\\n'

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
kind = 'multipart/form-data; boundary=XX'
upload = asyncio.run(receive(body(), kind, Path(sys.argv[1]), Limits(1 << 40, 1 << 20)))
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(upload.vcf.stat().st_size, grown * 1024)
"""


def test_an_upload_of_150_mb_stays_out_of_memory(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, tmp_path], capture_output=True, text=True, check=True
    )
    size, grown = map(int, done.stdout.split())
    assert size == 2400 * 65536
    assert grown < 20_000_000, f"{grown / 1e6:.0f} MB more for an upload of {size / 1e6:.0f} MB"
