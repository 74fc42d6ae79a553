"""A tumour's variant that may be inherited and would matter: the normal has it, or ESMO's first rule fires.

Numbers and names stand in germline.toml.
"""

import polars as pl
from polars import col

from canheal_annotate.consequences import is_null
from canheal_annotate.rules import document


def with_germline_hint(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `germline_rule` and `germline_reason`; null where nothing points to the germline.

    Args:
        rows: `gene`, `consequences`, `vaf` (0 to 1, null where the VCF carries none), `normal_genotype` (null
            where there is no matched normal or it does not carry the allele), `pathogenic` (an archive says
            so).

    What the normal shares is mostly harmless: only a null variant of the rule's genes, or one known to be
    pathogenic, is worth a word.
    """
    rules = document("germline")
    null_in_genes = col("gene").is_in(rules["null_variant"]["genes"]) & is_null()
    in_normal = col("normal_genotype").is_not_null() & (null_in_genes | col("pathogenic"))
    null_variant = null_in_genes & (col("vaf") >= rules["null_variant"]["min_vaf"]).fill_null(value=False)
    name = (
        pl.when(in_normal)
        .then(pl.lit(rules["matched_normal"]["name"]))
        .when(null_variant)
        .then(pl.lit(rules["null_variant"]["name"]))
    )
    reason = (
        pl.when(in_normal)
        .then(pl.format("{} (genotype {} there)", pl.lit(rules["matched_normal"]["says"]), "normal_genotype"))
        .when(null_variant)
        .then(_suspicion(rules["null_variant"]["min_vaf"]))
    )
    return rows.with_columns(germline_rule=name, germline_reason=reason)


def _suspicion(min_vaf: float) -> pl.Expr:
    return pl.format(
        "possible germline: null variant ({}) of {} at a variant allele fraction of {} %, "
        "which is at or above {} %; confirm in normal tissue",
        col("consequences").list.first(),
        "gene",
        (col("vaf") * 100).round(1),
        pl.lit(round(min_vaf * 100)),
    )
