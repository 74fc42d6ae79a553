"""Somatic tiers by AMP/ASCO/CAP 2017, from matched evidence; the rule table is tiering.toml.

Tier IV needs population frequencies and is not given without them (`NotExamined.remarks` says so).
"""

from functools import cache
from typing import Any, Final

import polars as pl
from polars import col

from canheal_annotate.profiles import MATCHES
from canheal_annotate.rules import document

TIERS: Final = ("I", "II", "III", "IV")


@cache
def _rules() -> pl.DataFrame:
    rules = pl.DataFrame(document("tiering")["rule"])
    return rules.rename({"level": "amp_level"})


def tiered(evidence: pl.DataFrame) -> pl.DataFrame:
    """One row a variant that evidence lifts above tier III: `_row tier amp_level tier_reason`.

    Args:
        evidence: As `civic.matched` gives it.

    Rows without one are tier III: `otherwise`.
    """
    settings = document("tiering")
    speaks = (
        col("evidence_type").is_in(settings["types"])
        & (col("direction") == settings["direction"])
        & ~col("origin").is_in(settings["origins_left_out"]).fill_null(value=False)
    )
    judged = (
        evidence.filter(speaks)
        .join(_rules(), on=["evidence_level", "from"])
        .with_columns(_cap=pl.lit(""))
        .pipe(_capped, settings["cap"])
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
        .agg(col("tier", "amp_level", "tier_reason").first())
    )


def _capped(judged: pl.DataFrame, cap: dict[str, Any]) -> pl.DataFrame:
    """Hold evidence that matches as loosely as the cap says to the cap's tier; from elsewhere, drop it."""
    loose = col("match") == [match.value for match in MATCHES].index(cap["match"])
    rank = {tier: number for number, tier in enumerate(TIERS)}
    tier = col("tier").replace_strict(rank, return_dtype=pl.Int8)
    above = (tier < rank[cap["tier"]]) | ((tier == rank[cap["tier"]]) & (col("amp_level") < cap["level"]))
    return judged.filter(~loose | col("from").is_in(cap["from"])).with_columns(
        tier=pl.when(loose & above).then(pl.lit(cap["tier"])).otherwise("tier"),
        amp_level=pl.when(loose & above).then(pl.lit(cap["level"])).otherwise("amp_level"),
        _cap=pl.when(loose).then(pl.lit(f"; {cap['says']}")).otherwise(pl.lit("")),
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
        "EID{} (CIViC level {}, {}: {}{} in {}, {}) on {}, {}: {}{}",
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
        "_cap",
    )


def otherwise() -> tuple[str, str]:
    """Tier and reason where no evidence decides."""
    rest = document("tiering")["otherwise"]
    return rest["tier"], rest["says"]


def rule_name() -> str:
    return str(document("tiering")["name"])
