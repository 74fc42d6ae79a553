"""On which genome a file was called, and when that is refused."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest
from canheal_genome.errors import VcfRefused
from canheal_ingest.door import current_codes, examine
from canheal_ingest.questions import Question

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


def test_each_oncotree_code_names_the_one_that_counts_now() -> None:
    codes = current_codes(None)
    assert codes is not None
    assert codes["COAD"] == "COAD"
    assert {codes[code] for code in codes.values()} == set(codes.values())
    assert "NO-SUCH-CODE" not in codes


def test_the_process_that_takes_uploads_loads_no_reference_data_and_no_polars() -> None:
    heavy = "polars numpy pyarrow cyvcf2 mehari canheal_refdata.bundle canheal_genome.vcf"
    asked = f"import sys, canheal_ingest.main; print([m for m in {heavy.split()} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
