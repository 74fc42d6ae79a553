import gzip
import json
import random
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from canheal_genome.builds import Build
from canheal_refdata.bundle import open_bundle
from canheal_refdata.commands import app
from canheal_refdata.models import reverse_complement
from typer.testing import CliRunner, Result


def canheal_refdata(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def built(out: Path, gff: Path, fasta: Path, *more: str | Path) -> dict:
    result = canheal_refdata(
        "build", "--assembly", "GRCh38", "--gff", gff, "--fasta", fasta, "--out", out, "--json", *more
    )
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout)
    assert isinstance(facts, dict)
    return facts


def test_a_bundle_is_made_from_a_gff3_and_a_fasta_of_slices(shared_data: Path, tmp_path: Path) -> None:
    genes = shared_data / "genes"
    facts = built(
        tmp_path / "own",
        genes / "mane_select.GRCh38.gff3.gz",
        genes / "cancer_regions.GRCh38.fa.gz",
        "--civic", shared_data / "knowledge/civic/civic_accepted_evidence.tsv.gz",
        "--oncotree", shared_data / "knowledge/oncotree/oncotree_2025_10_03.json.gz",
        "--name", "site",
    )  # fmt: skip
    assert facts["version"].startswith("site+")
    assert facts["assemblies"]["GRCh38"]["transcripts"] == 162
    assert (facts["civic_evidence"], facts["oncotree_types"]) == (4854, 898)
    assert any("394 transcripts have no bases" in note for note in facts["notes"])
    assembly = open_bundle(tmp_path / "own").assembly(Build.GRCH38)
    variant = pl.DataFrame(
        {"chromosome": "7", "position": 140753336, "reference": "A", "alternative": "T"},
        schema_overrides={"position": pl.Int32},
    )
    [named] = assembly.annotator().annotate(variant)["annotation"].to_list()[0]
    assert (named["hgvs_c"], named["hgvs_p"]) == ("c.1799T>A", "p.(Val600Glu)")
    assert named["feature_id"] == "NM_004333.6"


def test_the_same_files_make_the_same_bundle(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "csq/ENST00000230048"
    files = (folder / "ENST00000230048.gff", folder / "ENST00000230048.fa")
    assert built(tmp_path / "a", *files)["version"] == built(tmp_path / "b", *files)["version"]
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


@dataclass(frozen=True)
class Expected:
    """A row of a VCF of bcftools' own tests: what INFO/EXP says of it, in words of SO and HGVS."""

    name: str
    variant: tuple[int, str, str]
    term: str
    hgvs_p: str


EXPECTED = [
    Expected("ENST00000218032", (108, "A", "G"), "start_lost", "p.Met1?"),
    Expected("ENST00000218032", (12455, "T", "G"), "missense_variant", "p.(Phe5Cys)"),
    Expected("ENST00000271583", (7013, "G", "A"), "splice_acceptor_variant", "p.?"),
    Expected("ENST00000271583", (25557, "C", "G"), "missense_variant", "p.(Pro277Arg)"),
    Expected(
        "ENST00000341065", (18826, "G", "A"), "missense_variant", "p.(Arg473Lys)"
    ),  # its CDS has no start
]


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda one: f"{one.name}-{one.variant[0]}")
def test_a_gene_of_bcftools_tests_is_annotated_as_expected(
    shared_data: Path, tmp_path: Path, expected: Expected
) -> None:
    folder = shared_data / "csq" / expected.name
    built(tmp_path / "own", folder / f"{expected.name}.gff", folder / f"{expected.name}.fa")
    assembly = open_bundle(tmp_path / "own").assembly(Build.GRCH38)
    [contig] = assembly.covered["contig"]
    position, reference, alternative = expected.variant
    assert assembly.sequence(contig, position, position) == reference
    variant = pl.DataFrame(
        {"chromosome": contig, "position": position, "reference": reference, "alternative": alternative},
        schema_overrides={"position": pl.Int32},
    )
    [named] = assembly.annotator().annotate(variant)["annotation"].to_list()[0]
    assert named["feature_id"].split(".")[0] == expected.name
    assert expected.term in named["consequences"]
    assert named["hgvs_p"] == expected.hgvs_p


def whole_chromosome(folder: Path) -> tuple[Path, Path, str]:
    """A mitochondrion of random letters, as long as ours, with one gene on each strand."""
    chosen = random.Random(4)  # noqa: S311 - letters of a made-up genome
    letters = chosen.choices("ACGT", k=16569)
    letters[999:1012] = "ATGGCTGCTTAAG"
    letters[1999:2012] = reverse_complement("ATGGCTGCTTAAG")
    genome = "".join(letters)
    fasta = folder / "genome.fa.gz"
    lines = [genome[at : at + 60] for at in range(0, len(genome), 60)]
    fasta.write_bytes(gzip.compress(("\n".join([">chrM", *lines, ">decoy", "ACGT"]) + "\n").encode()))
    rows = []
    for name, strand, start, end in (("A", "+", 1000, 1011), ("B", "-", 2001, 2012)):
        for kind, attributes in (
            ("gene", f"ID=gene:{name};Name={name}"),
            ("mRNA", f"ID=transcript:T{name};Parent=gene:{name};biotype=protein_coding"),
            ("exon", f"Parent=transcript:T{name}"),
            ("CDS", f"Parent=transcript:T{name};protein_id=P{name}"),
        ):
            rows.append(
                f"MT\tt\t{kind}\t{start}\t{end}\t.\t{strand}\t{0 if kind == 'CDS' else '.'}\t{attributes}"
            )
    gff = folder / "models.gff3"
    gff.write_text("\n".join(rows) + "\n")
    return gff, fasta, genome


