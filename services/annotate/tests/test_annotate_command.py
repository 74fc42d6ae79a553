"""`canheal annotate`: lines for programs, words for people, clear refusals, never a crash."""

import json
from pathlib import Path
from typing import Any

import pytest
from canheal_annotate.commands import app
from canheal_genome.errors import VcfRefused
from canheal_genome.header import read_header
from click.testing import Result
from typer.testing import CliRunner

HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tT\n"
RECORDS = """\
7 140753336 . A T . PASS . GT:AD 0/1:50,50
7 140753340 . C T . q10 . GT:AD 0/1:40,60
7 140753342 . C <DEL> . PASS . GT:AD 0/1:40,60
7 140753345 . T A . PASS . GT:AD 0/0:99,0
8 1 . A C . PASS . GT:AD 0/1:1,40
"""
FIELDS = [
    "contig", "position", "ref", "alt", "gene", "transcript", "transcript_ensembl", "consequence", "hgvs_c",
    "hgvs_p", "vaf", "depth", "filter",
]  # fmt: skip
SPECIFICATION = 1_211


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def vcf(tmp_path: Path) -> Path:
    file = tmp_path / "sample.vcf"
    file.write_text(HEADER + RECORDS.replace(" ", "\t"))
    return file


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_allele_has_a_line_and_one_that_is_not_interpreted_its_reason(vcf: Path) -> None:
    braf, *others = lines(ran(vcf, "--assembly", "GRCh38", "--oncotree", "COAD"))
    assert list(braf)[: len(FIELDS)] == FIELDS
    assert (braf["gene"], braf["hgvs_c"], braf["hgvs_p"], braf["vaf"]) == (
        "BRAF",
        "c.1799T>A",
        "p.(Val600Glu)",
        0.5,
    )
    assert (braf["consequence"], braf["tier"], braf["reason"]) == (["missense_variant"], "I", None)
    assert [(other["gene"], other["reason"]) for other in others] == [
        (None, "filtered: q10"),
        (None, "not interpretable: symbolic"),
        (None, "not carried: genotype 0/0"),
        (None, "outside bundle"),
    ]


def test_people_read_a_summary_on_stderr_and_json_keeps_it_away(vcf: Path) -> None:
    spoken = ran(vcf, "--assembly", "GRCh38").stderr
    assert (
        "5 records, 5 alleles: 1 in gene, 1 outside bundle, 1 filtered, 1 not carried, 1 not interpretable"
        in spoken
    )
    assert "p.(Val600Glu)" in spoken
    assert ran(vcf, "--assembly", "GRCh38", "--json").stderr == ""


def test_a_file_that_does_not_tell_its_build_is_refused_in_words(vcf: Path) -> None:
    result = ran(vcf)
    assert result.exit_code == 65
    assert result.stdout == ""
    assert "build-unknown" in result.stderr


def test_contig_lengths_that_contradict_the_option_are_refused(vcf: Path) -> None:
    declared = "##fileformat=VCFv4.2\n##contig=<ID=7,length=159138663>\n"
    vcf.write_text(vcf.read_text().replace("##fileformat=VCFv4.2\n", declared))
    result = ran(vcf, "--assembly", "GRCh38")
    assert result.exit_code == 65
    assert "contig lengths are those of GRCh37" in result.stderr


def test_an_unknown_oncotree_code_is_refused(vcf: Path) -> None:
    result = ran(vcf, "--assembly", "GRCh38", "--oncotree", "NOSUCH")
    assert result.exit_code == 2
    assert "NOSUCH" in result.stderr


def test_a_folder_that_is_no_bundle_is_refused(vcf: Path, tmp_path: Path) -> None:
    result = ran(vcf, "--bundle", tmp_path)
    assert result.exit_code == 66
    assert "bundle.json" in result.stderr


@pytest.mark.parametrize("build", ["GRCh38", "GRCh37"])
def test_a_real_exome_tells_its_build_by_its_bases(shared_data: Path, build: str) -> None:
    result = ran(shared_data / "vcf" / f"T001-COAD.{build.lower()}.vcf.gz", "--oncotree", "COAD")
    found = lines(result)
    assert f"{build} by REF bases" in result.stderr
    assert len(found) >= 3_313
    tiers = {line["hgvs_p"]: line["tier"] for line in found if line["gene"] == "BRAF"}
    assert tiers["p.(Val600Glu)"] == "I"


def test_calls_of_mutect_with_two_samples_are_read_by_filter(shared_data: Path) -> None:
    found = lines(ran(shared_data / "vcf" / "mutect-example.vcf", "--assembly", "GRCh37", "--json"))
    assert sum(line["reason"] == "filtered: REJECT" for line in found) > 4_000


@pytest.mark.timeout(280)
def test_no_file_of_the_specification_crashes_the_command(shared_data: Path) -> None:
    files = sorted(file for file in (shared_data / "vcf-spec").rglob("*") if file.is_file())
    assert len(files) == SPECIFICATION
    told = 0
    for file in files:
        result = ran(file, "--json", "--assembly", "GRCh37", *_first_sample(file))
        assert result.exit_code in {0, 2, 65}, (file, result.exception)
        assert result.exception is None or isinstance(result.exception, SystemExit), (file, result.exception)
        assert result.exit_code == 0 or "canheal annotate: " in result.stderr, file
        told += len(result.stdout.splitlines())
    assert told > 1_000


def _first_sample(file: Path) -> list[str]:
    try:
        samples = read_header(file).samples
    except VcfRefused:
        return []
    return ["--tumour", samples[0]] if samples else []
