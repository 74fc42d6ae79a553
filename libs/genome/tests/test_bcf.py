"""A BCF is read as the VCF that it is, whole or not at all."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from canheal_genome.bcf import to_vcf
from canheal_genome.compression import BGZF_EOF, is_bcf
from canheal_genome.errors import VcfRefused
from canheal_genome.vcf import check
from cyvcf2 import VCF, Writer

Write = Callable[..., Path]
HEADER = (
    "##fileformat=VCFv4.2\n"
    '##FILTER=<ID=PASS,Description="All filters passed">\n'
    "##contig=<ID=1,length=248956422>\n"
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOR\n"
)
TEXT = HEADER + "".join(f"1\t{100 + n}\t.\tA\tG\t50\tPASS\tDP={n}\tGT\t0/1\n" for n in range(3000))


@pytest.fixture
def bcf(write: Write, tmp_path: Path) -> Path:
    source = VCF(str(write(TEXT)))
    writer = Writer(str(tmp_path / "sample.bcf"), source, "wb")
    for record in source:
        writer.write_record(record)
    writer.close()
    return tmp_path / "sample.bcf"


def test_a_bcf_becomes_the_vcf_it_was_made_from_the_same_bytes_each_time(bcf: Path, tmp_path: Path) -> None:
    made = [tmp_path / name for name in ("one.vcf.gz", "two.vcf.gz")]
    for target in made:
        to_vcf(bcf, target, max_bytes=1 << 30)
    lines = gzip.decompress(made[0].read_bytes()).decode().splitlines()
    assert [line for line in lines if not line.startswith("##")] == TEXT.splitlines()[5:]
    assert made[0].read_bytes() == made[1].read_bytes()
    assert check(made[0], kind="tumour").n_records == 3000


def test_what_is_no_bcf_is_not_taken_for_one(write: Write, bcf: Path) -> None:
    assert is_bcf(bcf)
    assert not is_bcf(write(TEXT))
    assert not is_bcf(write(b""))
    assert not is_bcf(write(gzip.compress(b"BAM\x01")))


def refusal(data: bytes, write: Write, tmp_path: Path, max_bytes: int = 1 << 30) -> str:
    with pytest.raises(VcfRefused) as refused:
        to_vcf(write(data, "cut.bcf"), tmp_path / "out.vcf.gz", max_bytes)
    assert "end it again" in refused.value.reason or refused.value.rule != "bcf-corrupt"
    return refused.value.rule


def test_a_bcf_cut_or_damaged_anywhere_is_refused(bcf: Path, write: Write, tmp_path: Path) -> None:
    data = bcf.read_bytes()
    assert refusal(data.removesuffix(BGZF_EOF), write, tmp_path) == "bgzf-truncated"
    assert refusal(data[: len(data) // 2], write, tmp_path) == "bgzf-truncated"
    assert refusal(data[:100] + b"\xff" + data[101:], write, tmp_path) == "bgzf-corrupt"
    whole = gzip.decompress(data)
    assert refusal(gzip.compress(whole[:-7], mtime=0), write, tmp_path) == "bcf-corrupt"
    assert refusal(gzip.compress(whole[:20], mtime=0), write, tmp_path) == "bcf-corrupt"
    assert refusal(data, write, tmp_path, max_bytes=1000) == "too-large"
