"""What must not change a score, to the last bit of its sum: strand, allele order, order of records."""

import math
import tempfile
from pathlib import Path

import polars as pl
from canheal_genome.builds import Build
from canheal_prs.cohort import Request, score_vcf
from canheal_prs.score import Scored
from canheal_prs.scorefile import read_score
from hypothesis import given, settings
from hypothesis import strategies as st

PAIRS = ["AC", "AG", "CA", "CT", "GA", "GT", "TC", "TG"]
FLIP = str.maketrans("ACGT", "TGCA")
type Site = tuple[str, int, float, bool, bool, bool]

SITES = st.lists(
    st.tuples(
        st.sampled_from(PAIRS),  # REF and ALT
        st.integers(0, 2),  # copies of ALT
        st.floats(-3, 3, allow_nan=False),
        st.booleans(),  # the effect allele is ALT
        st.booleans(),  # flip the strand in the one place
        st.booleans(),  # swap REF and ALT in the VCF
    ),
    min_size=1,
    max_size=25,
)


def scored(vcf: list[str], rows: list[str]) -> Scored:
    with tempfile.TemporaryDirectory() as folder:
        file, score = Path(folder) / "s.vcf", Path(folder) / "s.txt"
        columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS"
        file.write_text("\n".join(["##fileformat=VCFv4.2", columns, *vcf]) + "\n")
        names = "chr_name\tchr_position\teffect_allele\tother_allele\teffect_weight"
        score.write_text("\n".join(["#pgs_id=T", "#genome_build=GRCh38", names, *rows]) + "\n")
        (one,) = score_vcf(Request(file, Build.GRCH38, ()), [read_score(score)])
    return one


def record(at: int, ref: str, alt: str, copies: int) -> str:
    return f"1\t{at}\t.\t{ref}\t{alt}\t.\tPASS\t.\tGT\t{('0/0', '0/1', '1/1')[copies]}"


def lines(sites: list[Site], *, changed: bool) -> tuple[list[str], list[str]]:
    vcf, rows = [], []
    for at, ((ref, alt), copies, weight, effect_is_alt, flip, swap) in enumerate(sites, start=1):
        effect, other = (alt, ref) if effect_is_alt else (ref, alt)
        if changed and flip:
            effect, other = effect.translate(FLIP), other.translate(FLIP)
        rows.append(f"1\t{at}\t{effect}\t{other}\t{weight!r}")
        vcf.append(record(at, alt, ref, 2 - copies) if changed and swap else record(at, ref, alt, copies))
    return vcf, rows


@settings(max_examples=40, deadline=None)
@given(SITES)
def test_flipped_strands_and_swapped_vcf_alleles_leave_the_sum_unchanged(sites: list[Site]) -> None:
    plain, changed = scored(*lines(sites, changed=False)), scored(*lines(sites, changed=True))
    assert plain.matched == changed.matched == len(sites)
    assert plain.sum == changed.sum
    assert plain.sum == math.fsum(
        weight * (copies if effect_is_alt else 2 - copies) for _, copies, weight, effect_is_alt, _, _ in sites
    )


@settings(max_examples=40, deadline=None)
@given(SITES)
def test_swapping_the_scoring_files_alleles_and_signs_moves_the_sum_by_twice_the_weights(
    sites: list[Site],
) -> None:
    opposite: list[Site] = [(pair, n, -w, not is_alt, *rest) for pair, n, w, is_alt, *rest in sites]
    one, other = scored(*lines(sites, changed=False)), scored(*lines(opposite, changed=False))
    assert one.sum is not None
    assert other.sum is not None
    moved = 2 * math.fsum(weight for _, _, weight, *_ in sites)
    assert math.isclose(one.sum - other.sum, moved, abs_tol=1e-12)


@settings(max_examples=40, deadline=None)
@given(SITES, st.integers(0, 1000))
def test_the_order_of_records_and_rows_changes_no_bit_of_the_sum(sites: list[Site], seed: int) -> None:
    vcf, rows = lines(sites, changed=False)
    shuffled_vcf, shuffled_rows = (pl.Series(part).shuffle(seed=seed).to_list() for part in (vcf, rows))
    assert scored(vcf, rows).sum == scored(shuffled_vcf, shuffled_rows).sum
