"""What a variant archive says of exactly this allele."""

from typing import Final

import polars as pl
from polars import col

SOURCE: Final = "ClinVar"
_SCHEMA: Final = pl.Schema(
    {
        "_row": pl.UInt32(),
        "record_id": pl.String(),
        "classification": pl.String(),
        "review_status": pl.String(),
        "stars": pl.Int8(),
        "conditions": pl.List(pl.String()),
    }
)


def recorded(rows: pl.DataFrame, clinvar: pl.DataFrame | None) -> pl.DataFrame:
    """One row a variant and record, columns of `_SCHEMA`.

    Args:
        rows: `_row`, `contig`, `position`, `ref`, `alt`, normalised as the archive's are (left-aligned).
        clinvar: The bundle's records of the rows' build; None where the bundle has none.
    """
    if clinvar is None:
        return pl.DataFrame(schema=_SCHEMA)
    found = rows.with_columns(col("position").cast(pl.Int32)).join(
        clinvar.rename({"reference": "ref", "alternative": "alt"}).drop("gene"),
        on=["contig", "position", "ref", "alt"],
    )
    return (
        found.with_columns(record_id=col("variation_id").cast(pl.String))
        .select(_SCHEMA.names())
        .cast(_SCHEMA)
        .sort("_row", "stars", "record_id", descending=[False, True, False])
    )


def pathogenic(records: pl.DataFrame) -> pl.Series:
    """`_row` of the variants that a record calls pathogenic or likely pathogenic, without conflict.

    Args:
        records: As `recorded` gives them.
    """
    classification = col("classification")
    said = classification.str.contains("(?i)pathogenic") & ~classification.str.contains("(?i)conflict")
    return records.filter(said)["_row"].unique()
