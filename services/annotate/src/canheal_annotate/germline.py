"""A tumour's variant that may be inherited: the ESMO working group's first rule, numbers in germline.toml."""

import polars as pl
from polars import col

from canheal_annotate.consequences import is_null
from canheal_annotate.rules import document


def with_germline_hint(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `germline_reason`: why a tumour's variant may be of the germline; null where nothing points to it.

    Args:
        rows: `gene`, `consequences`, `vaf` (0 to 1, null where the VCF carries none).
    """
    rule = document("germline")
    fires = (
        col("gene").is_in(rule["genes"]) & is_null() & (col("vaf") >= rule["min_vaf"]).fill_null(value=False)
    )
    reason = pl.format(
        "possible germline: null variant ({}) of {} at a variant allele fraction of {} %, "
        "which is at or above {} %; confirm in normal tissue",
        col("consequences").list.first(),
        "gene",
        (col("vaf") * 100).round(1),
        pl.lit(round(rule["min_vaf"] * 100)),
    )
    return rows.with_columns(pl.when(fires).then(reason).alias("germline_reason"))


def rule_name() -> str:
    return str(document("germline")["name"])
