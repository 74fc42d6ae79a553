"""The demo's samples and score: true to the reference, whole, told as the story wants, rewritten alike."""

import csv
import gzip
import json
from pathlib import Path

import pytest
from canheal_genome.builds import Build
from canheal_genome.columns import read_all
from canheal_genome.reference import build_from_reference
from canheal_genome.vcf import check
from canheal_prs.cohort import Request, score_vcf
from canheal_prs.scorefile import read_score
from canheal_refdata.bundle import open_bundle

import demo_samples
from demo_draw import STORY_GENES, Allele, Draw

LABELS = ("DEMO-BRC-1", "DEMO-CRC-1", "DEMO-GERMLINE-1")


def vcf_of(label: str) -> Path:
    return demo_samples.SAMPLES / f"{label}.vcf.gz"


@pytest.mark.parametrize("label", LABELS)
def test_every_ref_of_a_demo_sample_is_the_reference_genomes(label: str) -> None:
    said = json.loads((demo_samples.SAMPLES / f"{label}.json").read_text())
    facts = check(vcf_of(label), kind=said["kind"])
    assert facts.compression == "bgzf"
    assert facts.build is Build.GRCH38
    assert facts.sample == ("PERSON" if said["kind"] == "germline" else said["vcf_sample"])
    assert facts.normal == said.get("vcf_normal")
    bundle = open_bundle()
    evidence = build_from_reference(
        vcf_of(label), lambda build, *where: bundle.assembly(build).sequence(*where), max_sites=100_000
    )
    seen = evidence.sites[Build.GRCH38]
    assert (seen.matches, seen.mismatches) == (facts.n_records, 0)


def test_no_place_comes_twice_in_a_demo_sample() -> None:
    for label in LABELS:
        frame = read_all(vcf_of(label), sample=None, columns=["contig", "position"])
        assert frame.is_unique().all(), label


def test_the_tumours_tell_their_stories() -> None:
    crc = read_all(vcf_of("DEMO-CRC-1"), sample="TUMOUR")
    passed = crc.filter(crc["filter"] == "PASS")
    assert 380 <= passed.height <= 420
    assert crc.height > passed.height
    assert passed.filter(contig="7", position=140753336, alt="T").height == 1
    assert passed.filter(contig="12", position=25245350).is_empty()  # KRAS G12 is wild type
    breast = read_all(vcf_of("DEMO-BRC-1"), sample="TUMOUR")
    brca1 = breast.filter(contig="17", position=43057062).row(0, named=True)
    assert (brca1["ref"], brca1["alt"]) == ("T", "TG")
    assert 0.5 < brca1["vaf"] < 0.75


def test_only_the_named_variants_speak_in_the_storys_genes() -> None:
    with demo_samples.NAMED.open() as table:
        expected = {(row["sample"], row["hgvs_p"]) for row in csv.DictReader(table, delimiter="\t")}
    draw = Draw("any")
    found = set()
    for label in ("DEMO-CRC-1", "DEMO-BRC-1"):
        frame = read_all(vcf_of(label), sample=None, columns=["contig", "position", "ref", "alt"])
        names = [draw.name_of(Allele(*row)) for row in frame.iter_rows()]
        found |= {
            (label, name[2])
            for name in names
            if name and name[2] not in (None, "", "p.?") and name[0] in STORY_GENES
        }
    assert found == expected


def test_the_healthy_womans_demo_score_is_synthetic_and_above_the_average() -> None:
    request = Request(vcf_of("DEMO-GERMLINE-1"), Build.GRCH38, ("PERSON",))
    (scored,) = score_vcf(request, [read_score(demo_samples.SCORE)])
    assert scored.score.synthetic
    assert scored.score.notice == "synthetic, not for care"
    assert (scored.matched, scored.score.total, scored.imputed) == (39, 40, 1)
    assert scored.percentile is not None
    assert 80 < scored.percentile < 97


def test_the_script_writes_what_is_committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed = [*demo_samples.SAMPLES.iterdir(), demo_samples.SCORE]
    monkeypatch.setattr(demo_samples, "SAMPLES", tmp_path)
    monkeypatch.setattr(demo_samples, "SCORE", tmp_path / demo_samples.SCORE.name)
    demo_samples.main()
    assert len(committed) == 7
    for original in committed:
        assert _text(tmp_path / original.name) == _text(original), original.name


def _text(path: Path) -> bytes:
    """Uncompressed, since another zlib may pack the same text otherwise."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data
