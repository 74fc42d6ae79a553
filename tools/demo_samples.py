"""Make the demo's three samples and its breast score: `python tools/demo_samples.py`.

All of it is made up. The variants that tell each tumour's story stand in demo_named_variants.tsv and are
held to the bundle (REF, and the annotator's c. and p. name); the rest is drawn from a seed inside the demo
bundle's slices, so that every REF is true on GRCh38. A second run writes the same bytes.

The score: forty intronic SNVs, weights log(OR) up to 0.2, frequencies 0.05 to 0.95; mean and SD are those of
its own frequencies in Hardy-Weinberg and linkage equilibrium, sum 2pb and sum 2p(1-p)b^2. The woman's
genotypes are drawn from the frequencies, again until she sits between the 85th and 95th percentile.
"""

import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from demo_draw import Allele, Draw, header, write_bgzf

ROOT: Final = Path(__file__).parents[1]
SAMPLES: Final = ROOT / "cli/src/canheal_cli/demo"
SCORE: Final = ROOT / "services/prs/src/canheal_prs/demo/DEMO-BREAST.txt"
NAMED: Final = Path(__file__).with_name("demo_named_variants.tsv")
SEED: Final = "canheal-demo-1"
NOTICE: Final = "synthetic, not for care"
FILTERS: Final = {
    "weak_evidence": "Too few reads show the variant",
    "germline": "Likely inherited",
    "strand_bias": "Seen on one strand only",
}
TUMOUR_HEADER: Final = [f'##FILTER=<ID={name},Description="{text}">' for name, text in FILTERS.items()]


@dataclass(frozen=True, slots=True)
class ScoreSite:
    """A variant of the score, and the copies of its effect allele in the woman's genome (None: no call)."""

    allele: Allele
    effect_is_alt: bool
    weight: float
    frequency: float
    copies: int | None = None

    @property
    def alleles(self) -> tuple[str, str]:
        """Effect allele, other allele."""
        pair = (self.allele.alt, self.allele.ref)
        return pair if self.effect_is_alt else pair[::-1]


