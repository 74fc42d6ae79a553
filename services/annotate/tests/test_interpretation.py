"""A VCF to findings and counts: made-up files, and a real exome on both builds."""

from pathlib import Path

import pytest
from canheal_annotate.interpret import Interpretation, interpret
from canheal_schemas import (
    Assay,
    AssayType,
    EvidenceMatch,
    GenomeBuild,
    SampleContext,
    SampleKind,
    Tier,
    VariantCounts,
)

HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOUR\n"
EVERY_FATE = """\
7 55174700 . A . . PASS . GT:AD 0/1:9
7 140753336 . A T . PASS . GT:AD 0/1:40,60
7 140753340 . C T . q10 . GT:AD 0/1:40,60
7 140753341 . C G . q10;weak . GT:AD 0/1:40,60
7 140753342 . C G,<DEL> . . . GT:AD 0/2:40,1,60
7 140753345 . T A,C,* . PASS . GT:AD 1/3:1,40,1,60
7 140753346 . T A . PASS . GT:AD ./.:1,40
7 140753347 . T N . PASS . GT:AD 0/1:1,40
7 140753348 . T T[8:12345[ . PASS . GT:AD 0/1:1,40
8 1 . A C . PASS . GT:AD 0/1:1,40
GL000192.1 77 . A C . PASS . GT:AD 0/1:1,40
"""
T001_COLUMN = "TCGA-A6-2686-01A-01D-1408-10_TCGA-A6-2686-10A-01D-2188-10"


def context(**said: object) -> SampleContext:
    basic = SampleContext(
        label="T",
        kind=SampleKind.TUMOUR,
        assay=Assay(type=AssayType.PANEL),
        build=GenomeBuild.GRCH38,
        vcf_sample="TUMOUR",
        oncotree_code="COAD",
    )
    return basic.model_copy(update=said)


def written(folder: Path, records: str, header: str = HEADER) -> Path:
    vcf = folder / "sample.vcf"
    vcf.write_text(header + records.replace(" ", "\t"))
    return vcf


def total(counts: VariantCounts) -> int:
    """Every allele is in exactly one of these."""
    refused = sum(counts.filtered.values()) + sum(counts.not_interpretable.values())
    return refused + counts.not_carried + counts.outside_bundle + counts.in_bundle_genes


def test_every_allele_is_counted_once(tmp_path: Path) -> None:
    counts = interpret(written(tmp_path, EVERY_FATE), context(), None).counts
    assert counts.records == 11
    assert counts.alleles == 13
    assert counts.filtered == {"q10": 1, "q10;weak": 1}
    assert counts.not_carried == 3
    assert counts.not_interpretable == {"ambiguous bases": 1, "breakend": 1, "spanning": 1, "symbolic": 1}
    assert counts.outside_bundle == 2
    assert counts.in_bundle_genes == 2
    assert total(counts) == counts.alleles


def test_a_finding_carries_reads_filter_tier_and_evidence(tmp_path: Path) -> None:
    first = interpret(written(tmp_path, EVERY_FATE), context(), None).findings[0]
    assert (first.gene, first.hgvs_p, first.transcript_ensembl) == (
        "BRAF",
        "p.(Val600Glu)",
        "ENST00000646891.2",
    )
    assert (first.vaf, first.depth, first.vaf_source, first.filter) == (0.6, 100, "FORMAT/AD", "PASS")
    assert first.tiering is not None
    assert first.tiering.tier is Tier.I
    assert "EID9851" in first.tiering.reason
    assert first.evidence[0].evidence_id == "EID9851"
    assert (first.evidence[0].therapies, first.evidence[0].therapy_interaction) == (
        ("Encorafenib", "Cetuximab"),
        "Combination",
    )
    assert len(first.evidence) == 6
    assert first.evidence_total > 100


def test_a_sites_only_file_lists_what_the_tumour_has(tmp_path: Path) -> None:
    header = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    vcf = written(tmp_path, "7 140753336 . A T . . .\n", header)
    found = interpret(vcf, context(vcf_sample=None), None)
    assert found.counts.in_bundle_genes == 1
    assert found.findings[0].vaf is None
    assert found.findings[0].genotype is None


def test_a_file_without_records_has_no_findings_and_says_what_was_not_examined(tmp_path: Path) -> None:
    found = interpret(written(tmp_path, ""), context(), None)
    assert found.findings == ()
    assert found.counts == VariantCounts(records=0, alleles=0)
    assert "CHEK2" in found.not_examined.genes_lacking
    assert "KRAS" in found.not_examined.genes_without_sequence
    assert any("Tier IV" in remark for remark in found.not_examined.remarks)
    assert any("ClinVar" in remark for remark in found.not_examined.remarks)
    assert found.bundle.startswith("demo-")


def test_an_unknown_tumour_type_is_said(tmp_path: Path) -> None:
    vcf = written(tmp_path, EVERY_FATE)
    for code, said in ((None, "No tumour type was given"), ("NOSUCH", "OncoTree has no code NOSUCH")):
        found = interpret(vcf, context(oncotree_code=code), None)
        assert any(remark.startswith(said) for remark in found.not_examined.remarks)
        assert found.findings[0].tiering is not None
        assert found.findings[0].tiering.tier is Tier.I  # level A, cancer whatever its site


