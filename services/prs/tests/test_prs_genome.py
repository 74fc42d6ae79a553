"""A genome's VCF lists differences only: what it lacks is read from the reference. Odd files score too."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from canheal_genome.builds import Build
from canheal_genome.errors import VcfRefused
from canheal_prs.cohort import Request, score_vcf
from canheal_prs.matching import ABSENT
from canheal_prs.score import REFERENCE_UNKNOWN, Scored
from canheal_prs.scorefile import read_score
from canheal_refdata.bundle import warm_bundle

import demo_samples

Write = Callable[..., Path]
Score = Callable[..., Scored]


def differences_only(folder: Path) -> Path:
    """The demo woman's VCF as a genome's caller writes it: no record where she has the reference twice."""
    text = gzip.decompress((demo_samples.SAMPLES / "DEMO-GERMLINE-1.vcf.gz").read_bytes()).decode()
    path = folder / "genome.vcf"
    path.write_text("".join(line for line in text.splitlines(keepends=True) if "\t0/0:" not in line))
    return path


def scored(vcf: Path, score: Path, *, whole_genome: bool) -> Scored:
    slices = warm_bundle().assembly(Build.GRCH38)
    (one,) = score_vcf(Request(vcf, Build.GRCH38, (), whole_genome, slices), [read_score(score)])
    return one


def test_sites_that_a_genome_lacks_count_as_the_reference_which_the_scoring_file_states(
    tmp_path: Path,
) -> None:
    listed = scored(demo_samples.SAMPLES / "DEMO-GERMLINE-1.vcf.gz", demo_samples.SCORE, whole_genome=False)
    lacking = scored(differences_only(tmp_path), demo_samples.SCORE, whole_genome=True)
    assert listed.assumed_reference == 0
    assert lacking.assumed_reference > 5
    assert (lacking.matched, lacking.sum, lacking.z) == (listed.matched, listed.sum, listed.z)


def test_the_bundles_slices_tell_the_reference_where_the_scoring_file_does_not(tmp_path: Path) -> None:
    header, table = [], []
    for line in demo_samples.SCORE.read_text().splitlines():
        (header if line.startswith("#") else table).append(line)
    silent, flipped = tmp_path / "silent.txt", tmp_path / "flipped.txt"
    rows = [line.split("\t")[:-1] for line in table]
    other_strand = [
        [*row[:2], *(allele.translate(str.maketrans("ACGT", "TGCA")) for allele in row[2:4]), *row[4:]]
        for row in rows[1:]
    ]
    silent.write_text("\n".join([*header, *map("\t".join, rows)]) + "\n")
    flipped.write_text("\n".join([*header, *map("\t".join, [rows[0], *other_strand])]) + "\n")
    genome = differences_only(tmp_path)
    one, other = (scored(genome, score, whole_genome=True) for score in (silent, flipped))
    assert one.assumed_reference > 3
    assert (one.sum, one.matched, one.assumed_reference) == (
        other.sum,
        other.matched,
        other.assumed_reference,
    )
    stated = scored(genome, demo_samples.SCORE, whole_genome=True)
    ambiguous = stated.matched - one.matched
    assert one.assumed_reference >= stated.assumed_reference - ambiguous


def test_in_a_genome_an_unknown_reference_base_is_said_and_not_guessed(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    score = score_file("1\t100\tG\tA\t1", "1\t200\tG\tA\t1")
    assert score_one(vcf("1 100 A G 0/1"), score, whole_genome=True).dropped == {REFERENCE_UNKNOWN: 1}
    assert score_one(vcf("1 100 A G 0/1"), score).dropped == {ABSENT: 1}


def test_a_file_without_records_is_refused_and_not_an_error(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    one = score_one(vcf(), score_file("1\t100\tG\tA\t1"))
    assert one.refusal is not None
    assert "0 of 1 variants matched (0%)" in one.refusal


@pytest.mark.parametrize("name", ["ref", "alt", "filter", "record", "site", "POS", "#CHROM"])
def test_a_sample_may_be_named_like_a_column(
    score_file: Write, vcf: Write, score_one: Score, name: str
) -> None:
    assert score_one(vcf("1 100 A G 0/1", samples=(name,)), score_file("1\t100\tG\tA\t1")).sum == 1


def test_contigs_that_are_no_chromosomes_are_passed_over(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    called = vcf("chr1 100 A G 0/1", "chr1_KI270706v1_random 100 A G 1/1", "HLA-A 100 A G 1/1")
    assert score_one(called, score_file("1\t100\tG\tA\t1")).sum == 1


def test_a_record_without_a_number_in_pos_and_a_cut_gzip_are_refused_in_words(
    tmp_path: Path, score_file: Write, vcf: Write, score_one: Score
) -> None:
    score = score_file("1\t100\tG\tA\t1")
    with pytest.raises(VcfRefused, match="number in POS"):
        score_one(vcf("1 here A G 0/1"), score)
    whole = gzip.compress(vcf(*(f"1 {at} A G 0/1" for at in range(1, 9000))).read_bytes())
    cut = tmp_path / "cut.vcf.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(VcfRefused):
        score_one(cut, score)