def named(draw: Draw, sample: str) -> list[tuple[Allele, float]]:
    """A sample's named variants with their VAF; each is checked against the bundle."""
    with NAMED.open(encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t") if row["sample"] == sample]
    for row in rows:
        found = draw.name_of(_allele(row))
        if found != (row["gene"], row["hgvs_c"], row["hgvs_p"]):
            raise SystemExit(f"{NAMED.name}: {row['gene']} {row['hgvs_c']} is {found} on the bundle")
    return [(_allele(row), float(row["vaf"])) for row in rows]


def _allele(row: dict[str, str]) -> Allele:
    return Allele(row["contig"], int(row["position"]), row["ref"], row["alt"])


def tumour(sample: str, *, coding: int, intronic: int, filtered: int, normal: bool) -> list[str]:
    """A tumour's VCF: named variants, passengers, and calls that failed a filter."""
    draw = Draw(f"{SEED}/{sample}")
    known = named(draw, sample)
    drawn = [*draw.coding(coding), *draw.intronic(intronic + filtered)]
    passengers = [(allele, draw.between(0.06, 0.42)) for allele in drawn]
    reasons = list(FILTERS)
    records = []
    for number, (allele, vaf) in enumerate([*known, *passengers]):
        failed = number >= len(known) + coding + intronic
        verdict = reasons[draw.below(len(reasons))] if failed else "PASS"
        columns = [_reads(draw, vaf / 3 if failed else vaf, "0/1")]
        if normal:
            columns.append(_reads(draw, 0.5 if verdict == "germline" else 0.0, "0/0"))
        records.append((allele, _record(allele, verdict, columns)))
    roles = ["##tumor_sample=TUMOUR", *(["##normal_sample=NORMAL"] if normal else [])]
    names = ["TUMOUR", *(["NORMAL"] if normal else [])]
    return [*header(names, *TUMOUR_HEADER, *roles), *_in_order(records)]


def _reads(draw: Draw, vaf: float, genotype: str) -> str:
    depth = 60 + draw.below(90)
    alt = draw.binomial(depth, vaf) if vaf else 0
    return f"{genotype}:{depth - alt},{alt}:{depth}"


def _record(allele: Allele, verdict: str, columns: list[str]) -> str:
    fixed = [f"chr{allele.contig}", str(allele.position), ".", allele.ref, allele.alt, ".", verdict, "."]
    return "\t".join([*fixed, "GT:AD:DP", *columns])


def _in_order(records: list[tuple[Allele, str]]) -> list[str]:
    return [line for _, line in sorted(records, key=lambda record: record[0].order)]


def score_sites(draw: Draw, count: int) -> list[ScoreSite]:
    """The score's variants: most effects are small, a few are not."""
    return [
        ScoreSite(
            allele,
            effect_is_alt=draw.share() < 0.6,
            weight=round((-1 if draw.share() < 0.4 else 1) * (0.02 + 0.18 * draw.share() ** 3), 4),
            frequency=round(draw.between(0.05, 0.95), 3),
        )
        for allele in draw.intronic(count)
    ]


def mean_and_sd(sites: list[ScoreSite]) -> tuple[float, float]:
    mean = math.fsum(2 * one.frequency * one.weight for one in sites)
    variance = math.fsum(2 * one.frequency * (1 - one.frequency) * one.weight**2 for one in sites)
    return mean, math.sqrt(variance)


def score_lines(sites: list[ScoreSite]) -> list[str]:
    mean, sd = mean_and_sd(sites)
    columns = (
        *("chr_name", "chr_position", "effect_allele", "other_allele"),
        *("effect_weight", "allelefrequency_effect", "canheal_reference_allele"),
    )
    rows = [
        (one.allele.contig, one.allele.position, *one.alleles, one.weight, one.frequency, one.allele.ref)
        for one in sorted(sites, key=lambda one: one.allele.order)
    ]
    return [
        "###PGS CATALOG SCORING FILE (format 2.0) of the CAN.HEAL demo, written by tools/demo_samples.py",
        "#format_version=2.0",
        "#pgs_id=DEMO-BREAST",
        "#pgs_name=Demo breast score (synthetic)",
        "#trait_reported=Breast cancer",
        "#genome_build=GRCh38",
        "#weight_type=log(OR)",
        f"#variants_number={len(sites)}",
        "#canheal_synthetic=true",
        f"#canheal_notice={NOTICE}",
        f"#canheal_reference_mean={mean!r}",
        f"#canheal_reference_sd={sd!r}",
        "#canheal_reference_population=made-up population of the demo",
        "\t".join(columns),
        *("\t".join(map(str, row)) for row in rows),
    ]


def genotyped(draw: Draw, sites: list[ScoreSite]) -> list[ScoreSite]:
    """The woman's copies, drawn from the frequencies until she sits where the page has something to say."""
    mean, sd = mean_and_sd(sites)
    while True:
        copies = [draw.binomial(2, one.frequency) for one in sites]
        total = math.fsum(n * one.weight for n, one in zip(copies, sites, strict=True))
        if 1.04 < (total - mean) / sd < 1.64:
            missing = draw.below(len(sites))
            return [
                ScoreSite(
                    one.allele, one.effect_is_alt, one.weight, one.frequency, None if n == missing else c
                )
                for n, (one, c) in enumerate(zip(sites, copies, strict=True))
            ]


def germline(sites: list[ScoreSite]) -> list[str]:
    """A healthy woman's VCF: the score's sites as genotyped, and common variants that mean nothing."""
    draw = Draw(f"{SEED}/germline")
    records = []
    for one in genotyped(draw, sites):
        alt = one.copies if one.copies is None or one.effect_is_alt else 2 - one.copies
        records.append((one.allele, _record(one.allele, "PASS", [_called(draw, alt)])))
    taken = {(one.allele.contig, one.allele.position) for one in sites}
    records += [
        (allele, _record(allele, "PASS", [_called(draw, 1 + draw.below(2))]))
        for allele in [*draw.synonymous(25), *draw.intronic(45)]
        if (allele.contig, allele.position) not in taken
    ]
    return [*header(["PERSON"]), *_in_order(records)]


def _called(draw: Draw, alt_copies: int | None) -> str:
    if alt_copies is None:
        return "./.:0,0:0"
    return _reads(draw, alt_copies / 2, ("0/0", "0/1", "1/1")[alt_copies])


def metadata(label: str, number: int, site: str, **more: Any) -> dict[str, Any]:
    """What is sent with a sample to POST /v1/samples."""
    return {
        "site": site,
        "country": site[:2],
        "pseudonym": f"demo-{number:03}",
        "label": label,
        "build": "GRCh38",
        "sex": "female",
        "consent": {"permitted": ["family-counselling", "own-care"]},
        **more,
    }


def main() -> None:
    """Write the samples and the score."""
    sites = score_sites(Draw(f"{SEED}/score"), 40)
    SCORE.parent.mkdir(parents=True, exist_ok=True)
    SAMPLES.mkdir(parents=True, exist_ok=True)
    SCORE.write_text("".join(f"{line}\n" for line in score_lines(sites)), encoding="utf-8")
    exome, panel = {"type": "exome", "size_mb": 35.6}, {"type": "panel", "size_mb": 1.9}
    crc, breast, person = "DEMO-CRC-1", "DEMO-BRC-1", "DEMO-GERMLINE-1"
    somatic: dict[str, Any] = {"kind": "tumour", "assay": exome, "vcf_sample": "TUMOUR"}
    _write(
        tumour(crc, coding=150, intronic=250, filtered=40, normal=True),
        metadata(
            crc,
            1,
            "BE-DEMO",
            **somatic,
            vcf_normal="NORMAL",
            oncotree_code="COAD",
            age_years=61,
            purity=0.6,
        ),
    )
    _write(
        tumour(breast, coding=40, intronic=60, filtered=15, normal=False),
        metadata(breast, 2, "ES-DEMO", **somatic, oncotree_code="IDC", age_years=44, purity=0.7),
    )
    _write(germline(sites), metadata(person, 3, "EE-DEMO", kind="germline", assay=panel, age_years=47))


def _write(vcf: list[str], said: dict[str, Any]) -> None:
    write_bgzf(SAMPLES / f"{said['label']}.vcf.gz", vcf)
    document = json.dumps(said, indent=2)
    (SAMPLES / f"{said['label']}.json").write_text(f"{document}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
