"""A file that lost or changed bytes is refused, each way by its own rule."""

import gzip
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from canheal_genome.compression import compression_of
from canheal_genome.errors import VcfRefused
from canheal_genome.vcf import VcfFacts, check

Write = Callable[..., Path]


def bgzf_blocks(data: bytes, size: int = 40_000) -> list[bytes]:
    """BGZF blocks of the data, the EOF block last."""
    blocks = []
    for start in [*range(0, len(data), size), len(data)]:
        piece = data[start : start + size]
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = deflate.compress(piece) + deflate.flush()
        head = struct.pack("<4sIBBH2sHH", b"\x1f\x8b\x08\x04", 0, 0, 255, 6, b"BC", 2, len(body) + 25)
        blocks.append(head + body + struct.pack("<II", zlib.crc32(piece), len(piece)))
    return blocks


CUT = {"bgzf-truncated", "gzip-truncated", "no-final-newline"}


def refusal(path: Path, **options: int) -> str:
    with pytest.raises(VcfRefused) as refused:
        check(path, kind="tumour", **options)
    return refused.value.rule


def test_the_same_records_are_read_from_text_gzip_and_bgzf(write: Write, many_rows: bytes) -> None:
    paths = [
        write(many_rows, "a.vcf"),
        write(gzip.compress(many_rows), "b.vcf.gz"),
        write(b"".join(bgzf_blocks(many_rows)), "c.vcf.gz"),
    ]
    assert [compression_of(path) for path in paths] == ["plain", "gzip", "bgzf"]
    facts = [check(path, kind="tumour") for path in paths]
    assert {(fact.n_records, fact.uncompressed_bytes) for fact in facts} == {(5000, len(many_rows))}


def test_a_bgzf_file_cut_at_a_block_border_is_refused(write: Write, many_rows: bytes) -> None:
    blocks = bgzf_blocks(many_rows)
    for kept in range(1, len(blocks)):
        assert refusal(write(b"".join(blocks[:kept]))) == "bgzf-truncated"


def test_a_bgzf_file_cut_anywhere_is_refused(write: Write, many_rows: bytes) -> None:
    data = b"".join(bgzf_blocks(many_rows))
    for cut in [1, 5, 17, 18, 19, *range(20, len(data), len(data) // 40), len(data) - 1]:
        assert refusal(write(data[:cut])) in CUT


def test_a_flipped_byte_in_a_bgzf_block_is_refused(write: Write, many_rows: bytes) -> None:
    data = bytearray(b"".join(bgzf_blocks(many_rows)))
    for at in (18 + 400, len(data) // 2):
        damaged = bytearray(data)
        damaged[at] ^= 0x10
        assert refusal(write(bytes(damaged))) == "bgzf-corrupt"


def test_two_bgzf_files_one_after_the_other_are_one_file(write: Write, many_rows: bytes) -> None:
    half = many_rows.index(b"\n", len(many_rows) // 2) + 1
    joined = b"".join(bgzf_blocks(many_rows[:half]) + bgzf_blocks(many_rows[half:]))
    assert check(write(joined), kind="tumour").n_records == 5000


def test_a_cut_gzip_is_refused(write: Write, many_rows: bytes) -> None:
    data = gzip.compress(many_rows)
    for cut in (len(data) // 2, len(data) - 8, len(data) - 1):
        assert refusal(write(data[:cut])) == "gzip-truncated"


def test_a_flipped_byte_in_a_gzip_is_refused(write: Write, many_rows: bytes) -> None:
    data = bytearray(gzip.compress(many_rows))
    data[-6] ^= 1
    assert refusal(write(bytes(data))) == "gzip-corrupt"


def test_a_gzip_that_lost_its_last_member_inside_a_line_is_refused(write: Write, many_rows: bytes) -> None:
    half = many_rows.index(b"\n", len(many_rows) // 2) - 5
    first, second = gzip.compress(many_rows[:half]), gzip.compress(many_rows[half:])
    assert check(write(first + second), kind="tumour").n_records == 5000
    assert refusal(write(first)) == "no-final-newline"


def test_what_follows_a_gzip_and_is_none_is_refused(write: Write, many_rows: bytes) -> None:
    assert refusal(write(gzip.compress(many_rows) + b"garbage")) == "gzip-corrupt"


def test_a_bomb_is_refused_at_the_limit_and_not_after_it(write: Write) -> None:
    bomb = gzip.compress(b"##fileformat=VCFv4.2\n" + b"##x=y\n" * 10_000_000)
    assert len(bomb) < 200_000
    assert refusal(write(bomb), max_uncompressed_bytes=1 << 20) == "too-large"


def test_a_line_without_end_is_refused_without_holding_it(write: Write) -> None:
    assert refusal(write(gzip.compress(b"##fileformat=VCFv4.2\n##x=" + b"A" * (30 << 20)))) == "line-too-long"


@pytest.mark.parametrize(
    ("start", "rule"),
    [
        (b"", "empty-file"), (b"PK\x03\x04rest", "compression-unsupported"),
        (b"BZh91AY", "compression-unsupported"),
        (b"\xfd7zXZ\x00", "compression-unsupported"),
        (b"\xff\xfe#\x00", "encoding"),
        (gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), "compression-unsupported"),
        (gzip.compress(b"BCF\x02\x02rest", mtime=0), "foreign-file"),
    ],
)  # fmt: skip
def test_another_format_is_named_with_the_way_out(write: Write, start: bytes, rule: str) -> None:
    assert refusal(write(start)) == rule


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (gzip.compress(b"BAM\x01", mtime=0), "a BAM"), (b"CRAM\x03", "a CRAM"), (b"@HD\tVN:1.6\n", "a SAM"),
        (gzip.compress(b"@r1/1\nACGT\n+\nIIII\n", mtime=0), "a FASTQ"), (b">chr1\nACGT\n", "a FASTA"),
        (gzip.compress(b"TBI\x01", mtime=0), "the index"), (gzip.compress(b"CSI\x01", mtime=0), "the index"),
        (b"PK\x03\x04....[Content_Types].xml", "an office document"), (b"%PDF-1.7", "a PDF"),
        (b"\xd0\xcf\x11\xe0", "an old office document"), (b"<!DOCTYPE html>", "a web page"),
        (b"Hugo_Symbol\tx", "a MAF"), (b'{"a":1}', "a JSON"), (b"a".ljust(257, b"\0") + b"ustar", "a TAR"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_named(write: Write, start: bytes, told: str) -> None:
    with pytest.raises(VcfRefused, match=f"foreign-file.*this is {told}.*not a VCF"):
        check(write(start), kind="tumour")


def test_facts_say_how_large_the_file_is(write: Write, many_rows: bytes) -> None:
    data = gzip.compress(many_rows)
    facts: VcfFacts = check(write(data), kind="tumour")
    assert (facts.size_bytes, facts.uncompressed_bytes) == (len(data), len(many_rows))
