"""On which genome a file was called, and when that is refused."""

import gzip
from pathlib import Path

import pytest
from canheal_genome.errors import VcfRefused
from canheal_ingest.door import Question, examine

HEADER = "##fileformat=VCFv4.2\n"
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
CONTIG_38 = "##contig=<ID=chr7,length=159345973>\n"
CONTIG_37 = "##contig=<ID=chr7,length=159138663>\n"
UNKNOWN = "##contig=<ID=chr7,length=1000>\n"


def asked(path: Path, text: str, declared: str | None) -> Question:
    path.write_text(text)
    return Question(path, False, None, None, declared, 1 << 30)


@pytest.mark.parametrize(
    ("contig", "declared", "build", "basis"),
    [
        (CONTIG_38, None, "GRCh38", "contig lengths"),
        (CONTIG_37, None, "GRCh37", "contig lengths"),
        (CONTIG_38, "GRCh38", "GRCh38", "contig lengths"),
        ("", "GRCh37", "GRCh37", "declared"),
    ],
)
def test_the_build_is_told_by_contigs_else_by_the_hospital(
    tmp_path: Path, contig: str, declared: str | None, build: str, basis: str
) -> None:
    passed = examine(asked(tmp_path / "vcf", HEADER + contig + COLUMNS, declared), None)
    assert (passed.build, passed.build_basis) == (build, basis)


@pytest.mark.parametrize(
    ("contig", "declared", "rule"),
    [
        (CONTIG_38, "GRCh37", "build-contradicted"),
        (UNKNOWN, "GRCh38", "contig-lengths-unknown"),
        ("", None, "build-unknown"),
    ],
)
def test_a_build_that_is_unknown_or_contradicted_is_refused(
    tmp_path: Path, contig: str, declared: str | None, rule: str
) -> None:
    with pytest.raises(VcfRefused) as refused:
        examine(asked(tmp_path / "vcf", HEADER + contig + COLUMNS, declared), None)
    assert refused.value.rule == rule


def test_contig_lengths_that_the_bases_contradict_are_refused(tmp_path: Path, test_data: Path) -> None:
    text = gzip.decompress((test_data / "vcf" / "T001-COAD.grch38.vcf.gz").read_bytes()).decode()
    lied = text.replace("#CHROM", CONTIG_37 + "#CHROM", 1)
    with pytest.raises(VcfRefused, match="build-contradicted"):
        examine(asked(tmp_path / "vcf", lied, None), None)
