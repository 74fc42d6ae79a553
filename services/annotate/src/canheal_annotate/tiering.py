"""Somatic tiers by AMP/ASCO/CAP 2017, from matched evidence; the rule table is tiering.toml.

Tier IV needs population frequencies and is not given without them (`NotExamined.remarks` says so).
"""

from functools import cache
from typing import Any

import polars as pl
from canheal_schemas import EvidenceMatch
from polars import col

from canheal_annotate.diseases import OTHER
from canheal_annotate.profiles import MATCHES
from canheal_annotate.rules import document


@cache
def _rules() -> pl.DataFrame:
    rules = pl.DataFrame(document("tiering")["rule"])
    return rules.rename({"level": "amp_level"})


def tiered(evidence: pl.DataFrame) -> pl.DataFrame:
    """One row a variant that evidence lifts above tier III: `_row tier amp_level tier_reason decided_by`.

    Args:
        evidence: As `civic.matched` gives it.

    `decided_by` is the evidence_id that the reason names. Rows without one are tier III: `otherwise`.
    """
    settings = document("tiering")
    judged = (
        evidence.filter(_speaks(settings))
        .join(_rules(), on=["evidence_level", "from"])
        .with_columns(tier_reason=_reason())
    )
    by_strength = [
        "_row",
        "tier",
        "amp_level",
        "evidence_level",
        "match",
        "disease_rank",
        "_type",
        "evidence_id",
    ]
    kind = col("evidence_type").replace_strict({name: i for i, name in enumerate(settings["types"])})
    return (
        judged.with_columns(_type=kind)
        .sort(by_strength)
        .group_by("_row", maintain_order=True)
        .agg(col("tier", "amp_level", "tier_reason").first(), decided_by=col("evidence_id").first())
    )


def _speaks(settings: dict[str, Any]) -> pl.Expr:
    """Whether an item counts for a tier at all."""
    left_out = [MATCHES.index(EvidenceMatch(match)) for match in settings["matches_left_out"]]
    kind = col("evidence_type")
    return (
        kind.is_in(settings["types"])
        & (col("direction") == pl.lit(settings["direction"]))
        & ~col("origin").is_in(settings["origins_left_out"]).fill_null(value=False)
        & ~col("match").is_in(left_out)
        & ((col("from") != OTHER) | kind.is_in(settings["types_from_other"]))
    )


def _reason() -> pl.Expr:
    """The deciding item, what it says of which disease, how it matches, and the rule."""
    therapies = (
        pl.when(col("therapy_interaction") == "Combination")
        .then(col("therapies").list.join(" + "))
        .when(col("therapy_interaction") == "Sequential")
        .then(col("therapies").list.join(", then "))
        .otherwise(col("therapies").list.join(" or "))
    )
    to = pl.when(col("therapies").list.len() > 0).then(pl.format(" to {}", therapies)).otherwise(pl.lit(""))
    closeness = col("match").replace_strict(
        {i: match.value for i, match in enumerate(MATCHES)}, return_dtype=pl.String
    )
    return pl.format(
        "EID{} (CIViC level {}, {}: {}{} in {}, {}) on {}, {}: {}",
        "evidence_id",
        "evidence_level",
        "evidence_type",
        col("significance").fill_null("significance not given"),
        to,
        col("disease").fill_null("an unnamed disease"),
        "disease_match",
        "molecular_profile",
        closeness,
        "says",
    )


def otherwise() -> tuple[str, str]:
    """Tier and reason where no evidence decides."""
    rest = document("tiering")["otherwise"]
    return rest["tier"], rest["says"]


def rule_name() -> str:
    return str(document("tiering")["name"])