def test_a_whole_chromosome_is_mapped_as_it_is(tmp_path: Path) -> None:
    gff, fasta, genome = whole_chromosome(tmp_path)
    facts = built(tmp_path / "own", gff, fasta)
    assert any("1 sequences that are no chromosome" in note for note in facts["notes"])
    assembly = open_bundle(tmp_path / "own").assembly(Build.GRCH38)
    assert (tmp_path / "own" / "genome.GRCh38.fa").stat().st_size == len(">MT\n") + 16569 + 1
    assert assembly.sequence("MT", 1, 16569) == genome
    assert assembly.sequence("MT", 16569, 16570) is None
    assert (assembly.spliced("TA"), assembly.spliced("TB")) == ("ATGGCTGCTTAA", "ATGGCTGCTTAA")
    variants = pl.DataFrame(
        {
            "chromosome": ["MT", "MT"],
            "position": [1004, 2008],
            "reference": ["C", "G"],
            "alternative": ["A", "T"],
        },
        schema_overrides={"position": pl.Int32},
    )
    named = assembly.annotator().annotate(variants)["annotation"].to_list()
    assert [
        [one["hgvs_p"] for one in row if one["feature_id"] in ("TA", "TB") and one["distance"] == 0]
        for row in named
    ] == [
        ["p.(Ala2Asp)"],
        ["p.(Ala2Asp)"],
    ]


def test_clinvar_comes_into_the_bundle(tmp_path: Path) -> None:
    gff, fasta, _ = whole_chromosome(tmp_path)
    clinvar = tmp_path / "clinvar.vcf"
    clinvar.write_text(
        "##reference=GRCh38\n##INFO=<ID=CLNSIG,Number=.>\n#CHROM\nMT\t1004\t9\tC\tA\t.\t.\tCLNSIG=Benign\nMT\t7\t8\tC\t.\t.\t.\tCLNSIG=Benign\n"
    )
    facts = built(tmp_path / "own", gff, fasta, "--clinvar", clinvar)
    assert facts["assemblies"]["GRCh38"]["clinvar_records"] == 1
    assert any("1 rows left out: no sequence as REF or ALT" in note for note in facts["notes"])
    records = open_bundle(tmp_path / "own").assembly(Build.GRCH38).clinvar
    assert records is not None
    assert records["variation_id"].to_list() == [9]


def test_a_failed_build_leaves_nothing_behind(tmp_path: Path) -> None:
    gff, fasta, _ = whole_chromosome(tmp_path)
    gff.write_text(gff.read_text().replace("MT\t", "7\t"))
    result = canheal_refdata(
        "build", "--assembly", "GRCh38", "--gff", gff, "--fasta", fasta, "--out", tmp_path / "own"
    )
    assert result.exit_code == 65
    assert "has the bases of not one transcript" in result.stderr
    assert result.stdout == ""
    assert not list(tmp_path.glob("own*"))


def test_a_folder_with_something_in_it_is_never_overwritten(tmp_path: Path) -> None:
    gff, fasta, _ = whole_chromosome(tmp_path)
    result = canheal_refdata(
        "build", "--assembly", "GRCh38", "--gff", gff, "--fasta", fasta, "--out", tmp_path
    )
    assert result.exit_code == 2
    assert "is not empty" in " ".join(result.stderr.replace("│", " ").split())  # typer draws a box and wraps
    assert gff.exists()


def test_files_must_come_in_pairs(tmp_path: Path) -> None:
    gff, fasta, _ = whole_chromosome(tmp_path)
    result = canheal_refdata(
        "build",
        "--assembly",
        "GRCh38",
        "--assembly",
        "GRCh37",
        "--gff",
        gff,
        "--fasta",
        fasta,
        "--out",
        tmp_path / "own",
    )
    assert result.exit_code == 2
    assert "2 --assembly and 1 --gff" in result.stderr


def test_show_says_what_the_demo_bundle_holds_and_lacks() -> None:
    told = canheal_refdata("show")
    assert told.exit_code == 0
    assert told.stdout == ""
    assert "GRCh38: 170 genes" in told.stderr
    assert "CHEK2" in told.stderr
    facts = json.loads(canheal_refdata("show", "--json").stdout)
    assert facts["assemblies"]["GRCh37"]["transcripts"] == 169
    assert "KRAS" in facts["assemblies"]["GRCh38"]["without_sequence"]
    assert {source["licence"] for source in facts["sources"]} >= {"CC0-1.0", "CC-BY-4.0"}


def test_verify_answers_for_people_and_for_programs() -> None:
    assert "as they were written" in canheal_refdata("verify").stderr
    assert json.loads(canheal_refdata("verify", "--json").stdout)["intact"] is True


def test_a_folder_without_a_bundle_is_said_in_a_sentence(tmp_path: Path) -> None:
    result = canheal_refdata("show", "--bundle", tmp_path)
    assert result.exit_code == 66
    assert "holds no reference bundle" in result.stderr
    assert "Traceback" not in result.stderr
