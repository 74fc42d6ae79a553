"""How the disease of an evidence item and the sample's tumour type fit, through OncoTree.

diseases.tsv says which OncoTree types a CIViC disease means. The same type or a wider group counts as this
tumour type; a subtype that the sample's code does not tell is not comparable.
"""

from functools import lru_cache
from typing import Final

import polars as pl
from canheal_refdata.sources.oncotree import OncoTree
from canheal_schemas import DiseaseMatch
from polars import col

from canheal_annotate.rules import table

THIS: Final = "this"
ANY: Final = "any"
OTHER: Final = "other"
"""Where evidence is from, as tiering.toml names it."""


@lru_cache(maxsize=256)
def fits(oncotree_code: str | None, tree: OncoTree | None) -> pl.DataFrame:
    """`disease disease_match from` for every disease of the table.

    Args:
        oncotree_code: The sample's tumour type, a current or an earlier code.
        tree: The bundle's OncoTree; without it or without a known code nothing is comparable but what speaks
            of cancer whatever its site.
    """
    code = tree.current(oncotree_code) if tree is not None and oncotree_code is not None else None
    ancestors = tree.ancestors(code) if tree is not None and code is not None else ()
    root = [] if code is None else ["TISSUE"]
    above = [*ancestors, *root]
    rows = table("diseases").with_columns(col("oncotree").str.split(","))
    if code is None:
        below: list[str] = []
        comparable = pl.lit(value=False)
    else:
        below = _descendants(code, tree)
        comparable = pl.lit(value=True)
    same, wider, narrower = (_holds(codes) for codes in ([code] if code else [], above, below))
    whole = col("extent") != "part"
    match = (
        pl.when((col("extent") == "any") & (wider | same | ~comparable))
        .then(pl.lit(DiseaseMatch.ANCESTOR.value))
        .when(~comparable)
        .then(pl.lit(DiseaseMatch.UNKNOWN.value))
        .when(whole & same)
        .then(pl.lit(DiseaseMatch.SAME.value))
        .when(whole & wider)
        .then(pl.lit(DiseaseMatch.ANCESTOR.value))
        .when(same | wider | narrower)
        .then(pl.lit(DiseaseMatch.UNKNOWN.value))
        .otherwise(pl.lit(DiseaseMatch.OTHER.value))
    )
    counts = col("disease_match").is_in([DiseaseMatch.SAME.value, DiseaseMatch.ANCESTOR.value])
    source = (
        pl.when(~counts)
        .then(pl.lit(OTHER))
        .when(col("extent") == "any")
        .then(pl.lit(ANY))
        .otherwise(pl.lit(THIS))
    )
    return rows.with_columns(disease_match=match).select("disease", "disease_match", source.alias("from"))


def _descendants(code: str, tree: OncoTree | None) -> list[str]:
    if tree is None:
        return []
    return [other for other in tree.nodes["code"] if code in tree.ancestors(other)]


def _holds(codes: list[str]) -> pl.Expr:
    return col("oncotree").list.set_intersection(pl.lit(codes, pl.List(pl.String))).list.len() > 0
