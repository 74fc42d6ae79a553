"""Scoring files and VCFs written on the spot, and the shared truth."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from canheal_genome.builds import Build
from canheal_prs.cohort import Request, score_vcf
from canheal_prs.score import Scored
from canheal_prs.scorefile import ScoreFile, read_score

Write = Callable[..., Path]
Score = Callable[..., Scored]

COLUMNS = "chr_name\tchr_position\teffect_allele\tother_allele\teffect_weight"


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = Path(os.environ.get("CANHEAL_TEST_DATA", Path(__file__).parents[4] / "shared" / "data")) / "prs"
    if not folder.exists():
        pytest.skip("shared data absent: set CANHEAL_TEST_DATA")
    return folder


@pytest.fixture
def score_file(tmp_path: Path) -> Write:
    """Writes a scoring file on GRCh38 from rows; `header` lines and `columns` may be changed."""

    def written(
        *rows: str, header: Sequence[str] = (), columns: str = COLUMNS, build: str | None = "GRCh38"
    ) -> Path:
        said = [f"#{line}" for line in header] + ([f"#genome_build={build}"] if build else [])
        path = tmp_path / "score.txt"
        path.write_text("\n".join(["#pgs_id=TEST1", *said, columns, *rows]) + "\n")
        return path

    return written


@pytest.fixture
def vcf(tmp_path: Path) -> Write:
    """Writes a VCF from `CHROM POS REF ALT GT...` rows."""

    def written(*rows: str, samples: Sequence[str] = ("S1",), fmt: str = "GT", filter_: str = "PASS") -> Path:
        lines = [
            "##fileformat=VCFv4.2",
            "\t".join([*["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"], *samples]),
        ]
        for row in rows:
            chrom, pos, ref, alt, *genotypes = row.split()
            lines.append("\t".join([chrom, pos, ".", ref, alt, ".", filter_, ".", fmt, *genotypes]))
        path = tmp_path / "sample.vcf"
        path.write_text("\n".join(lines) + "\n")
        return path

    return written


@pytest.fixture
def score_one() -> Score:
    """Scores the first sample of a VCF."""

    def scored(vcf: Path, score: Path | ScoreFile, *, whole_genome: bool = False) -> Scored:
        read = score if isinstance(score, ScoreFile) else read_score(score)
        request = Request(vcf, Build.GRCH38, (), whole_genome=whole_genome)
        return next(iter(score_vcf(request, [read])))

    return scored
