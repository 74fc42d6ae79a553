"""Our c. and p. names against VEP's, on TCGA's MC3: `python tools/names_against_vep.py` writes the page.

VEP's names stand in the MAF (`HGVSc`, `HGVSp_Short`), on the transcript that TCGA chose in 2016. Every row
that differs is put in a class that says why; `unexplained` must stay empty.
"""

import os
import sys
from pathlib import Path
from typing import Final

import polars as pl
from canheal_annotate.judgement import assembly_of, judge
from canheal_annotate.places import NEAR
from canheal_annotate.protein import coding_key, one_letter
from canheal_refdata.assembly import Assembly
from canheal_schemas import Assay, AssayType, GenomeBuild, SampleContext, SampleKind
from polars import col

from mc3 import as_alleles, read_mafs

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "names-against-vep.md"
CONTEXT: Final = SampleContext(
    label="mc3",
    kind=SampleKind.TUMOUR,
    assay=Assay(type=AssayType.EXOME),
    build=GenomeBuild.GRCH37,
)

SAME: Final = "the same"
CONVENTION: Final = "the same, written by another convention"
OTHER_CDS: Final = "VEP's transcript has another coding sequence"
NO_ANCHOR: Final = "an indel in a gene without sequence: the MAF's row cannot be written as VCF"
DEEP: Final = f"further than {NEAR} bases from an exon: not named by us"
BEYOND: Final = "outside our transcript: VEP's begins or ends elsewhere, or is none (flank)"
UNEXPLAINED: Final = "unexplained"
CLASSES: Final = (SAME, CONVENTION, OTHER_CDS, NO_ANCHOR, DEEP, BEYOND, UNEXPLAINED)

MEANINGS: Final = {
    CONVENTION: "silent is `p.G60=` here and `p.G60G` there; at a splice site ours is `p.?`, theirs "
    "`p.X262_splice`; VEP names no protein change of some stop losses and splice indels, we do; of an indel "
    "beside a splice site VEP tells the consequence where the VCF has it, we after the 3' shift, which keeps "
    "the site whole",
    OTHER_CDS: "listed below: the same bases change at another number, and the offset is the same for all "
    "rows of the transcript or GENCODE has coding parts of this gene that MANE Select has not; or one of the "
    "two transcripts codes where the other does not",
}


def compared(data: Path) -> pl.DataFrame:
    """Every row of MC3 in a gene of the bundle, ours beside theirs, with `class`."""
    assembly = assembly_of(None, CONTEXT)
    rows = read_mafs(data / "cohorts").filter(col("Hugo_Symbol").is_in(assembly.genes["gene"].implode()))
    alleles = as_alleles(rows, assembly.sequence)
    named = judge(alleles, CONTEXT, None).rows.select(
        col("record").cast(pl.UInt32).alias("row"),
        "exon",
        "hgvs_c",
        "hgvs_p",
        "consequences",
        Hugo_Symbol="gene",
        ours="transcript",
    )
    odd = genes_with_other_cds(assembly, data / "gene-models" / "gencode.GRCh37.CDSs.parquet")
    return (
        rows.with_columns(asked=col("row").is_in(alleles["record"].cast(pl.UInt32).implode()))
        .join(named, on=["row", "Hugo_Symbol"], how="left", maintain_order="left")
        .with_columns(gencode_has_more=col("Hugo_Symbol").is_in(odd.implode()))
        .pipe(_with_offsets)
        .with_columns(_class().alias("class"))
    )


def genes_with_other_cds(assembly: Assembly, gencode: Path) -> pl.Series:
    """Genes of which GENCODE has a coding part that our transcript has not; ours holds the stop codon."""
    ours = assembly.exons.join(
        assembly.genes.select("feature_id", "contig", "gene"), on=["feature_id", "contig"]
    )
    parts = ours.drop_nulls("cds_start").select("gene", "cds_start", "cds_end")
    theirs = pl.read_parquet(gencode).select(
        gene=col("gene_name").cast(pl.String), start=col("_starts"), end=col("_ends")
    )
    theirs = theirs.filter(col("gene").is_in(parts["gene"].implode()))
    pairs = theirs.join(parts, on="gene")
    inside = pairs.filter((col("start") >= col("cds_start")) & (col("end") <= col("cds_end")))
    return theirs.join(inside, on=["gene", "start", "end"], how="anti")["gene"].unique()


