"""Scoring files: every format that the PGS Catalog gives, what is refused and what is counted."""

import gzip
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
from canheal_genome.builds import Build
from canheal_prs.errors import ScoreFileRefused
from canheal_prs.scorefile import read_score

Write = Callable[..., Path]
COLUMNS = "chr_name\tchr_position\teffect_allele\tother_allele\teffect_weight"


def test_a_harmonised_file_is_read_at_its_harmonised_places_and_unmapped_rows_are_counted(
    tmp_path: Path,
) -> None:
    path = tmp_path / "PGS1_hmPOS_GRCh38.txt.gz"
    text = (
        "###PGS CATALOG SCORING FILE - see https://www.pgscatalog.org\n#format_version=2.0\n"
        "##POLYGENIC SCORE (PGS) INFORMATION\n#pgs_id=PGS1\n#pgs_name=one\n#trait_reported=Breast cancer\n"
        "#genome_build=GRCh37\n#weight_type=beta\n##HARMONIZATION DETAILS\n#HmPOS_build=GRCh38\n"
        "rsID\tchr_name\tchr_position\teffect_allele\tother_allele\teffect_weight\thm_chr\thm_pos\thm_inferOtherAllele\n"
        "rs1\t1\t100\tG\tA\t0.5\t1\t200\t\n"
        "rs2\t1\t101\tG\t\t0.5\t1\t201\tA\n"
        "rs3\t1\t102\tG\t\t0.5\t1\t202\tA/C\n"
        "rs4\t1\t103\tG\tA\t0.5\t\t\t\n"
    )
    path.write_bytes(gzip.compress(text.encode()))
    score = read_score(path)
    assert (score.score_id, score.name, score.trait, score.build) == (
        "PGS1",
        "one",
        "Breast cancer",
        Build.GRCH38,
    )
    assert score.variants["position"].to_list() == [200, 201, 202]
    assert score.variants["other_allele"].to_list() == ["A", "A", None]
    assert (score.total, score.refused) == (4, {"not mapped to the harmonised build": 1})


