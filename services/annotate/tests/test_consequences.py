"""Names and terms at the hard places of real transcripts of the demo bundle."""

from typing import Any

import polars as pl
import pytest
from canheal_annotate.judgement import judge
from canheal_annotate.reading import SCHEMA
from canheal_genome import columns
from canheal_genome.builds import Build
from canheal_refdata.assembly import Assembly
from canheal_refdata.bundle import open_bundle
from canheal_schemas import Assay, AssayType, GenomeBuild, SampleContext, SampleKind

CONTEXT = SampleContext(
    label="T",
    kind=SampleKind.TUMOUR,
    assay=Assay(type=AssayType.PANEL),
    build=GenomeBuild.GRCH38,
    oncotree_code="COAD",
)


@pytest.fixture(scope="module")
def assembly() -> Assembly:
    return open_bundle().assembly(Build.GRCH38)


def judged(*alleles: tuple[str, int, str, str], context: SampleContext = CONTEXT) -> list[dict[str, Any]]:
    rows = [
        {"record": i, "contig": contig, "position": at, "ref": ref, "alt": alt, "allele_index": 1}
        for i, (contig, at, ref, alt) in enumerate(alleles)
    ]
    frame = pl.DataFrame(rows, schema=SCHEMA).with_columns(columns.kind())
    return judge(frame, context, None).rows.to_dicts()


def coding_ends(assembly: Assembly, transcript: str) -> tuple[str, int, int]:
    """Contig, first and last coding base of a transcript on the forward strand."""
    parts = assembly.exons.filter(pl.col("feature_id") == transcript).drop_nulls("cds_start")
    contig, first, last = parts.select(
        pl.col("contig").first(), pl.col("cds_start").min(), pl.col("cds_end").max()
    ).row(0)
    return str(contig), int(first), int(last)


@pytest.mark.parametrize(
    ("allele", "gene", "hgvs_c", "hgvs_p"),
    [
        (("7", 140753336, "A", "T"), "BRAF", "c.1799T>A", "p.(Val600Glu)"),
        (("12", 25245350, "C", "T"), "KRAS", "c.35G>A", "p.(Gly12Asp)"),
        (("17", 7674220, "C", "T"), "TP53", "c.743G>A", "p.(Arg248Gln)"),
    ],
)
def test_known_mutations_have_their_names(
    allele: tuple[str, int, str, str], gene: str, hgvs_c: str, hgvs_p: str
) -> None:
    (row,) = judged(allele)
    assert (row["gene"], row["hgvs_c"], row["hgvs_p"]) == (gene, hgvs_c, hgvs_p)
    assert row["consequences"] == ["missense_variant"]
    assert row["transcript"].startswith("NM_")


def test_an_indel_that_touches_the_start_codon_loses_it(assembly: Assembly) -> None:
    contig, start, _ = coding_ends(assembly, "NM_000038.6")
    bases = assembly.sequence(contig, start - 4, start + 5)
    assert bases is not None
    assert bases[4:7] == "ATG"
    over_the_border, last_base, inside, before = judged(
        (contig, start - 4, bases[:6], bases[0]),
        (contig, start + 1, bases[5:7], bases[5]),
        (contig, start, "A", "AC"),
        (contig, start - 3, bases[1:3], bases[1]),
    )
    for row in (over_the_border, last_base, inside):
        assert row["consequences"][0] == "start_lost"
        assert row["hgvs_p"] == "p.(Met1?)"
    assert "start_lost" not in before["consequences"]
    assert before["hgvs_p"] is None


def test_an_indel_over_the_end_of_the_stop_codon_loses_it_and_one_behind_does_not(assembly: Assembly) -> None:
    contig, _, end = coding_ends(assembly, "NM_000038.6")
    bases = assembly.sequence(contig, end - 3, end + 4)
    assert bases is not None
    over_the_border, behind = judged(
        (contig, end - 3, bases[:6], bases[0]),
        (contig, end + 2, bases[5:7], bases[5]),
    )
    assert "stop_lost" in over_the_border["consequences"]
    assert "stop_lost" not in behind["consequences"]
    assert behind["hgvs_p"] is None


def test_splice_sites_are_told_from_the_bases_beside_them() -> None:
    donor, fifth, ninth, deep = judged(
        ("5", 112775738, "G", "T"),
        ("5", 112775742, "G", "T"),
        ("5", 112775746, "C", "A"),
        ("5", 112776100, "N", "A"),
    )
    assert donor["consequences"][0] == "splice_donor_variant"
    assert donor["hgvs_c"] == "c.531+1G>T"
    assert donor["hgvs_p"] == "p.?"
    assert fifth["consequences"][0] == "splice_donor_5th_base_variant"
    assert ninth["reportable"] is False
    assert ninth["hgvs_p"] is None
    assert deep["consequences"] == ["intron_variant"]
    assert deep["hgvs_c"] is None


def test_an_indel_written_to_the_right_is_the_same_variant(assembly: Assembly) -> None:
    contig, start, _ = coding_ends(assembly, "NM_000038.6")
    stretch = assembly.sequence(contig, start, start + 2000) or ""
    at = next(i for i in range(len(stretch)) if len(set(stretch[i : i + 4])) == 1)
    left, right = judged(
        (contig, start + at - 1, stretch[at - 1] + stretch[at], stretch[at - 1]),
        (contig, start + at + 2, stretch[at + 2 : at + 4], stretch[at + 2]),
    )
    assert (left["position"], left["ref"], left["alt"]) == (right["position"], right["ref"], right["alt"])
    assert left["hgvs_c"] == right["hgvs_c"]


def test_a_variant_whose_ref_is_not_the_reference_is_marked_as_not_aligned() -> None:
    (row,) = judged(("7", 140753336, "AGGG", "A"))
    assert row["aligned"] is False


def test_evidence_comes_with_exon_and_kind_of_change() -> None:
    (deleted,) = judged(("7", 55174771, "AGGAATTAAGAGAAGC", "A"))
    assert deleted["hgvs_p"] == "p.(Glu746_Ala750del)"
    assert deleted["exon"] == 19
    assert deleted["tier"] == "II"


def test_a_germline_sample_has_no_tier() -> None:
    germline = CONTEXT.model_copy(update={"kind": SampleKind.GERMLINE})
    (row,) = judged(("7", 140753336, "A", "T"), context=germline)
    assert row["tier"] is None
    assert row["germline_reason"] is None