def _with_offsets(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `offset` of the two c. numbers and whether all rows of VEP's transcript agree on it."""
    number = r"^c\.[-*]?(\d+)"
    offset = col("HGVSc").str.extract(number).cast(pl.Int64) - col("hgvs_c").str.extract(number).cast(
        pl.Int64
    )
    change = r"^c\.[-*]?\d+(?:[+-]\d+)?(?:_[-*]?\d+(?:[+-]\d+)?)?(.+)$"
    theirs, ours = (coding_key(col(name).str.extract(change)) for name in ("HGVSc", "hgvs_c"))
    rows = rows.with_columns(offset=offset, same_change=(theirs == ours).fill_null(value=False))
    constant = (col("offset").drop_nulls().n_unique() == 1) & (col("offset").count() > 1)
    return rows.with_columns(constant=constant.over("Transcript_ID"))


def _class() -> pl.Expr:
    same_c = coding_key(col("HGVSc")) == coding_key(col("hgvs_c"))
    theirs, ours = (
        col("HGVSp_Short").replace(".", None),
        one_letter(col("hgvs_p").str.replace_all(r"[()]", "")),
    )
    same_p = theirs.eq_missing(ours)
    silent = theirs.str.replace(r"^p\.([A-Z*])(\d+)([A-Z*])$", "p.${1}${2}=").eq_missing(ours)
    shifted_off = col("Variant_Type").is_in(["DEL", "INS"]) & theirs.str.ends_with("_splice")
    unsaid = (
        (ours == "p.?") | shifted_off | (theirs.is_null() & col("consequences").list.contains("stop_lost"))
    )
    residues = theirs.str.extract(r"(\d+)").cast(pl.Int64) - ours.str.extract(r"(\d+)").cast(pl.Int64)
    in_frame = (col("offset") == residues * 3) | residues.is_null() & (col("offset") % 3 == 0)
    shifted = (
        col("same_change") & in_frame & (col("offset") != 0) & (col("constant") | col("gencode_has_more"))
    )
    elsewhere = (_region("HGVSc") != _region("hgvs_c")) & col("gencode_has_more")
    flank = col("HGVSc").is_in([".", ""]) | col("HGVSc").is_null()
    return (
        pl.when(~col("asked"))
        .then(pl.lit(NO_ANCHOR))
        .when(same_c & same_p)
        .then(pl.lit(SAME))
        .when(same_c & (silent | unsaid))
        .then(pl.lit(CONVENTION))
        .when(col("ours").is_null() | flank)
        .then(pl.lit(BEYOND))
        .when(col("exon").is_null())
        .then(pl.lit(DEEP))
        .when(shifted | elsewhere)
        .then(pl.lit(OTHER_CDS))
        .otherwise(pl.lit(UNEXPLAINED))
    )


def _region(name: str) -> pl.Expr:
    """Whether a c. name is of the 5' UTR (-), the coding sequence, the 3' UTR (*), and of an intron (+)."""
    end = col(name).str.extract(r"^c\.([-*]?)").fill_null("")
    intron = pl.when(col(name).str.contains(r"\d[+-]\d")).then(pl.lit("+")).otherwise(pl.lit(""))
    return pl.concat_str(end, intron)


def page(rows: pl.DataFrame) -> str:
    """The result as Markdown."""
    counts = dict(rows["class"].value_counts().iter_rows())
    table = "".join(_line(name, counts.get(name, 0), rows.height) for name in CLASSES)
    return _TEXT.format(
        rows=f"{rows.height:,}",
        genes=rows["Hugo_Symbol"].n_unique(),
        classes=table,
        transcripts=_transcripts(rows.filter(col("class") == OTHER_CDS)),
    )


def _line(name: str, number: int, rows: int) -> str:
    return f"| {name} | {number} | {number / rows:.1%} | {MEANINGS.get(name, '')} |\n"


def _transcripts(rows: pl.DataFrame) -> str:
    listed = rows.group_by("Hugo_Symbol", "Transcript_ID", "ours").agg(
        pl.len(),
        offsets=col("offset").drop_nulls().unique().sort().cast(pl.String).str.join(", "),
        gencode=pl.when(col("gencode_has_more").any()).then(pl.lit("yes")).otherwise(pl.lit("no")),
    )
    ordered = listed.sort(["len", "Hugo_Symbol"], descending=[True, False])
    return "".join(
        f"| {gene} | {theirs} | {ours} | {number} | {offsets or 'in UTR or intron'} | {gencode} |\n"
        for gene, theirs, ours, number, offsets, gencode in ordered.iter_rows()
    )


_TEXT: Final = """\
<!-- Written by `python tools/names_against_vep.py`; a test holds it to the data. -->
# Our names against VEP's

{rows} somatic variants of ten TCGA cohorts (MC3, GRCh37, FILTER = PASS) in {genes} genes of the demo bundle:
our HGVS c. and p. on MANE Select beside those that VEP gave them, on the transcripts that TCGA chose.
`.venv/bin/python tools/names_against_vep.py` measures again and writes this page
(`CANHEAL_TEST_DATA` names the folder with `cohorts/` and `gene-models/`).

| class | rows | share | what it means |
| --- | ---: | ---: | --- |
{classes}
c. names are compared without the bases that VEP's older style writes after `del` and `dup`.

## Transcripts whose coding sequence differs

| gene | VEP's transcript | ours | rows | c. offset in bases | GENCODE has coding parts that ours has not |
| --- | --- | --- | ---: | --- | --- |
{transcripts}"""


def main() -> None:
    """Measure and write the page; exit 1 where a difference is unexplained."""
    data = Path(os.environ.get("CANHEAL_TEST_DATA", ROOT.parent / "shared" / "data"))
    rows = compared(data)
    PAGE.write_text(page(rows), encoding="utf-8")
    left = rows.filter(col("class") == UNEXPLAINED)
    sys.stderr.write(f"{PAGE.name}: {rows.height} rows, {left.height} unexplained\n")
    for row in left.select(
        "Hugo_Symbol", "Transcript_ID", "HGVSc", "hgvs_c", "HGVSp_Short", "hgvs_p"
    ).iter_rows():
        sys.stderr.write(f"  {row}\n")
    sys.exit(1 if left.height else 0)


if __name__ == "__main__":
    main()
