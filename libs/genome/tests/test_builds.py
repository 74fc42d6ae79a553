import copy

import pytest
from canheal_genome.builds import CHROMOSOMES, LENGTHS, PAR, Build, build_from_contigs, contig_name, in_par
from canheal_genome.errors import BuildRefused


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("1", "1"), ("chr1", "1"), ("Chr22", "22"), ("chrX", "X"), ("y", "Y"), ("chrM", "MT"), ("M", "MT"),
        ("MT", "MT"), ("NC_000007.14", "7"), ("NC_000023.10", "X"), ("NC_012920.1", "MT"),
        ("23", None), ("chrUn_KI270302v1", None), ("NC_000025.1", None), ("GL000191.1", None), ("chr", None),
        ("1_alt", None), ("chrchr1", None),
    ],
)  # fmt: skip
def test_a_chromosome_is_known_by_each_of_its_names_and_nothing_else_is(
    name: str, canonical: str | None
) -> None:
    assert contig_name(name) == canonical


def test_the_lengths_sum_to_the_published_size_of_each_assembly() -> None:
    nuclear = [name for name in CHROMOSOMES if name != "MT"]
    assert sum(LENGTHS[Build.GRCH37][name] for name in nuclear) == 3_095_677_412
    assert sum(LENGTHS[Build.GRCH38][name] for name in nuclear) == 3_088_269_832


@pytest.mark.parametrize("build", list(Build))
def test_both_sexes_pseudoautosomal_regions_are_of_one_size_and_end_inside(build: Build) -> None:
    for (x_start, x_end), (y_start, y_end) in zip(PAR[build]["X"], PAR[build]["Y"], strict=True):
        assert x_end - x_start == y_end - y_start
        assert x_end <= LENGTHS[build]["X"]
        assert y_end <= LENGTHS[build]["Y"]
    assert in_par(build, "X", PAR[build]["X"][0][0])
    assert not in_par(build, "X", PAR[build]["X"][0][1] + 1)
    assert not in_par(build, "1", 100_000)


@pytest.mark.parametrize("build", list(Build))
def test_all_lengths_agreeing_name_the_build(build: Build) -> None:
    assert build_from_contigs({f"chr{name}": length for name, length in LENGTHS[build].items()}) is build


def test_unplaced_contigs_and_hg19s_mitochondrion_do_not_disturb() -> None:
    assert build_from_contigs({"chr1": 249250621, "chrM": 16571, "chrUn_gl000220": 161802}) is Build.GRCH37


def test_without_any_nuclear_chromosome_the_build_is_not_known() -> None:
    assert build_from_contigs({"chrM": 16569, "GL000191.1": 106433}) is None


@pytest.mark.parametrize(
    ("lengths", "rule"),
    [
        ({"1": 249250621, "2": 242193529}, "contig-lengths-contradict"),
        ({"1": 248956422, "2": 242193530}, "contig-lengths-contradict"),
        ({"1": 247249719, "2": 242951149}, "contig-lengths-unknown"),
    ],
)
def test_lengths_of_two_builds_or_of_none_are_refused(lengths: dict[str, int], rule: str) -> None:
    with pytest.raises(BuildRefused) as refused:
        build_from_contigs(lengths)
    assert refused.value.rule == rule
    assert "GRCh37" in refused.value.reason


def test_a_refusal_crosses_a_process_border_whole() -> None:
    error = copy.copy(BuildRefused("contig-lengths-unknown", "why", 3))  # takes the road that pickle takes
    assert (error.rule, error.reason, error.line, error.status) == ("contig-lengths-unknown", "why", 3, 422)
