"""Each loader reads its publisher's format, and refuses or reports what it does not understand."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from canheal_genome.builds import Build
from canheal_refdata.bundle import Bundle
from canheal_refdata.errors import SourceRefused
from canheal_refdata.sources.civic import read_civic
from canheal_refdata.sources.clinvar import read_clinvar
from canheal_refdata.sources.fasta import read_fasta
from canheal_refdata.sources.gff3 import Transcripts, read_gff3
from canheal_refdata.sources.oncotree import read_oncotree

_GENE = "ID=gene:ENSG1;Name=ABC;description=a [Source:HGNC Symbol%3BAcc:HGNC:42];gene_id=ENSG1"
_FIRST = "ID=transcript:ENST1;Parent=gene:ENSG1;tag=basic,MANE_Select;transcript_id=ENST1;version=3"
_SECOND = "ID=transcript:ENST2;Parent=gene:ENSG1;transcript_id=ENST2;version=1"
_CODING = "Parent=transcript:ENST1;protein_id=ENSP1;protein_version=2"

TWO_EXONS = f"""\
##gff-version 3
chr1\ttest\tgene\t101\t400\t7.5\t-\t.\t{_GENE}
chr1\ttest\tmRNA\t101\t400\t7.5\t-\t.\t{_FIRST}
chr1\ttest\texon\t301\t400\t7.5\t-\t.\tParent=transcript:ENST1
chr1\ttest\texon\t101\t200\t7.5\t-\t.\tParent=transcript:ENST1
chr1\ttest\tCDS\t301\t390\t7.5\t-\t0\t{_CODING}
chr1\ttest\tCDS\t151\t200\t7.5\t-\t0\t{_CODING}
chr1\ttest\tmRNA\t101\t400\t.\t-\t.\t{_SECOND}
chr1\ttest\texon\t101\t400\t.\t-\t.\tParent=transcript:ENST2
GL000220.1\ttest\tgene\t1\t9\t.\t+\t.\tID=gene:ENSG9
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["a.gff3", "a.gff3.gz"])
def test_a_gff3_gives_exons_in_transcript_order_with_their_coding_parts(tmp_path: Path, name: str) -> None:
    models = read_gff3(written(tmp_path, name, TWO_EXONS))
    [gene] = models.genes.to_dicts()
    assert (gene["gene"], gene["hgnc_id"], gene["contig"], gene["strand"]) == ("ABC", "HGNC:42", "1", "-")
    assert (gene["feature_id"], gene["transcript"], gene["transcript_ensembl"]) == (
        "ENST1.3",
        None,
        "ENST1.3",
    )
    assert (gene["protein_ensembl"], gene["length"], gene["cds_start"], gene["cds_end"]) == (
        "ENSP1.2",
        200,
        11,
        150,
    )
    columns = ("rank", "start", "end", "tx_start", "tx_end", "cds_start", "cds_end")
    assert models.exons.select(columns).rows() == [
        (1, 301, 400, 1, 100, 301, 390),
        (2, 101, 200, 101, 200, 151, 200),
    ]
    assert "GL000220.1" in models.notes[0]


def test_all_transcripts_are_kept_when_asked_for(tmp_path: Path) -> None:
    models = read_gff3(written(tmp_path, "a.gff3", TWO_EXONS), Transcripts.ALL)
    assert sorted(models.genes["feature_id"]) == ["ENST1.3", "ENST2.1"]
    assert models.genes.filter(pl.col("feature_id") == "ENST2.1")["cds_start"].to_list() == [None]


def test_a_first_coding_part_with_a_phase_begins_at_its_first_whole_codon(tmp_path: Path) -> None:
    text = TWO_EXONS.replace("301\t390\t7.5\t-\t0", "301\t390\t7.5\t-\t2")
    assert read_gff3(written(tmp_path, "a.gff3", text)).genes["cds_start"].to_list() == [13]


