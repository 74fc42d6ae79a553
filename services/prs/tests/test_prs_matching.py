"""Which allele is counted: strand, swap, ambiguity, duplicates, absent and missing sites."""

from collections.abc import Callable
from pathlib import Path

import pytest
from canheal_genome.builds import Build
from canheal_genome.errors import VcfRefused
from canheal_prs.cohort import Request, score_vcf
from canheal_prs.dosages import FILTERED, NO_GENOTYPE
from canheal_prs.matching import ABSENT, AMBIGUOUS, DIFFERS, DUPLICATE
from canheal_prs.score import IMPUTED_SUFFIX, NO_HARD_GENOTYPE, REFERENCE_UNKNOWN, Scored
from canheal_prs.scorefile import read_score

import demo_samples

Write = Callable[..., Path]
Score = Callable[..., Scored]

COLUMNS = "chr_name\tchr_position\teffect_allele\tother_allele\teffect_weight"
FREQUENCY = f"{COLUMNS}\tallelefrequency_effect"
STATED = f"{COLUMNS}\tcanheal_reference_allele"
FILL = [f"2\t{at}\tA\tC\t0.0" for at in range(1, 9)]
"""Eight matched variants without weight, so that one unmatched variant does not refuse the score."""
FILL_VCF = [f"2 {at} A C 0/0" for at in range(1, 9)]


def filled(columns: str) -> list[str]:
    extra = columns.count("\t") - COLUMNS.count("\t")
    return [row + "\t" * extra for row in FILL]


@pytest.mark.parametrize(
    ("effect", "other", "genotype", "copies"),
    [
        ("G", "A", "0/1", 1),
        ("G", "A", "1/1", 2),
        ("A", "G", "0/1", 1),
        ("A", "G", "0/0", 2),
        ("C", "T", "1|1", 2),  # the other strand's G/A
        ("T", "C", "1|1", 0),
        ("G", "", "0/1", 1),  # no other allele given
        ("A", "", "0/0", 2),
        ("G", "A", "1", 1),  # haploid
    ],
)
def test_the_effect_allele_is_counted_as_written_swapped_flipped_and_alone(
    score_file: Write, vcf: Write, score_one: Score, effect: str, other: str, genotype: str, copies: int
) -> None:
    scored = score_one(vcf(f"chr1 100 A G {genotype}"), score_file(f"1\t100\t{effect}\t{other}\t0.5"))
    assert (scored.matched, scored.sum) == (1, 0.5 * copies)


@pytest.mark.parametrize(
    ("record", "row", "copies"),
    [
        ("1 100 A C,G 1/2", "1\t100\tG\tA\t1", 1),
        ("1 100 A C,G 1/2", "1\t100\tA\tG\t1", 0),
        ("1 100 A C,G 2/2", "1\t100\tG\tA\t1", 2),
        ("1 100 CAAA C 0/1", "1\t100\tC\tCAAA\t1", 1),
        ("1 100 CAAA C 0/1", "1\t100\tCAAA\tC\t1", 1),
        ("1 100 A . 0/0", "1\t100\tG\tA\t1", 0),
        ("1 100 A . 0/0", "1\t100\tA\tG\t1", 2),
        ("1 100 A <NON_REF> 0/0", "1\t100\tT\tC\t1", 2),
        ("1 100 A G,<NON_REF> 0/1", "1\t100\tG\tA\t1", 1),
    ],
)
def test_multi_allelic_indel_and_reference_records_are_counted(
    score_file: Write, vcf: Write, score_one: Score, record: str, row: str, copies: int
) -> None:
    scored = score_one(vcf(record), score_file(row))
    assert (scored.matched, scored.sum) == (1, copies)


def test_an_indel_is_not_tried_on_the_other_strand(score_file: Write, vcf: Write, score_one: Score) -> None:
    scored = score_one(vcf("1 100 CA C 0/1", *FILL_VCF), score_file("1\t100\tG\tTG\t1", *FILL))
    assert scored.dropped == {DIFFERS: 1}


