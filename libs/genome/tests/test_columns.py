"""What the columns say, against values read by eye from the files and worked out by hand from the fields."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from canheal_genome.columns import SCHEMA, read, read_all
from canheal_genome.errors import SchemaBroken, VcfRefused
from canheal_genome.header import read_header

Write = Callable[..., Path]

TOP = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO{}\n"


@pytest.fixture
def one_sample(write: Write) -> Callable[..., pl.DataFrame]:
    """Alleles of records given as `ALT FORMAT SAMPLE [INFO]`, REF being CA."""

    def alleles(*records: str) -> pl.DataFrame:
        lines = []
        for at, record in enumerate(records):
            alt, keys, values, info = [*record.split(), "."][:4]
            lines.append(f"chr1\t{at + 1}\t.\tCA\t{alt}\t.\t.\t{info}\t{keys}\t{values}\n")
        return read_all(write(TOP.format("\tFORMAT\tS") + "".join(lines)), sample="S")

    return alleles


@pytest.mark.parametrize(("build", "position"), [("grch38", 140753336), ("grch37", 140453136)])
def test_the_real_exome_has_its_braf_v600e_with_its_fraction(
    test_data: Path, build: str, position: int
) -> None:
    path = test_data / "vcf" / f"T001-COAD.{build}.vcf.gz"
    frame = read_all(path, sample=read_header(path).samples[0])
    assert frame.height == {"grch38": 3313, "grch37": 3317}[build]
    assert dict(frame.schema) == dict(SCHEMA)
    row = frame.row(by_predicate=(pl.col("contig") == "7") & (pl.col("position") == position), named=True)
    assert (row["ref"], row["alt"], row["kind"], row["filter"]) == ("A", "T", "snv", "PASS")
    assert (row["depth"], row["alt_depth"], row["vaf_source"]) == (54, 17, "FORMAT/ADT")
    assert row["vaf"] == pytest.approx(17 / 54)
    assert frame["vaf"].null_count() == 0


def test_mutects_two_samples_are_read_apart(test_data: Path) -> None:
    path = test_data / "vcf" / "mutect-example.vcf"
    tumour, normal = (read_all(path, sample=name) for name in ("SomaticSample", "NormalSample"))
    assert tumour.height == normal.height == 4889
    third = tumour.row(1, named=True)  # chr1:10039 A>C, AD 57,1, DP 58, FA 0.017
    assert (third["contig"], third["contig_original"], third["position"]) == ("1", "chr1", 10039)
    assert (third["depth"], third["alt_depth"], third["vaf"]) == (58, 1, pytest.approx(1 / 58))
    assert normal.row(1, named=True)["alt_depth"] == 2
    assert set(tumour["filter"]) == {"REJECT", "PASS"}


def test_a_sites_only_file_has_rows_and_says_nothing_of_a_sample(test_data: Path) -> None:
    frame = read_all(test_data / "vcf" / "homo_sapiens_GRCh38.vcf", sample=None)
    assert frame.height == 173
    assert frame.select("genotype", "dosage", "depth", "vaf", "vaf_source").null_count().row(0) == (173,) * 5


def test_varscans_and_delly_s_records_come_out_whole(test_data: Path) -> None:
    callers = test_data / "callers" / "vcf2maf"
    varscan = read_all(callers / "test_varscan.vcf", sample="TUMOR").row(
        0, named=True
    )  # RD 56, AD 35, 38.46%
    assert (varscan["depth"], varscan["alt_depth"], round(varscan["vaf"], 4)) == (91, 35, 0.3846)
    delly = read_all(callers / "test_delly.vcf", sample="TUMOR")
    assert {"breakend", "symbolic"} <= set(delly["kind"])
    assert delly["alt"][0] == "]15:80623247]C"


def test_strelkas_bases_and_indels_are_counted_by_tier_1(test_data: Path) -> None:
    snv = read_all(test_data / "callers" / "vcf2maf" / "test_strelka.vcf", sample="TUMOR").row(0, named=True)
    assert (snv["alt_depth"], snv["vaf"], snv["vaf_source"]) == (57, 1.0, "FORMAT/AU,CU,GU,TU")
    paired = test_data / "callers" / "somaticseq" / "paired_example"
    indels = read_all(paired / "Strelka.indel.vcf.gz", sample="TUMOR")
    assert set(indels["vaf_source"]) == {"FORMAT/TAR,TIR"}


def test_each_alternate_allele_is_a_row_with_its_own_reads(one_sample: Callable[..., pl.DataFrame]) -> None:
    frame = one_sample("C,CAA,TT GT:AD:DP 1/2:5,10,20,15:60", "G GT:AD:DP 0/1:9,1:10")
    assert frame["record"].to_list() == [0, 0, 0, 1]
    assert frame["allele_index"].to_list() == [1, 2, 3, 1]
    assert frame["alt"].to_list() == ["C", "CAA", "TT", "G"]
    assert frame["kind"].to_list() == ["deletion", "insertion", "mnv", "delins"]
    assert frame["alt_depth"].to_list() == [10, 20, 15, 1]
    assert frame["vaf"].to_list() == [0.2, 0.4, 0.3, 0.1]
    assert frame["depth"].to_list() == [60, 60, 60, 10]
    assert frame["dosage"].to_list() == [1, 1, 0, 1]


@pytest.mark.parametrize(
    ("record", "depth", "alt_depth", "vaf", "source"),
    [
        ("C GT:AD 0/1:30,10", 40, 10, 0.25, "FORMAT/AD"),
        ("C GT:AD:DP 0/1:.,21:84", 84, 21, 0.25, "FORMAT/AD"),
        ("C GT:AD:DP 0/1:0,0:0", 0, 0, None, None),
        ("C GT:DP 0/1:50", 50, None, None, None),
        ("C GT:RD:AD:DP 0/1:75:25:110", 110, 25, 0.25, "FORMAT/AD,RD"),
        ("C GT:RO:AO 0/1:75:25", 100, 25, 0.25, "FORMAT/AO,RO"),
        ("C GT:DP4 0/1:40,35,15,10", 100, 25, 0.25, "FORMAT/DP4"),
        ("C GT:AF:DP 0/1:0.25:77", 77, None, 0.25, "FORMAT/AF"),
        ("C GT:AF 0/1:0.75,0.25", None, None, 0.25, "FORMAT/AF"),
        ("C GT:FA 0/1:0.25", None, None, 0.25, "FORMAT/FA"),
        ("C GT:AD 0/1:10 TVAF=0.25;TDP=88", 88, None, 0.25, "INFO/TVAF"),
        ("C GT 0/1 AF=0.25;DP=88", None, None, None, None),
        ("C GT:AF 0/1:1.7", None, None, None, None),
        ("C GT:AD 0/1:.", None, None, None, None),
        ("<DEL> GT:AD 0/1:3,1", 4, 1, 0.25, "FORMAT/AD"),
    ],
)
def test_reads_and_fraction_come_from_the_field_that_has_them_or_are_null(
    one_sample: Callable[..., pl.DataFrame],
    record: str,
    depth: int | None,
    alt_depth: int | None,
    vaf: float | None,
    source: str | None,
) -> None:
    row = one_sample(record).row(0, named=True)
    assert (row["depth"], row["alt_depth"], row["vaf"], row["vaf_source"]) == (depth, alt_depth, vaf, source)


def test_records_of_different_formats_are_read_each_by_its_own(
    one_sample: Callable[..., pl.DataFrame],
) -> None:
    frame = one_sample("C GT:AD 0/1:3,1", "C AD:DP 1,3:4", "C GT 1/1", "C GT:DP:AD 0/1:9:4,4")
    assert frame["vaf"].to_list() == [0.25, 0.75, None, 0.5]
    assert frame["genotype"].to_list() == ["0/1", None, "1/1", "0/1"]


@pytest.mark.parametrize(
    ("genotype", "dosage", "zygosity"),
    [
        ("0/1", 1, "heterozygous"), ("1|0", 1, "heterozygous"), ("1/1", 2, "homozygous"),
        ("0/0", 0, "absent"),
        ("1", 1, "hemizygous"), ("0", 0, "absent"), ("./1", None, None), ("./.", None, None),
        (".", None, None),
        ("0/1/1", 2, "heterozygous"), ("|0|1", 1, "heterozygous"),
    ],
)  # fmt: skip
def test_dosage_and_zygosity_follow_the_genotype(
    one_sample: Callable[..., pl.DataFrame], genotype: str, dosage: int | None, zygosity: str | None
) -> None:
    row = one_sample(f"C GT {genotype}").row(0, named=True)
    assert (row["genotype"], row["dosage"], row["zygosity"]) == (genotype, dosage, zygosity)


def test_a_record_without_alternate_allele_is_a_row_too(one_sample: Callable[..., pl.DataFrame]) -> None:
    row = one_sample(". GT:AD 0/0:30").row(0, named=True)
    assert (row["kind"], row["allele_index"], row["dosage"], row["alt_depth"]) == ("reference", 0, 0, None)


@pytest.mark.parametrize(
    ("alt", "kind"),
    [
        ("*", "spanning"), ("<NON_REF>", "symbolic"), ("C]2:5]", "breakend"), ("[2:5[C", "breakend"),
        ("CA.", "breakend"), (".CA", "breakend"), ("CAT", "insertion"), ("C", "deletion"), ("CG", "mnv"),
        ("TGG", "delins"), ("ca", "reference"), ("caT", "insertion"),
    ],
)  # fmt: skip
def test_each_sort_of_allele_is_named(one_sample: Callable[..., pl.DataFrame], alt: str, kind: str) -> None:
    assert one_sample(f"{alt} GT 0/1")["kind"].to_list() == [kind]


def test_the_number_of_rows_a_batch_changes_nothing(test_data: Path) -> None:
    path = test_data / "callers" / "gatk" / "triple_allele.vcf.gz"
    whole = read_all(path, sample="NWD359156")
    assert pl.concat(read(path, sample="NWD359156", batch_rows=3)).equals(whole)


def test_a_few_columns_are_the_same_as_in_the_whole(test_data: Path) -> None:
    path = test_data / "vcf" / "mutect-example.vcf"
    few = ["contig", "position", "ref", "alt", "dosage"]
    whole = read_all(path, sample="NormalSample")
    assert read_all(path, sample="NormalSample", columns=few).equals(whole.select(few))


def test_asking_for_what_is_not_there_is_said(write: Write) -> None:
    path = write(TOP.format("\tFORMAT\tS"))
    assert read_all(path, sample="S").schema == SCHEMA
    with pytest.raises(VcfRefused, match="sample-unknown"):
        read_all(path, sample="T")
    with pytest.raises(SchemaBroken, match="quality"):
        read_all(path, sample="S", columns=["quality"])


def test_windows_newlines_and_empty_last_lines_make_no_rows(write: Write) -> None:
    text = TOP.format("\tFORMAT\tS") + "1\t5\t.\tA\tG\t.\t.\t.\tGT\t0/1\n\n\n"
    frame = read_all(write(text.replace("\n", "\r\n")), sample="S")
    assert frame.select("position", "genotype", "dosage").rows() == [(5, "0/1", 1)]


def test_the_header_may_be_larger_than_a_block(write: Write) -> None:
    meta = "".join(f"##contig=<ID=scaffold_{n},length={n + 1}>\n" for n in range(60_000))
    path = write(TOP.format("").replace("#CHROM", meta + "#CHROM") + "scaffold_7\t5\t.\tA\tG\t.\t.\t.\n")
    assert len(read_header(path).contigs) == 60_000
    assert read_all(path, sample=None)["contig"].to_list() == ["scaffold_7"]