@pytest.mark.parametrize("build", Build)
def test_the_shared_gff3_gives_what_the_demo_bundle_has(
    demo: Bundle, shared_data: Path, build: Build
) -> None:
    models = read_gff3(shared_data / f"genes/mane_select.{build}.gff3.gz")
    ours = demo.assembly(build)
    same = ["feature_id", "gene", "contig", "strand", "start", "end", "length", "cds_start", "cds_end"]
    shared = (
        models.genes.join(ours.genes.select("feature_id"), on="feature_id").select(same).sort("feature_id")
    )
    mine = ours.genes.join(shared, on="feature_id", how="semi").select(same).sort("feature_id")
    assert shared.height == (163 if build is Build.GRCH38 else 162)
    assert shared.equals(mine)
    exons = models.exons.join(shared, on="feature_id", how="semi").sort("feature_id", "rank")
    assert exons.equals(ours.exons.join(shared, on="feature_id", how="semi").sort("feature_id", "rank"))


def test_every_small_gff3_of_bcftools_is_read_or_refused_with_a_reason(shared_data: Path) -> None:
    refused = []
    paths = sorted(shared_data.glob("csq/*/*.gff*"))
    for path in paths:
        try:
            models = read_gff3(path, Transcripts.ALL)
        except SourceRefused as error:
            refused.append((path.parent.name, error.reason))
        else:
            assert models.genes.height > 0
            assert set(models.exons["feature_id"]) == set(models.genes["feature_id"])
    assert len(paths) > 40
    assert {name for name, _ in refused} == {
        "EMN908947",
        "ENST00000000001",
    }  # a virus; a contig named 'example'
    assert all("no transcript with exons on 1..22, X, Y or MT" in reason for _, reason in refused)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "GFF3"),
        ("##gff-version 3\n", "GFF3"),
        ("chr1\ttest\texon\n", "no GFF3 of nine"),
        ("chr1\tt\texon\tten\t20\t.\t+\t.\tParent=a\n", "1 rows are no GFF3 features; the first is 'chr1"),
        ("chr1\tt\texon\t20\t10\t.\t+\t.\tParent=a\n", "1 rows are no GFF3 features"),
    ],
)
def test_a_gff3_that_cannot_be_understood_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SourceRefused, match=reason):
        read_gff3(written(tmp_path, "bad.gff3", text))


def test_a_fasta_of_slices_says_where_they_lie(tmp_path: Path) -> None:
    path = written(tmp_path, "a.fa.gz", ">TP53 GRCh38 chr17:101-108 LRG\nacgt\nNNAC\n>decoy\nACGT\n")
    first, second = read_fasta(path, Build.GRCH38)
    assert (first.name, first.contig, first.start, first.end, first.bases) == (
        "TP53",
        "17",
        101,
        108,
        b"ACGTNNAC",
    )
    assert (second.name, second.contig) == ("decoy", None)


def test_a_sequence_with_a_chromosome_s_name_begins_at_one_whatever_its_header_says(tmp_path: Path) -> None:
    [whole] = read_fasta(written(tmp_path, "a.fa", ">chrX\tX:12924719-12924722\nACGT\n"), Build.GRCH37)
    assert (whole.contig, whole.start, whole.bases) == ("X", 1, b"ACGT")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds no sequence"),
        ("ACGT\n", "line 1: a FASTA begins with"),
        (">a chr1:1-5\nACGT\n", "5 bases, and has 4"),
        (">1\nAC!T\n", "holds '!', which is no base"),
        (">1\n" + "A" * 50 + "\n@@@\n", "holds '@'"),
    ],
)
def test_a_fasta_that_cannot_be_understood_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SourceRefused, match=reason):
        list(read_fasta(written(tmp_path, "bad.fa", text), Build.GRCH38))


def test_a_chromosome_of_the_other_build_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "a.fa", ">21\n" + "N" * 46709983 + "\n")  # GRCh38's length
    assert [part.contig for part in read_fasta(path, Build.GRCH38)] == ["21"]
    with pytest.raises(SourceRefused, match="chromosome 21 has the length of GRCh38"):
        list(read_fasta(path, Build.GRCH37))