def test_an_ambiguous_variant_is_dropped_where_nothing_decides_its_strand(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    scored = score_one(vcf("1 100 A T 0/1", *FILL_VCF), score_file("1\t100\tT\tA\t1", *FILL))
    assert scored.dropped == {AMBIGUOUS: 1}
    alone = score_one(vcf("1 100 A T 0/1", *FILL_VCF), score_file("1\t100\tT\t\t1", *FILL))
    assert alone.dropped == {AMBIGUOUS: 1}


def test_the_stated_reference_allele_decides_an_ambiguous_strand(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    called = vcf("1 100 A T 1/1", *FILL_VCF)
    agrees = score_one(called, score_file("1\t100\tT\tA\t1\tA", *filled(STATED), columns=STATED))
    assert agrees.sum == 2
    contradicts = score_one(called, score_file("1\t100\tT\tA\t1\tT", *filled(STATED), columns=STATED))
    assert contradicts.dropped == {AMBIGUOUS: 1}


@pytest.mark.parametrize(
    ("frequency", "expected"),
    [(0.1, 1.0), (0.9, 1.0), (0.45, None)],
)
def test_frequency_decides_an_ambiguous_strand_in_a_cohort_unless_it_is_near_one_half(
    score_file: Write, vcf: Write, score_one: Score, frequency: float, expected: float | None
) -> None:
    samples = [f"S{n}" for n in range(60)]
    rare = ["0/1"] * 10 + ["0/0"] * 50
    fill = [f"2 {at} A C {' '.join(['0/0'] * 60)}" for at in range(1, 9)]
    called = vcf(f"1 100 A T {' '.join(rare)}", *fill, samples=samples)
    row = f"1\t100\tT\tA\t1\t{frequency}"
    scored = score_one(called, score_file(row, *filled(FREQUENCY), columns=FREQUENCY))
    if expected is None:
        assert scored.dropped == {AMBIGUOUS: 1}
    else:
        assert scored.sum == expected
        other = list(score_vcf(Request(called, Build.GRCH38, ()), [scored.score]))[-1]
        assert other.sum == (0.0 if frequency < 0.5 else 2.0)


def test_two_rows_on_one_allele_count_once_and_two_records_of_one_variant_count_once(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    rows = score_file("1\t100\tG\tA\t1", "1\t100\tC\tT\t1", *FILL)
    called = vcf("1 100 A G 0/1", "1 100 A G 1/1", *FILL_VCF)
    scored = score_one(called, rows)
    assert (scored.sum, scored.dropped) == (1, {DUPLICATE: 1})
    rows = score_file("1\t100\tG\tA\t1\t0.3", "1\t100\tC\tT\t1\t0.3", *filled(FREQUENCY), columns=FREQUENCY)
    never_imputed = score_one(called, rows)
    assert (never_imputed.sum, never_imputed.dropped) == (1, {DUPLICATE: 1})


def test_an_absent_site_is_missing_in_a_panel_and_homozygous_reference_in_a_genome(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    rows = ("3\t100\tG\tA\t1\tG", "3\t200\tG\tA\t1\tA", "3\t300\tG\tA\t1\t", *filled(STATED))
    called, score = vcf(*FILL_VCF), score_file(*rows, columns=STATED)
    panel = score_one(called, score)
    assert panel.refusal is not None
    assert panel.dropped == {ABSENT: 3}
    genome = score_one(called, score, whole_genome=True)
    assert (genome.sum, genome.matched, genome.assumed_reference) == (2.0, 10, 2)
    assert genome.dropped == {REFERENCE_UNKNOWN: 1}


def test_below_three_in_four_matched_the_score_is_refused_and_says_what_is_lacking(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    rows = [f"1\t{at}\tG\tA\t1" for at in range(1, 101)]
    enough = score_one(vcf(*(f"1 {at} A G 0/1" for at in range(1, 76))), score_file(*rows))
    assert (enough.sum, enough.refusal) == (75, None)
    short = score_one(vcf(*(f"1 {at} A G 0/1" for at in range(1, 75))), score_file(*rows))
    assert short.sum is None
    assert short.refusal is not None
    assert "74 of 100 variants matched (74%); a score needs 75%" in short.refusal
    assert f"26 {ABSENT}" in short.refusal


def test_a_missing_genotype_is_read_as_twice_the_frequency_where_the_file_has_it(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    called = vcf("1 100 A G ./.", *FILL_VCF)
    with_it = score_one(called, score_file("1\t100\tG\tA\t10\t0.2", *filled(FREQUENCY), columns=FREQUENCY))
    assert with_it.sum == pytest.approx(4.0)
    assert (with_it.matched, with_it.imputed) == (8, 1)
    assert with_it.dropped == {NO_GENOTYPE + IMPUTED_SUFFIX: 1}
    without = score_one(called, score_file("1\t100\tG\tA\t10", *FILL))
    assert (without.sum, without.dropped) == (0.0, {NO_GENOTYPE: 1})


def test_a_call_that_failed_its_filter_is_no_genotype(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    path = vcf("1 100 A G 1/1", *FILL_VCF)
    path.write_text(path.read_text().replace("1\t100\t.\tA\tG\t.\tPASS", "1\t100\t.\tA\tG\t.\tLowQual"))
    scored = score_one(path, score_file("1\t100\tG\tA\t1", *FILL))
    assert (scored.sum, scored.dropped) == (0.0, {FILTERED: 1})


def test_a_dosage_stands_in_for_a_genotype_that_was_not_called(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    dosage = vcf("1 100 A G ./.:1.25", "1 200 A G 0/1:1.9", fmt="GT:DS")
    scored = score_one(dosage, score_file("1\t100\tG\tA\t1", "1\t200\tG\tA\t10"))
    assert scored.sum == 11.25
    swapped = score_one(dosage, score_file("1\t100\tA\tG\t1", "1\t200\tA\tG\t10"))
    assert swapped.sum == 10.75
    several = vcf("1 100 A C,G .:0.5,1.25", fmt="GT:DS")
    assert score_one(several, score_file("1\t100\tG\tA\t1")).sum == 1.25
    assert score_one(several, score_file("1\t100\tA\tG\t1")).sum == 0.25


@pytest.mark.parametrize(
    ("columns", "weights", "by_copies"),
    [
        ("is_dominant\tis_recessive", "True\tFalse", (0, 3, 3)),
        ("is_dominant\tis_recessive", "False\tTrue", (0, 0, 3)),
        ("dosage_0_weight\tdosage_1_weight\tdosage_2_weight", "0.5\t-1\t7", (0.5, -1, 7)),
    ],
)
def test_dominant_recessive_and_stepwise_weights(
    score_file: Write, vcf: Write, score_one: Score, columns: str, weights: str, by_copies: tuple[float, ...]
) -> None:
    score = score_file(f"1\t100\tG\tA\t3\t{weights}", columns=f"{COLUMNS}\t{columns}")
    for genotype, expected in zip(("0/0", "0/1", "1/1"), by_copies, strict=True):
        assert score_one(vcf(f"1 100 A G {genotype}"), score).sum == expected


def test_a_broken_dosage_does_not_fit_a_dominant_variant(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    columns = f"{COLUMNS}\tis_dominant"
    rows = score_file("1\t100\tG\tA\t3\tTrue", *filled(columns), columns=columns)
    called = vcf("1 100 A G ./.:0.4", *(f"{row}:." for row in FILL_VCF), fmt="GT:DS")
    assert score_one(called, rows).dropped == {NO_HARD_GENOTYPE: 1}


def test_the_reference_of_a_part_of_the_score_is_computed_again_from_its_frequencies(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    said = ["canheal_reference_mean=0.5", "canheal_reference_sd=2", "canheal_reference_population=made up"]
    rows = [f"1\t{at}\tG\tA\t{at}\t0.25" for at in range(1, 5)]
    score = score_file(*rows, header=said, columns=FREQUENCY)
    whole = score_one(vcf(*(f"1 {at} A G 0/1" for at in range(1, 5))), score)
    assert (whole.sum, whole.z) == (10, (10 - 0.5) / 2)
    part = score_one(vcf(*(f"1 {at} A G 0/1" for at in range(1, 4))), score)
    assert part.reference is not None
    assert part.sum == 6 + 2 * 0.25 * 4
    assert part.reference.mean == pytest.approx(2 * 0.25 * (1 + 2 + 3 + 4))
    assert part.reference.sd == pytest.approx((2 * 0.25 * 0.75 * (1 + 4 + 9)) ** 0.5)
    assert part.remark == "mean and SD computed again for the 3 of 4 variants matched"


def test_without_frequencies_a_part_of_the_score_has_a_sum_and_no_percentile(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    said = ["canheal_reference_mean=0.5", "canheal_reference_sd=2"]
    score = score_file(*(f"1\t{at}\tG\tA\t1" for at in range(1, 5)), header=said)
    part = score_one(vcf(*(f"1 {at} A G 0/1" for at in range(1, 4))), score)
    assert (part.sum, part.z, part.percentile) == (3, None, None)
    assert part.remark is not None
    assert "lacks allele frequencies" in part.remark


def test_a_cut_bgzf_file_is_refused_though_it_reads_without_error(tmp_path: Path) -> None:
    data = (demo_samples.SAMPLES / "DEMO-GERMLINE-1.vcf.gz").read_bytes()
    cut = tmp_path / "cut.vcf.gz"
    cut.write_bytes(data[:-28])
    with pytest.raises(VcfRefused, match="EOF block"):
        list(score_vcf(Request(cut, Build.GRCH38, ()), [read_score(demo_samples.SCORE)]))


def test_a_score_of_which_no_row_can_be_scored_is_refused_with_the_reasons(
    score_file: Write, vcf: Write, score_one: Score
) -> None:
    scored = score_one(vcf("1 100 A G 0/1"), score_file("1\t100\tHLA\tA\t1", "1\t\tG\tA\t1"))
    assert scored.refusal is not None
    assert "1 allele is no sequence of A, C, G, T, 1 without position" in scored.refusal
