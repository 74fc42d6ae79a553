"""ClinVar's VCF as a table: one row an allele, with classification, review stars and conditions.

Source: `clinvar.vcf.gz` of NCBI (public domain), one file a build. Stars follow ClinVar's "Review status"
page: practice guideline 4, expert panel 3, several submitters who agree 2, one submitter or a conflict 1,
else 0.
"""

from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

import polars as pl
from canheal_genome.builds import Build, contig_name

from canheal_refdata.errors import SourceRefused, first_sentence
from canheal_refdata.sources.fasta import open_maybe_gzip

CLINVAR: Final = pl.Schema(
    {
        "contig": pl.String(),
        "position": pl.Int32(),  # 1-based
        "reference": pl.String(),
        "alternative": pl.String(),
        "variation_id": pl.Int32(),
        "classification": pl.String(),  # ClinVar's own words, such as `Pathogenic/Likely pathogenic`
        "review_status": pl.String(),
        "stars": pl.Int8(),
        "conditions": pl.List(pl.String()),
        "gene": pl.String(),  # the first that ClinVar names
    }
)

_STARS: Final = {
    "practice guideline": 4,
    "reviewed by expert panel": 3,
    "criteria provided, multiple submitters, no conflicts": 2,
    "criteria provided, multiple submitters": 2,
    "criteria provided, conflicting classifications": 1,
    "criteria provided, conflicting interpretations": 1,
    "criteria provided, single submitter": 1,
}

_COLUMNS: Final = ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")


@dataclass(frozen=True)
class Records:
    """What was read, how ClinVar calls the release, and how many rows were left out, by reason."""

    records: pl.DataFrame
    release: str
    left_out: dict[str, int]


def read_clinvar(path: Path, build: Build) -> Records:
    """Read the VCF, plain or gzip.

    Raises:
        SourceRefused: the file is no VCF of ClinVar, or of the other build.
    """
    header = _header(path, build)
    try:
        rows = pl.scan_csv(
            path,
            separator="\t",
            comment_prefix="#",
            has_header=False,
            schema=dict.fromkeys(_COLUMNS, pl.String),
            quote_char=None,
        ).collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceRefused(path, f"is no VCF of eight columns ({first_sentence(error)})") from error
    contigs = {name: contig_name(name) for name in rows["CHROM"].unique()}
    placed = rows.select(
        pl.col("CHROM").replace_strict(contigs, return_dtype=pl.String).alias("contig"),
        pl.col("POS").cast(pl.Int32, strict=False).alias("position"),
        pl.col("ID").cast(pl.Int32, strict=False).alias("variation_id"),
        "REF",
        "ALT",
        classification=_info("CLNSIG").str.replace_all("_", " "),
        review_status=_info("CLNREVSTAT").str.replace_all("_", " "),
        conditions=_info("CLNDN").str.replace_all("%2C", ",").str.replace_all("_", " ").str.split("|"),
        gene=_info("GENEINFO").str.extract(r"^([^:|]+)"),
    )
    reason = (
        pl.when(pl.col("contig").is_null())
        .then(pl.lit("not on a chromosome of ours"))
        .when(pl.any_horizontal(pl.col("position", "variation_id").is_null()))
        .then(pl.lit("position or variation id is no number"))
        .when(~pl.col("ALT").str.contains("^[ACGT]+$") | ~pl.col("REF").str.contains("^[ACGT]+$"))
        .then(pl.lit("no sequence as REF or ALT"))
        .when(pl.col("classification").is_null())
        .then(pl.lit("no classification of its own"))
    )
    judged = placed.with_columns(_reason=reason)
    lost = judged.drop_nulls("_reason").group_by("_reason").len().sort("_reason")
    return Records(_kept(judged.filter(pl.col("_reason").is_null())), header, dict(lost.iter_rows()))


def _info(name: str) -> pl.Expr:
    return pl.col("INFO").str.extract(rf"(?:^|;){name}=([^;]+)")


def _header(path: Path, build: Build) -> str:
    """The release date; the header must be ClinVar's and of this build."""
    with open_maybe_gzip(path) as file:
        lines = [
            line.decode(errors="replace").strip()
            for line in takewhile(lambda text: text.startswith(b"#"), file)
        ]
    said = dict(line[2:].split("=", 1) for line in lines if line.startswith("##") and "=" in line)
    if not any("ID=CLNSIG," in line for line in lines):
        raise SourceRefused(path, "is no VCF of ClinVar: its header declares no CLNSIG")
    reference = said.get("reference", "")
    if any(other.value in reference for other in Build if other is not build):
        raise SourceRefused(
            path, f"says ##reference={reference}, and {build} was asked for; take the file of {build}"
        )
    return said.get("fileDate", "unknown")


def _kept(rows: pl.DataFrame) -> pl.DataFrame:
    stars = pl.col("review_status").replace_strict(_STARS, default=0, return_dtype=pl.Int8)
    named = rows.rename({"REF": "reference", "ALT": "alternative"}).with_columns(stars=stars)
    return (
        named.select(CLINVAR.names())
        .cast(CLINVAR)
        .sort("contig", "position", "reference", "alternative", "variation_id")
    )