def test_a_cut_fasta_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b">1\n" + b"ACGTTGCA" * 1000 + b"\n")
    path = tmp_path / "cut.fa.gz"
    path.write_bytes(whole[:-10])
    with pytest.raises(SourceRefused, match="cut or damaged"):
        list(read_fasta(path, Build.GRCH38))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="cannot be opened: No such file"):
        list(read_fasta(tmp_path / "none.fa", Build.GRCH38))


CIVIC_HEAD = (
    "molecular_profile\tmolecular_profile_id\tdisease\tdoid\ttherapies\ttherapy_interaction_type\tevidence_type\t"
    "evidence_direction\tevidence_level\tsignificance\tcitation_id\tsource_type\trating\tevidence_status\tevidence_id\t"
    "variant_origin\tis_flagged\n"
)


def civic_row(profile: str, level: str = "A", therapies: str = "", evidence_id: str = "1") -> str:
    before = (profile, "5", "Melanoma", "1909", therapies, "", "Predictive", "Supports")
    after = (level, "Resistance", "1", "PubMed", "5", "accepted", evidence_id, "Somatic", "false")
    return "\t".join((*before, *after)) + "\n"


@pytest.mark.parametrize(
    ("profile", "gene", "variant", "genes"),
    [
        ("BRAF V600E", "BRAF", "V600E", ["BRAF"]),
        ("EGFR Exon 19 Deletion", "EGFR", "Exon 19 Deletion", ["EGFR"]),
        ("EML4::ALK Fusion", "EML4::ALK", "Fusion", ["ALK", "EML4"]),
        ("v::NTRK3 Fusion", "v::NTRK3", "Fusion", ["NTRK3"]),
        ("FGFR2::? Fusion", "FGFR2::?", "Fusion", ["FGFR2"]),
        ("VHL R161P (c.482G>C)", "VHL", "R161P (c.482G>C)", ["VHL"]),
        ("NOTCH1 D1642H", "NOTCH1", "D1642H", ["NOTCH1"]),
        ("NOT KIT D816V", None, None, ["KIT"]),
        ("EML4::ALK Fusion AND ALK L1196M", None, None, ["ALK", "EML4"]),
        ("MET Amplification AND NOT KRAS Mutation", None, None, ["KRAS", "MET"]),
        ("RB1 Wildtype AND ( CDKN2A Loss OR CDKN2A Mutation )", None, None, ["CDKN2A", "RB1"]),
    ],
)
def test_a_molecular_profile_gives_its_gene_and_variant(
    tmp_path: Path, profile, gene, variant, genes
) -> None:
    reduced = read_civic(written(tmp_path, "civic.tsv", CIVIC_HEAD + civic_row(profile)))
    [row] = reduced.evidence.to_dicts()
    assert (row["gene"], row["variant"], row["genes"]) == (gene, variant, genes)
    assert reduced.refused == ()


def test_a_comma_inside_a_drug_s_name_does_not_split_it(tmp_path: Path) -> None:
    row = civic_row("KRAS G12D", therapies="Gefitinib,Selumetinib,HER2 Inhibitor CP-724,714")
    [therapies] = read_civic(written(tmp_path, "civic.tsv", CIVIC_HEAD + row)).evidence["therapies"].to_list()
    assert therapies == ["Gefitinib", "Selumetinib", "HER2 Inhibitor CP-724,714"]


def test_evidence_that_is_not_understood_is_reported_and_the_rest_kept(tmp_path: Path) -> None:
    text = (
        CIVIC_HEAD
        + civic_row("BRAF V600E")
        + civic_row("KIT D816V", level="Z", evidence_id="77")
        + civic_row("")
    )
    reduced = read_civic(written(tmp_path, "civic.tsv", text))
    assert reduced.evidence["evidence_id"].to_list() == [1]
    assert reduced.refused == (
        "line 3: evidence 77, profile KIT D816V",
        "line 4: evidence 1, profile ?",
    )


