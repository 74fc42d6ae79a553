"""The facts of the demo bundle against the genetic code, known hotspots and the shared FASTA."""

import gzip
import random
import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from canheal_genome.builds import Build
from canheal_refdata.bundle import DEMO_BUNDLE, Bundle
from canheal_refdata.demo import DEMO_NAME, write_demo_bundle
from canheal_refdata.models import reverse_complement

STOPS = {"TAA", "TAG", "TGA"}
NO_SLICE = ("CREBBP", "CTNNB1", "DPYD", "ERBB2", "KRAS", "LZTR1", "POLE", "SDHD")


@dataclass(frozen=True)
class Hotspot:
    build: Build
    variant: tuple[str, int, str, str]
    gene: str
    transcript: str
    hgvs_c: str
    hgvs_p: str


BRAF = ("BRAF", "NM_004333.6", "c.1799T>A", "p.(Val600Glu)")
KRAS = ("KRAS", "NM_004985.5", "c.35G>A", "p.(Gly12Asp)")
TP53 = ("TP53", "NM_000546.6", "c.743G>A", "p.(Arg248Gln)")

HOTSPOTS = [
    Hotspot(Build.GRCH38, ("7", 140753336, "A", "T"), *BRAF),
    Hotspot(Build.GRCH38, ("12", 25245350, "C", "T"), *KRAS),
    Hotspot(Build.GRCH38, ("17", 7674220, "C", "T"), *TP53),
    Hotspot(Build.GRCH37, ("7", 140453136, "A", "T"), *BRAF),
    Hotspot(Build.GRCH37, ("12", 25398284, "C", "T"), *KRAS),
    Hotspot(Build.GRCH37, ("17", 7577538, "C", "T"), *TP53),
]


def one_variant(contig: str, position: int, reference: str, alternative: str) -> pl.DataFrame:
    return pl.DataFrame(
        {"chromosome": contig, "position": position, "reference": reference, "alternative": alternative},
        schema_overrides={"position": pl.Int32},
    )


def codons(sequence: str) -> list[str]:
    return [sequence[at : at + 3] for at in range(0, len(sequence), 3)]


@pytest.mark.parametrize("build", Build)
def test_every_transcript_translates_from_its_start_to_its_stop(demo: Bundle, build: Build) -> None:
    assembly = demo.assembly(build)
    rows = assembly.genes.select("gene", "feature_id", "cds_start", "cds_end", "start_codon").rows()
    for gene, feature_id, first, last, start_codon in rows:
        spliced = assembly.spliced(feature_id)
        assert spliced is not None
        read = codons(spliced[first - 1 : last])
        assert len(read[-1]) == 3, gene
        assert read[0] == start_codon, gene
        assert read[0] == ("CTG" if gene == "WT1" else "ATG"), gene
        assert read[-1] in STOPS, gene
        assert not STOPS & set(read[:-1]), gene
    assert len(rows) == (170 if build is Build.GRCH38 else 169)


@pytest.mark.parametrize("build", Build)
def test_the_genome_itself_reads_as_the_transcripts_do(demo: Bundle, build: Build) -> None:
    assembly = demo.assembly(build)
    genes = assembly.genes.filter("has_sequence")
    told = {
        gene: len(text.split(","))
        for gene, text in genes.drop_nulls("differences").select("gene", "differences").rows()
    }
    departures = {}
    for gene, feature_id, strand in genes.select("gene", "feature_id", "strand").rows():
        exons = assembly.exons.filter(pl.col("feature_id") == feature_id)
        pieces = [assembly.sequence(*span) for span in exons.select("contig", "start", "end").rows()]
        genomic = "".join(reverse_complement(piece) if strand == "-" else piece for piece in pieces)
        spliced = assembly.spliced(feature_id)
        assert len(genomic) == len(spliced), gene
        unlike = sum(a != b for a, b in zip(genomic, spliced, strict=True))
        if unlike:
            departures[gene] = unlike
    assert departures == told


@pytest.mark.parametrize("build", Build)
def test_cds_parts_of_exons_add_up_to_the_coding_sequence(demo: Bundle, build: Build) -> None:
    assembly = demo.assembly(build)
    parts = assembly.exons.group_by("feature_id").agg(
        coding=(pl.col("cds_end") - pl.col("cds_start") + 1).sum(), spliced=pl.col("tx_end").max()
    )
    joined = assembly.genes.join(parts, on="feature_id")
    assert joined.height == assembly.genes.height
    assert joined.filter(pl.col("coding") != pl.col("cds_end") - pl.col("cds_start") + 1).is_empty()
    assert joined.filter(pl.col("spliced") != pl.col("length")).is_empty()


@pytest.mark.parametrize("known", HOTSPOTS, ids=lambda one: f"{one.gene}-{one.build}")
def test_known_hotspots_carry_their_known_names(demo: Bundle, known: Hotspot) -> None:
    found = demo.assembly(known.build).annotator().annotate(one_variant(*known.variant))
    [named] = found["annotation"].to_list()[0]
    assert (named["gene_symbol"], named["feature_id"]) == (known.gene, known.transcript)
    assert (named["hgvs_c"], named["hgvs_p"]) == (known.hgvs_c, known.hgvs_p)
    assert "missense_variant" in named["consequences"]