def test_a_gene_without_sequence_is_counted_by_name_and_its_indel_is_marked(tmp_path: Path) -> None:
    vcf = written(
        tmp_path, "12 25245349 . CCA C . PASS . GT:AD 0/1:1,1\n12 25245350 . C T . PASS . GT:AD 0/1:1,1\n"
    )
    found = interpret(vcf, context(), None)
    assert found.counts.without_sequence == {"KRAS": 2}
    by_kind = {len(finding.ref): finding for finding in found.findings}
    assert by_kind[1].hgvs_p == "p.(Gly12Asp)"
    assert by_kind[1].left_aligned
    assert not by_kind[3].left_aligned


def test_a_null_variant_of_brca1_in_a_tumour_hints_at_the_germline(tmp_path: Path) -> None:
    records = "17 43057062 . T TG . PASS . GT:AD 0/1:50,50\n17 43106487 . A C . PASS . GT:AD 0/1:95,5\n"
    found = interpret(written(tmp_path, records), context(oncotree_code="BRCA"), None)
    high, low = sorted(found.findings, key=lambda finding: -(finding.vaf or 0))
    assert high.gene == low.gene == "BRCA1"
    assert high.germline_hint is not None
    assert "BRCA1" in high.germline_hint.reason
    assert "Mandelker" in high.germline_hint.rule
    assert low.germline_hint is None


@pytest.fixture(scope="module", params=["GRCh38", "GRCh37"])
def t001(request: pytest.FixtureRequest, shared_data: Path) -> Interpretation:
    return real_exome(shared_data, request.param)


def real_exome(shared_data: Path, build: str) -> Interpretation:
    vcf = shared_data / "vcf" / f"T001-COAD.{build.lower()}.vcf.gz"
    return interpret(vcf, context(build=GenomeBuild(build), vcf_sample=T001_COLUMN), None)


def test_a_real_exome_adds_up_and_its_braf_is_tier_one(t001: Interpretation) -> None:
    assert total(t001.counts) == t001.counts.alleles == t001.counts.records
    assert len(t001.findings) >= t001.counts.protein_or_splice > 15
    first = t001.findings[0]
    assert (first.gene, first.hgvs_p) == ("BRAF", "p.(Val600Glu)")
    assert first.tiering is not None
    assert (first.tiering.tier, first.tiering.level) == (Tier.I, "A")
    tiers = [finding.tiering.tier for finding in t001.findings if finding.tiering]
    assert tiers == sorted(tiers)


def test_a_real_exome_has_the_same_actionable_set_on_both_builds(shared_data: Path) -> None:
    sets = [
        {
            (finding.gene, finding.hgvs_c, finding.hgvs_p, finding.tiering.tier, finding.tiering.level)
            for finding in real_exome(shared_data, build).findings
            if finding.tiering and finding.tiering.tier in {Tier.I, Tier.II}
        }
        for build in ("GRCh38", "GRCh37")
    ]
    assert sets[0] == sets[1]
    assert {(gene, tier) for gene, _, _, tier, _ in sets[0]} == {("BRAF", Tier.I), ("TP53", Tier.II)}


def test_what_the_matched_normal_has_too_is_said_where_it_would_matter(tmp_path: Path) -> None:
    header = HEADER.replace("TUMOUR", "NORMAL\tTUMOUR")
    braf = "7 140753336 . A T . PASS . GT:AD 0/0:50,0 0/1:50,50\n"
    tp53 = "17 7674220 . C T . PASS . GT:AD 0/1:9,9 0/1:9,9\n"
    brca = "17 43057062 . T TG . PASS . GT:AD 0/1:9,9 0/1:9,9\n"
    found = interpret(written(tmp_path, braf + tp53 + brca, header), context(vcf_normal="NORMAL"), None)
    hints = {finding.position: finding.germline_hint for finding in found.findings}
    assert hints[140753336] is None
    assert hints[7674220] is None
    assert hints[43057062] is not None
    assert hints[43057062].reason.startswith("also in the matched normal: germline, or clonal haematopoiesis")


def test_a_common_snp_is_not_lifted_by_evidence_on_any_mutation_of_its_gene(tmp_path: Path) -> None:
    snp = written(tmp_path, "17 43092919 . G A . PASS . GT:AD 0/1:50,50\n")
    (finding,) = interpret(snp, context(oncotree_code="HGSOC"), None).findings
    assert (finding.gene, finding.hgvs_p) == ("BRCA1", "p.(Pro871Leu)")
    assert any(item.match is EvidenceMatch.GENE for item in finding.evidence)
    assert finding.tiering is not None
    assert finding.tiering.tier is Tier.III


@pytest.mark.parametrize("code", ["COAD", "SKCM", "LUAD", "PTC", "AML", None])
def test_what_decided_and_a_resistance_are_always_among_the_items_kept(
    tmp_path: Path, code: str | None
) -> None:
    first = interpret(written(tmp_path, EVERY_FATE), context(oncotree_code=code), None).findings[0]
    assert first.tiering is not None
    kept = {item.evidence_id: item for item in first.evidence}
    assert first.tiering.reason.split(" ", 1)[0] in kept
    assert any((item.significance, item.direction) == ("Resistance", "Supports") for item in kept.values())