def test_a_table_that_is_not_civic_s_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="lacks the columns molecular_profile"):
        read_civic(written(tmp_path, "other.tsv", "a\tb\n1\t2\n"))


def test_all_of_civic_is_understood(shared_data: Path) -> None:
    reduced = read_civic(shared_data / "knowledge/civic/civic_accepted_evidence.tsv.gz")
    assert reduced.refused == ()
    assert reduced.evidence["evidence_id"].n_unique() == reduced.evidence.height == 4854
    combined = reduced.evidence.filter(pl.col("gene").is_null())["molecular_profile"]
    assert combined.str.contains(" AND | OR |^NOT ").all()


_CONDITIONS = "CLNDN=Breast-ovarian_cancer%2C_familial|not_provided"
_BRCA1 = f"{_CONDITIONS};CLNREVSTAT=reviewed_by_expert_panel;CLNSIG=Pathogenic"
_AGREED = (
    "CLNREVSTAT=criteria_provided,_multiple_submitters,_no_conflicts;CLNSIG=Pathogenic/Likely_pathogenic"
)
_CONFLICT = "CLNREVSTAT=criteria_provided,_conflicting_classifications;CLNSIG=Conflicting_classifications"

CLINVAR = f"""\
##fileformat=VCFv4.1
##fileDate=2026-11-01
##reference=GRCh38
##INFO=<ID=CLNSIG,Number=.,Type=String,Description="x">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO
17\t43045703\t55627\tG\tA\t.\t.\t{_BRCA1};GENEINFO=BRCA1:672
1\t1000\t2\tA\tC\t.\t.\tCLNDN=x;{_AGREED}
1\t900\t3\tA\tC\t.\t.\t{_CONFLICT}
1\t901\t4\tA\tC\t.\t.\tCLNREVSTAT=no_assertion_criteria_provided;CLNSIG=Benign
1\t902\t5\tA\t.\t.\t.\tCLNSIG=Benign
1\t903\t6\tA\tC\t.\t.\tCLNSIGINCL=1:Benign
NT_113889.1\t5\t7\tA\tC\t.\t.\tCLNSIG=Benign
"""


def test_clinvar_gives_classification_stars_and_conditions(tmp_path: Path) -> None:
    found = read_clinvar(written(tmp_path, "clinvar.vcf.gz", CLINVAR), Build.GRCH38)
    rows = {row["variation_id"]: row for row in found.records.to_dicts()}
    assert [row["position"] for row in rows.values()] == [900, 901, 1000, 43045703]
    assert {key: row["stars"] for key, row in rows.items()} == {3: 1, 4: 0, 2: 2, 55627: 3}
    assert rows[55627]["conditions"] == ["Breast-ovarian cancer, familial", "not provided"]
    assert (rows[55627]["classification"], rows[55627]["gene"]) == ("Pathogenic", "BRCA1")
    assert rows[2]["classification"] == "Pathogenic/Likely pathogenic"
    assert found.release == "2026-11-01"
    assert found.left_out == {
        "no classification of its own": 1,
        "no sequence as REF or ALT": 1,
        "not on a chromosome of ours": 1,
    }


def test_clinvar_of_the_other_build_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "clinvar.vcf", CLINVAR)
    with pytest.raises(SourceRefused, match="take the file of GRCh37"):
        read_clinvar(path, Build.GRCH37)


def test_a_vcf_that_is_not_clinvar_s_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="declares no CLNSIG"):
        read_clinvar(written(tmp_path, "a.vcf", "##fileformat=VCFv4.2\n#CHROM\n"), Build.GRCH38)


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', json.dumps({"TISSUE": {"code": "TISSUE"}})])
def test_a_tree_that_is_not_oncotree_s_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceRefused, match="no OncoTree"):
        read_oncotree(written(tmp_path, "tree.json", text))