def test_the_first_format_is_read_with_its_own_words(tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    path.write_text(
        "### PGS CATALOG SCORING FILE\n# PGS ID = PGS000001\n# Reported Trait = Breast Cancer\n"
        "# Original Genome Build = hg19\n# Number of Variants = 1\n"
        "rsID\tchr_name\tchr_position\teffect_allele\treference_allele\teffect_weight\n"
        "rs1\tchr1\t100\tg\ta\t0.1\n"
    )
    score = read_score(path)
    assert (score.score_id, score.trait, score.build) == ("PGS000001", "Breast Cancer", Build.GRCH37)
    assert score.variants.select("contig", "effect_allele", "other_allele", "reference_allele").row(0) == (
        "1", "G", "A", None,
    )  # fmt: skip


def test_rows_that_cannot_be_scored_alone_are_counted_by_reason(score_file: Write) -> None:
    columns = f"{COLUMNS}\tis_haplotype\tis_diplotype\tis_interaction"
    score = read_score(
        score_file(
            "1\t100\tG\tA\t1\tFalse\tFalse\tFalse",
            "1\t101\tGAT\t\t1\tTrue\tFalse\tFalse",
            "1\t102\tG\tA\t1\tFalse\tTrue\tFalse",
            "1\t103\tG\tA\t1\tFalse\tFalse\tTrue",
            "6\t104\tHLA-A*01\t\t1\t\t\t",
            "23\t105\tG\tA\t1\t\t\t",
            "1\t\tG\tA\t1\t\t\t",
            "1\t106\tG\tG\t1\t\t\t",
            columns=columns,
        )
    )
    assert score.variants.height == 1
    assert score.total == 8
    assert score.refused == {
        "allele is no sequence of A, C, G, T": 1,
        "both alleles are the same": 1,
        "contig is no chromosome": 1,
        "diplotype": 1,
        "haplotype": 1,
        "interaction of variants": 1,
        "without position": 1,
    }


@pytest.mark.parametrize(
    ("rows", "line", "words"),
    [
        (["1\t100\tG\tA\tx"], 4, "effect_weight is 'x'; expected a number"),
        (["1\t100\tG\tA\t1", "1\t0\tG\tA\t1"], 5, "chr_position is '0'"),
        (["1\t100\tG\tA\t1", "1\t1e5\tG\tA\t1"], 5, "chr_position is '1e5'"),
        (["1\t100\tG\tA\t"], 4, "effect_weight is None"),
        (["1\t100\tG\tA\tinf"], 4, "expected a number"),
        (["1\t100\tG\tA\t1\t9\t9"], 3, "the table cannot be read"),
    ],
)
def test_a_value_that_is_no_number_refuses_the_file_with_its_line(
    score_file: Write, rows: list[str], line: int, words: str
) -> None:
    with pytest.raises(ScoreFileRefused, match=r"score\.txt") as refused:
        read_score(score_file(*rows))
    assert refused.value.line == line
    assert words in refused.value.reason
    again = pickle.loads(pickle.dumps(refused.value))  # noqa: S301 our own bytes, as the pool sends them
    assert str(again) == str(refused.value)


def test_names_without_places_are_refused_with_what_to_fetch(score_file: Write) -> None:
    with pytest.raises(ScoreFileRefused, match=r"chr_name, chr_position are missing; found rsID.*harmonised"):
        read_score(score_file("rs1\tG\t1", columns="rsID\teffect_allele\teffect_weight"))


@pytest.mark.parametrize(
    ("build", "expected"), [("GRCh37", Build.GRCH37), ("hg38", Build.GRCH38), ("NR", None)]
)
def test_the_build_is_what_the_file_states(score_file: Write, build: str, expected: Build | None) -> None:
    assert read_score(score_file("1\t100\tG\tA\t1", build=build)).build is expected


def test_an_unknown_build_and_half_a_reference_are_refused(score_file: Write) -> None:
    with pytest.raises(ScoreFileRefused, match="the build is NCBI36"):
        read_score(score_file("1\t100\tG\tA\t1", build="NCBI36"))
    with pytest.raises(ScoreFileRefused, match="expected two numbers"):
        read_score(score_file("1\t100\tG\tA\t1", header=["canheal_reference_mean=1"]))
    with pytest.raises(ScoreFileRefused, match="above 0"):
        read_score(
            score_file("1\t100\tG\tA\t1", header=["canheal_reference_mean=1", "canheal_reference_sd=0"])
        )


def test_ratios_are_taken_as_logarithms_or_refused_where_that_is_in_doubt(score_file: Write) -> None:
    ratios = read_score(
        score_file("1\t100\tG\tA\t2", columns="chr_name\tchr_position\teffect_allele\tother_allele\tOR")
    )
    assert ratios.variants["weight"].to_list() == pytest.approx([0.6931471805599453])
    with pytest.raises(ScoreFileRefused, match="ratios do not add up"):
        read_score(score_file("1\t100\tG\tA\t1.2", header=["weight_type=OR"]))
    logs = read_score(score_file("1\t100\tG\tA\t-0.2", "1\t200\tG\tA\t0.2", header=["weight_type=OR"]))
    assert logs.variants["weight"].to_list() == [-0.2, 0.2]


def test_a_cut_gzip_is_refused(tmp_path: Path, score_file: Write) -> None:
    whole = gzip.compress(score_file(*(f"1\t{at}\tG\tA\t1" for at in range(1, 500))).read_bytes())
    cut = tmp_path / "cut.txt.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ScoreFileRefused, match="cut or damaged"):
        read_score(cut)


def test_an_empty_table_is_refused(score_file: Write, tmp_path: Path) -> None:
    with pytest.raises(ScoreFileRefused, match="no rows"):
        read_score(score_file())
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(ScoreFileRefused, match="no table"):
        read_score(tmp_path / "empty.txt")


def test_windows_line_ends_change_nothing(score_file: Write, tmp_path: Path) -> None:
    unix = score_file("1\t100\tG\tA\t0.5", header=["trait_reported=Breast cancer"])
    windows = tmp_path / "windows.txt"
    windows.write_bytes(unix.read_bytes().replace(b"\n", b"\r\n"))
    assert read_score(windows).variants.equals(read_score(unix).variants)
    assert read_score(windows).trait == "Breast cancer"


def test_real_harmonised_files_are_read_whole(shared: Path) -> None:
    score = read_score(shared / "pygscatalog/OPGS017309_hmPOS_GRCh38.txt.gz")
    assert (score.score_id, score.build) == ("OPGS017309", Build.GRCH38)
    assert score.total == 697
    assert score.variants.height + sum(score.refused.values()) == 697
    assert score.variants["position"][0] == 159346461