def test_a_transcript_is_known_by_both_its_names(demo: Bundle) -> None:
    genes = demo.assembly(Build.GRCH38).genes
    assert genes["feature_id"].n_unique() == genes.height
    assert genes["transcript"].str.contains(r"^NM_\d+\.\d+$").all()
    assert genes["transcript_ensembl"].str.contains(r"^ENST\d{11}\.\d+$").all()
    braf = genes.row(by_predicate=pl.col("gene") == "BRAF", named=True)
    assert (braf["transcript"], braf["transcript_ensembl"]) == ("NM_004333.6", "ENST00000646891.2")


@pytest.mark.parametrize("build", Build)
def test_genes_without_bases_are_said_by_name(demo: Bundle, build: Build) -> None:
    assembly = demo.assembly(build)
    assert assembly.missing_sequence == NO_SLICE
    kras = assembly.genes.row(by_predicate=pl.col("gene") == "KRAS", named=True)
    assert assembly.sequence("12", kras["start"], kras["start"]) is None


def test_what_the_bundle_lacks_is_computed_and_said(demo: Bundle) -> None:
    assert {"CHEK2", "ESR1", "FGFR1", "FGFR2", "FGFR3"} <= set(demo.genes_lacking)
    assert not {"BRAF", "KRAS", "BRCA1"} & set(demo.genes_lacking)
    readme = (DEMO_BUNDLE / "README.md").read_text(encoding="utf-8")
    assert all(gene in readme for gene in (*demo.genes_lacking, *NO_SLICE))
    assert "PRKDC has no model on GRCh37" in readme
    assert "PRKDC" not in set(demo.assembly(Build.GRCH37).genes["gene"])
    assert "PRKDC" in set(demo.assembly(Build.GRCH38).genes["gene"])


def test_every_source_has_a_licence_and_stands_in_the_readme(demo: Bundle) -> None:
    readme = (DEMO_BUNDLE / "README.md").read_text(encoding="utf-8")
    assert demo.version in readme
    assert len(demo.sources) >= 4
    for source in demo.sources:
        assert source.licence
        assert f"| {source.name} | {source.version} | {source.licence} |" in readme


def test_the_bundle_fits_into_git() -> None:
    assert sum(path.stat().st_size for path in DEMO_BUNDLE.iterdir()) <= 12_000_000


def test_evidence_holds_facts_and_no_statement_texts(demo: Bundle) -> None:
    evidence = demo.civic
    assert evidence is not None
    assert evidence.height == 4854
    assert not [name for name in evidence.columns if "statement" in name or "phenotype" in name]
    v600e = evidence.filter((pl.col("gene") == "BRAF") & (pl.col("variant") == "V600E"))
    melanoma = v600e.filter((pl.col("evidence_level") == "A") & (pl.col("disease") == "Skin Melanoma"))
    assert "Vemurafenib" in set(melanoma["therapies"].explode())


def test_no_statement_of_civic_lies_in_the_bundle(shared_data: Path) -> None:
    with gzip.open(shared_data / "knowledge/civic/civic_accepted_evidence.tsv.gz", "rt") as file:
        statements = [line.split("\t")[11] for line in file][1:]
    shipped = (DEMO_BUNDLE / "civic.arrow").read_bytes()
    assert len(statements) == 4854
    assert not [text for text in statements if len(text) > 40 and text[:40].encode() in shipped]


def test_a_tumour_type_knows_its_ancestors(demo: Bundle) -> None:
    tree = demo.oncotree
    assert tree is not None
    assert tree.ancestors("COAD") == ("COADREAD", "BOWEL")
    assert tree.name("COAD") == "Colon Adenocarcinoma"
    assert (tree["COAD"]["main_type"], tree["COAD"]["tissue"]) == ("Colorectal Cancer", "Bowel")
    assert "NOSUCH" not in tree
    assert tree.current("NOSUCH") is None


@pytest.mark.parametrize("build", Build)
def test_slices_equal_the_shared_fasta_at_random_places(
    demo: Bundle, shared_data: Path, build: Build
) -> None:
    assembly = demo.assembly(build)
    chosen = random.Random(20261124)  # noqa: S311 - places to look at, no secret
    with gzip.open(shared_data / f"genes/cancer_regions.{build}.fa.gz", "rt") as file:
        records = file.read().split(">")[1:]
    assert len(records) == 162
    for record in records:
        header, _, body = record.partition("\n")
        region = re.search(r"chr(\w+):(\d+)-(\d+)", header)
        assert region is not None
        letters, contig, start, end = body.replace("\n", ""), region[1], int(region[2]), int(region[3])
        assert assembly.sequence(contig, start, end) == letters
        first = chosen.randrange(len(letters) - 50)
        length = chosen.randrange(1, 50)
        assert (
            assembly.sequence(contig, start + first, start + first + length - 1)
            == letters[first : first + length]
        )
        assert assembly.sequence(contig, end, end) == letters[-1]


def test_outside_a_slice_there_is_no_sequence(demo: Bundle) -> None:
    assembly = demo.assembly(Build.GRCH38)
    contig, start, end = assembly.covered.row(0)
    assert assembly.sequence(contig, start - 1, start) is None
    assert assembly.sequence(contig, end, end + 1) is None
    assert assembly.sequence(contig, start + 1, start) is None
    assert assembly.sequence("MT", 1, 2) is None


def test_a_rebuild_gives_the_same_bytes(shared_data: Path, tmp_path: Path) -> None:
    write_demo_bundle(shared_data, tmp_path / DEMO_NAME)
    made = {path.name: path.read_bytes() for path in (tmp_path / DEMO_NAME).iterdir()}
    shipped = {path.name: path.read_bytes() for path in DEMO_BUNDLE.iterdir()}
    assert made.keys() == shipped.keys()
    assert [name for name in made if made[name] != shipped[name]] == []
