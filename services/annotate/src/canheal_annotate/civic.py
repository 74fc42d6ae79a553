"""Which evidence of CIViC speaks about which variant, how closely, and of which disease."""

from dataclasses import dataclass
from typing import Final

import polars as pl
from canheal_refdata.sources.oncotree import OncoTree
from canheal_schemas import DiseaseMatch
from polars import col

from canheal_annotate.diseases import OTHER, fits
from canheal_annotate.profiles import criteria, tags

SOURCE: Final = "CIViC"
DISEASES: Final = tuple(DiseaseMatch)
"""By rank: 0 is the best."""


@dataclass(frozen=True)
class Knowledge:
    """CIViC as it is asked: the evidence, what each item asks of a variant, and why some ask nothing."""

    evidence: pl.DataFrame
    criteria: pl.DataFrame
    not_compared: dict[str, int]
    """Accepted items that no small variant answers, by reason."""


def read_knowledge(civic: pl.DataFrame) -> Knowledge:
    """Prepare the bundle's CIViC table (columns of `canheal_refdata.sources.civic.CIVIC`)."""
    accepted = civic.filter(col("status") == "accepted")
    asked = criteria(accepted)
    reasons = asked.drop_nulls("reason").group_by("reason").agg(col("evidence_id").n_unique()).sort("reason")
    return Knowledge(accepted, asked.drop_nulls("tag").drop("reason"), dict(reasons.iter_rows()))


def matched(
    rows: pl.DataFrame, knowledge: Knowledge, code: str | None, tree: OncoTree | None
) -> pl.DataFrame:
    """One row a variant and evidence item: `_row`, the evidence's columns, `match`, `disease_match`, `from`.

    Args:
        rows: As `profiles.tags` takes them.
        knowledge: What to ask.
        code: OncoTree code of the sample.
        tree: The bundle's OncoTree.

    `match` and `disease_rank` are ranks, 0 the closest. Sorted, the item that speaks most strongly first: of
    this disease, by level, by closeness, supporting before not supporting, by rating.
    """
    closest = (
        tags(rows)
        .join(knowledge.criteria, on=["gene", "tag"])
        .group_by("_row", "evidence_id")
        .agg(col("match").min())
    )
    unknown = DiseaseMatch.UNKNOWN.value
    ranks = {match.value: rank for rank, match in enumerate(DISEASES)}
    return (
        closest.join(knowledge.evidence, on="evidence_id")
        .join(fits(code, tree), on="disease", how="left")
        .with_columns(col("disease_match").fill_null(unknown), col("from").fill_null(OTHER))
        .with_columns(disease_rank=col("disease_match").replace_strict(ranks, return_dtype=pl.Int8))
        .with_columns(_against=col("direction") != "Supports")
        .sort(
            "_row", col("from") == OTHER, "evidence_level", "match", "disease_rank", "_against",
            -col("rating").fill_null(0), "evidence_id",
        )
        .drop("_against")
    )  # fmt: skip
