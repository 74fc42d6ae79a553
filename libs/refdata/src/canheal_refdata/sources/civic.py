"""CIViC evidence, reduced to facts; no statement texts.

Source: the accepted-evidence TSV of civicdb.org (CC0). A molecular profile is one variant (`BRAF V600E`) or
a Boolean combination (`BCR::ABL1 Fusion AND ABL1 T315I`); of a combination `gene` and `variant` are null and
`genes` names all.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from canheal_refdata.errors import SourceRefused, first_sentence

CIVIC: Final = pl.Schema(
    {
        "evidence_id": pl.Int32(),
        "molecular_profile_id": pl.Int32(),
        "molecular_profile": pl.String(),
        "gene": pl.String(),  # `EML4::ALK` of a fusion; null of a combination
        "variant": pl.String(),  # `V600E`, `Exon 19 Deletion`, `Amplification`; null of a combination
        "genes": pl.List(pl.String()),  # every gene that the profile names
        "disease": pl.String(),
        "doid": pl.String(),  # digits, without the prefix DOID:
        "therapies": pl.List(pl.String()),
        "therapy_interaction": pl.String(),  # Combination, Substitutes, Sequential
        "evidence_type": pl.String(),
        "evidence_level": pl.String(),  # A validated, B clinical, C case study, D pre-clinical, E inferential
        "direction": pl.String(),
        "significance": pl.String(),
        "rating": pl.Int32(),  # 1..5
        "status": pl.String(),
        "flagged": pl.Boolean(),
        "origin": pl.String(),
        "citation_id": pl.String(),
        "source_type": pl.String(),  # PubMed, ASCO, ASH
    }
)

_REQUIRED: Final = (
    "molecular_profile", "molecular_profile_id", "disease", "doid", "therapies", "therapy_interaction_type",
    "evidence_type", "evidence_direction", "evidence_level", "significance", "citation_id", "source_type",
    "rating", "evidence_status", "evidence_id", "variant_origin", "is_flagged",
)  # fmt: skip

_COMBINATION: Final = r" (AND|OR) |^NOT "
_GENE: Final = r"[A-Za-z0-9?][A-Za-z0-9?.:-]*"


@dataclass(frozen=True)
class Reduced:
    """What was read, and which rows were not understood: evidence id or line, and why."""

    evidence: pl.DataFrame
    refused: tuple[str, ...]


def read_civic(path: Path) -> Reduced:
    """Read the accepted-evidence TSV, plain or gzip.

    Raises:
        SourceRefused: the file is no such table: columns are missing.
    """
    try:
        raw = pl.read_csv(
            path, separator="\t", infer_schema=False, quote_char=None, truncate_ragged_lines=True
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceRefused(path, f"is no tab-separated table ({first_sentence(error)})") from error
    if missing := [name for name in _REQUIRED if name not in raw.columns]:
        reason = f"lacks the columns {', '.join(missing)}; expected the accepted-evidence TSV of civicdb.org"
        raise SourceRefused(path, reason)
    facts = raw.select(_REQUIRED).with_row_index("line", offset=2).pipe(_facts)
    understood = pl.all_horizontal(
        pl.col("evidence_id", "evidence_level", "evidence_type", "molecular_profile").is_not_null(),
        pl.col("evidence_level").is_in(list("ABCDE")),
        pl.col("genes").list.len() > 0,
    )
    kept = facts.filter(understood).select(CIVIC.names()).cast(CIVIC).sort("evidence_id")
    lost = facts.filter(~understood.fill_null(value=False))
    what = pl.format(
        "line {}: evidence {}, profile {}", "line", _or_none("evidence_id"), _or_none("molecular_profile")
    )
    return Reduced(kept, tuple(lost.select(what=what)["what"]))


def _or_none(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).fill_null("?")


def _facts(rows: pl.DataFrame) -> pl.DataFrame:
    text = [name for name in rows.columns if name != "line"]
    stripped = rows.with_columns(pl.col(text).str.strip_chars().replace("", None))
    profile = pl.col("molecular_profile")
    simple = ~profile.str.contains(_COMBINATION)
    return stripped.with_columns(
        pl.col("evidence_id", "molecular_profile_id", "rating").cast(pl.Int32, strict=False),
        gene=pl.when(simple).then(profile.str.extract(r"^(\S+)\s")),
        variant=pl.when(simple).then(profile.str.extract(r"^\S+\s+(.+)$")),
        genes=_genes(profile),
        therapies=_therapies(pl.col("therapies")),
        therapy_interaction="therapy_interaction_type",
        direction="evidence_direction",
        status="evidence_status",
        flagged=pl.col("is_flagged") == "true",
        origin="variant_origin",
    )


def _genes(profile: pl.Expr) -> pl.Expr:
    """The first word of each part of a profile, fusions taken apart; `v` and `?` stand for any partner."""
    parts = profile.str.replace_all(" OR ", " AND ", literal=True).str.split(" AND ")
    word = pl.element().str.strip_chars("( ").str.strip_prefix("NOT ").str.extract(rf"^({_GENE})(?:\s|$)")
    names = parts.list.eval(word.str.split("::").explode()).list.unique(maintain_order=True)
    return names.list.set_difference(pl.lit(["v", "?"])).list.drop_nulls().list.sort()


def _therapies(column: pl.Expr) -> pl.Expr:
    """Split at commas, but not between two digits: `CP-724,714` and `2,4-pyrimidinediamine` are names."""
    guarded = column.str.replace_all(r"(\d),(\d)", "${1}\u001f${2}")
    names = guarded.str.split(",").list.eval(
        pl.element().str.replace("\u001f", ",", literal=True).str.strip_chars()
    )
    return names.fill_null([])
