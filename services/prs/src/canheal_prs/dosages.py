"""How many copies of the counted allele a sample has: from GT, else from the imputed dosage DS.

A genotype is read once for each distinct text; a cohort has a few dozen.
"""

import re
from typing import Final

import polars as pl
from polars import col

from canheal_prs.matching import NO_COPIES

_ALLELES: Final = re.compile(r"[/|]")
NO_GENOTYPE: Final = "no genotype in the VCF"
FILTERED: Final = "failed the VCF's filter"


def copies(matched: pl.DataFrame, calls: pl.DataFrame, sample_column: str) -> pl.DataFrame:
    """Copies of each matched variant's effect allele in one sample.

    Args:
        matched: Rows of `matching.MATCHED`; those without record give null and keep their reason.
        calls: As `calls.read_calls` gave them, with the sample's column.
        sample_column: Its name there.

    Returns:
        `row`, `copies` (null: unknown), `reason` (why unknown).
    """
    text = calls.select("record", "format", "filter", "alts", col(sample_column).alias("sample"))
    frame = matched.join(text, on="record", how="left", maintain_order="left").with_columns(
        col("sample").str.extract(r"^([^:]*)").alias("genotype")
    )
    called = pl.when(col("filter").is_null()).then(pl.coalesce(_called(frame), _imputed(frame)))
    return frame.with_columns(called.alias("copies")).select(
        "row",
        "copies",
        pl.when(col("record").is_null())
        .then("reason")
        .when(col("filter").is_not_null())
        .then(pl.lit(FILTERED))
        .when(col("copies").is_null())
        .then(pl.lit(NO_GENOTYPE))
        .alias("reason"),
    )


def _called(frame: pl.DataFrame) -> pl.Series:
    has_gt = col("format").str.contains(r"^GT(?::|$)")
    pairs = frame.select(pl.when(has_gt).then("genotype").alias("genotype"), "counted")
    distinct = pairs.unique()
    meanings = [count(genotype, counted) for genotype, counted in distinct.iter_rows()]
    return pairs.join(
        distinct.with_columns(pl.Series("copies", meanings, dtype=pl.Float64)),
        on=["genotype", "counted"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )["copies"]


def count(genotype: str | None, counted: int | None) -> float | None:
    """Copies of one allele in a genotype; None where any of its alleles is missing."""
    alleles = [] if genotype is None else [called for called in _ALLELES.split(genotype) if called]
    if counted is None or not alleles or not all(called.isdecimal() for called in alleles):
        return None
    return float(sum(int(called) == counted for called in alleles))


def _imputed(frame: pl.DataFrame) -> pl.Series:
    """The dosage DS, one number an ALT; REF's is what is left of two."""
    formats = frame["format"].unique().drop_nulls()
    places = {text: keys.index("DS") for text in formats if "DS" in (keys := text.split(":"))}
    if not places:
        return pl.Series("copies", [None] * frame.height, dtype=pl.Float64)
    place = col("format").replace_strict(places, default=None, return_dtype=pl.Int64)
    each = col("sample").str.split(":").list.get(place, null_on_oob=True).str.split(",")
    dosages = each.list.eval(pl.element().cast(pl.Float64, strict=False))
    whole = dosages.list.len() == col("alts").list.len()
    known = whole & (dosages.list.eval(pl.element().is_null().any()).list.first() == pl.lit(value=False))
    of_alt = dosages.list.get(col("counted") - 1, null_on_oob=True)
    return frame.select(
        pl.when(~known.fill_null(value=False))
        .then(None)
        .when(col("counted") == 0)
        .then(2 - dosages.list.sum())
        .when(col("counted") == NO_COPIES)
        .then(0.0)
        .otherwise(of_alt)
        .alias("copies")
    ).to_series()
