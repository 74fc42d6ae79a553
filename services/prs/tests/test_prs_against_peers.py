"""Sums and z-scores against other programs' and against plain arithmetic on the same files."""

import csv
import gzip
import math
from collections import defaultdict
from pathlib import Path

import pytest
from canheal_genome.builds import Build
from canheal_genome.header import read_header
from canheal_prs.cohort import Request, score_vcf
from canheal_prs.score import Scored
from canheal_prs.scorefile import read_score

FLIP = str.maketrans("ACGT", "TGCA")
CANRISK_COLUMNS = (
    "chr_name\tchr_position\tother_allele\teffect_allele\tallelefrequency_effect\teffect_weight\t"
    "canheal_reference_allele"
)


def canrisk_model(model: Path, folder: Path) -> Path:
    """A CanRisk score model as a scoring file; its first allele is the reference genome's."""
    lines = model.read_text().splitlines()
    numbers = dict(line.split(" = ") for line in lines if " = " in line)
    rows = [line.split(",") for line in lines if line[:1].isdigit() or line[:1] == "X"]
    header = [
        f"#pgs_id={model.stem}",
        "#genome_build=GRCh37",
        "#weight_type=log(OR)",
        f"#canheal_reference_mean={numbers['mean']}",
        f"#canheal_reference_sd={numbers['sd']}",
    ]
    path = folder / f"{model.stem}.txt"
    path.write_text(
        "\n".join([*header, CANRISK_COLUMNS, *("\t".join([*row, row[2]]) for row in rows)]) + "\n"
    )
    return path


def by_sample(
    vcf: Path, score: Path, build: Build = Build.GRCH37, most: int | None = None
) -> dict[str, Scored]:
    request = Request(vcf, build, read_header(vcf).samples[:most])
    return {one.sample: one for one in score_vcf(request, [read_score(score)])}


def test_canrisk_scores_and_z_agree_with_vcf2prs_from_genotypes_and_from_dosages(
    shared: Path, tmp_path: Path
) -> None:
    expected = defaultdict(list)
    for row in table(shared / "share/expected-z.tsv"):
        expected[row["vcf"], row["model"]].append(row)
    assert sum(map(len, expected.values())) == 36
    for (vcf, model), rows in expected.items():
        score = canrisk_model(shared / "share/PRSmodels_CanRisk" / model, tmp_path)
        found = by_sample(shared / "share/Examples/VCFfiles" / vcf, score)
        for row in rows:
            scored = found[row["sample"]]
            assert scored.matched == scored.score.total
            assert scored.sum == pytest.approx(float(row["raw_prs"]), abs=1e-9)
            assert scored.z == pytest.approx(float(row["z"]), abs=1e-9)


def test_a_sample_built_to_sit_at_a_percentile_sits_there(shared: Path, tmp_path: Path) -> None:
    score = canrisk_model(shared / "share/PRSmodels_CanRisk/OCAC_36_PRS-pop.prs", tmp_path)
    found = by_sample(shared / "share/Examples/VCFfiles/sample_OCAC_36.vcf", score)
    for name in ("t0.1", "t0.5", "t0.95"):
        assert found[name].percentile == pytest.approx(100 * float(name[1:]), abs=0.2)


def plain(vcf: Path, rows: list[dict[str, str]], weigh: str = "additive") -> dict[str, float]:
    """The same score in the plainest words: a dictionary and a loop. A/T and C/G rows are left out."""
    wanted = {(row["chr_name"], row["chr_position"]): row for row in rows}
    totals: dict[str, list[float]] = defaultdict(list)
    samples: list[str] = []
    for line in gzip.decompress(vcf.read_bytes()).decode().splitlines():
        fields = line.split("\t")
        if line.startswith("#CHROM"):
            samples = fields[9:]
        if line.startswith("#") or (row := wanted.get((fields[0], fields[1]))) is None:
            continue
        ref, alt, effect, other = fields[3], fields[4], row["effect_allele"], row["other_allele"]
        if {ref, alt} != {effect, other}:
            effect, other = effect.translate(FLIP), other.translate(FLIP)
        if {ref, alt} in ({"A", "T"}, {"C", "G"}) or {ref, alt} != {effect, other}:
            continue
        for sample, call in zip(samples, fields[9:], strict=True):
            gt = call.split(":")[0].replace("|", "/").split("/")
            if "." not in gt:
                copies = gt.count("1" if effect == alt else "0")
                if row.get("is_dominant") == "TRUE":
                    copies = min(copies, 1)
                if row.get("is_recessive") == "TRUE":
                    copies = copies // 2
                totals[sample].append(copies * float(row["effect_weight"]))
    return {sample: math.fsum(parts) for sample, parts in totals.items()}


def table(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    text = gzip.decompress(data).decode() if path.suffix == ".gz" else data.decode()
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return list(csv.DictReader(lines, delimiter="\t"))


@pytest.mark.parametrize("name", ["scorefile.txt", "scorefile_dominant_and_recessive.txt"])
def test_pgsc_calc_scores_of_a_cohort_equal_plain_arithmetic(shared: Path, name: str) -> None:
    vcf, score = shared / "pgsc_calc/cineca_synthetic_subset.vcf.gz", shared / "pgsc_calc" / name
    expected = plain(vcf, table(score))
    found = by_sample(vcf, score, most=40)
    assert len(found) == 40
    for sample, scored in found.items():
        assert scored.sum == pytest.approx(expected[sample], abs=1e-12), sample
        assert scored.z is None
        assert scored.remark is not None
        assert "no reference mean" in scored.remark


def test_a_harmonised_genome_wide_score_on_real_genotypes_equals_plain_arithmetic(
    shared: Path, tmp_path: Path
) -> None:
    """The VCF holds some of the score's variants, so the score is cut to the places that it has."""
    vcf, source = (
        shared / "pygscatalog/tiny1000G.vcf.gz",
        shared / "pygscatalog/PGS001229_hmPOS_GRCh38.txt.gz",
    )
    places = {
        tuple(line.split("\t")[:2])
        for line in gzip.decompress(vcf.read_bytes()).decode().splitlines()
        if not line.startswith("#")
    }
    rows = [row for row in table(source) if (row["chr_name"], row["chr_position"]) in places]
    assert len(rows) > 500
    names = ("chr_name", "chr_position", "effect_allele", "other_allele", "effect_weight")
    score = tmp_path / "cut.txt"
    body = ["\t".join(row[name] for name in names) for row in rows]
    score.write_text("\n".join(["#pgs_id=PGS001229", "#genome_build=GRCh38", "\t".join(names), *body]) + "\n")
    expected = plain(vcf, rows)
    for sample, scored in by_sample(vcf, score, Build.GRCH38, most=20).items():
        assert scored.sum == pytest.approx(expected[sample], abs=1e-12), sample
