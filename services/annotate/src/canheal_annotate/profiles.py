"""What a CIViC molecular profile asks of a small variant, read from its name.

Each profile becomes one or more criteria: a gene and a tag such as `protein V600E`, `residue G12`,
`exon 19 inframe_deletion`, `kind null`. `tags` gives a variant's own; the two meet in an equijoin. A profile
that a small variant cannot answer (a fusion, an expression level) has no criterion but a reason.
"""

from typing import Final

import polars as pl
from canheal_schemas import EvidenceMatch
from polars import col

from canheal_annotate.consequences import changes_protein, has_any, is_null, terms
from canheal_annotate.protein import coding_key
from canheal_annotate.rules import table

MATCHES: Final = tuple(EvidenceMatch)
"""By rank: 0 is the closest."""

COMBINATION: Final = "a combination of variants"
NOT_UNDERSTOOD: Final = "not understood"

_KINDS: Final = ("frameshift", "inframe_insertion", "inframe_deletion", "splice_site")
_RANK: Final = {
    "protein": EvidenceMatch.ALLELE,
    "coding": EvidenceMatch.ALLELE,
    "residue": EvidenceMatch.RESIDUE,
    "exon": EvidenceMatch.EXON,
    "kind": EvidenceMatch.CONSEQUENCE,
    "any": EvidenceMatch.GENE,
}


def criteria(evidence: pl.DataFrame) -> pl.DataFrame:
    """`evidence_id gene tag match reason`, one row a criterion; where there is none, `reason`, not `tag`.

    Args:
        evidence: `evidence_id`, `molecular_profile`, `gene`, `variant` of CIViC; the last two null for a
            combination. Of `A OR B` either alternative is enough; what needs two variants, or the absence of
            one, is not answered by one.
    """
    named = _alternatives(evidence).with_columns(
        _name=col("variant").str.to_uppercase().str.replace_all(r"\s*\(?C\..*$", "").str.strip_chars(),
        _coding=coding_key(col("variant").str.extract(r"c\.([^()\s]+)")),
    )
    exact = pl.concat([_proteins(named), _residues(named), _codings(named)])
    described = _described(named.join(exact, on="part", how="anti"))
    both = pl.concat([exact, described])
    rank = {kind: MATCHES.index(match) for kind, match in _RANK.items()}
    first = (
        pl.when(col("tag") == "kind any").then(pl.lit("any")).otherwise(col("tag").str.extract(r"^(\w+) "))
    )
    answered = col("tag").is_not_null().any().over("evidence_id")
    return (
        both.filter(col("tag").is_not_null() | ~answered)
        .unique(["evidence_id", "gene", "tag"], maintain_order=True)
        .with_columns(match=first.replace_strict(rank, default=None, return_dtype=pl.Int8))
        .drop("part")
    )


def _alternatives(evidence: pl.DataFrame) -> pl.DataFrame:
    """One row a variant that alone is enough: `evidence_id gene variant`, and `part`, its number."""
    items = evidence.select("evidence_id", "molecular_profile", "gene", "variant")
    profile = col("molecular_profile")
    either = (
        col("variant").is_null()
        & profile.str.contains(" OR ", literal=True)
        & ~profile.str.contains(r" AND |\bNOT ")
    ).fill_null(value=False)
    split = (
        items.filter(either)
        .with_columns(profile.str.replace_all(r"[()]", "").str.split(" OR "))
        .explode("molecular_profile")
        .with_columns(gene=profile.str.extract(r"^(\S+)\s"), variant=profile.str.extract(r"^\S+\s+(.+)$"))
    )
    rows = pl.concat([items.filter(~either), split]).drop("molecular_profile")
    return rows.with_columns(part=pl.int_range(pl.len()))


def _rows(named: pl.DataFrame, tag: pl.Expr) -> pl.DataFrame:
    return named.select(
        "part", "evidence_id", "gene", tag.alias("tag"), reason=pl.lit(None, pl.String)
    ).drop_nulls("tag")


def _proteins(named: pl.DataFrame) -> pl.DataFrame:
    """`V600E`, `R213*`, `E746_A750DEL`, `G606FS*2`; `S310F/Y` is two, `E746_T751>I` a delins."""
    one = (
        col("_name")
        .str.replace(">", "DELINS", literal=True)
        .str.replace(r"^([A-Z]\d+)[A-Z]?FS.*$", "${1}FS")
        .str.replace(r"(DEL|DUP)[A-Z]+$", "${1}")
    )
    inserted = col("_name").str.replace(">", "DELINS", literal=True)
    one = pl.when(inserted.str.contains("INS", literal=True)).then(inserted).otherwise(one)
    change = r"^[A-Z*]\d+(_[A-Z]\d+)?([A-Z*]|DEL|DUP|FS|(DEL)?INS[A-Z*]+)$"
    single = named.with_columns(_one=one).filter(col("_one").str.contains(change))
    several = named.filter(col("_name").str.contains(r"^[A-Z]\d+[A-Z](/[A-Z])+$")).with_columns(
        _stem=col("_name").str.extract(r"^([A-Z]\d+)"),
        _one=col("_name").str.extract(r"^[A-Z]\d+(.+)$").str.split("/"),
    )
    several = several.explode("_one").with_columns(_one=pl.concat_str("_stem", "_one")).drop("_stem")
    return pl.concat([_rows(part, pl.format("protein {}", "_one")) for part in (single, several)])


def _residues(named: pl.DataFrame) -> pl.DataFrame:
    """`V600`; `G12/G13` is two."""
    listed = named.filter(col("_name").str.contains(r"^[A-Z]\d+(/[A-Z]\d+)*$"))
    return _rows(
        listed.with_columns(col("_name").str.split("/")).explode("_name"), pl.format("residue {}", "_name")
    )


def _codings(named: pl.DataFrame) -> pl.DataFrame:
    return _rows(named.drop_nulls("_coding"), pl.format("coding {}", "_coding"))


def _described(named: pl.DataFrame) -> pl.DataFrame:
    """Profiles in words, by profiles.tsv."""
    words = table("profiles").with_row_index("_order")
    lower = named.with_columns(_name=col("variant").str.to_lowercase())
    distinct = lower.select("gene", "_name").unique().drop_nulls()
    read = (
        distinct.join(words, how="cross")
        .filter((col("gene_right") == "*") | (col("gene_right") == col("gene")))
        .filter(_matches_pattern())
        .sort("_order")
        .group_by("gene", "_name")
        .agg(col("asks").first(), col("reason").first())
    )
    found = lower.join(read, on=["gene", "_name"], how="left")
    said = pl.when(col("asks") != "-").then("asks")
    reason = (
        pl.when(col("variant").is_null())
        .then(pl.lit(COMBINATION))
        .when(col("gene").str.contains("::", literal=True))
        .then(pl.lit("fusion or rearrangement"))
        .otherwise(pl.coalesce("reason", pl.lit(NOT_UNDERSTOOD)))
    )
    asked = found.with_columns(_asks=said).with_columns(_reason=pl.when(col("_asks").is_null()).then(reason))
    return _in_exons(asked).select("part", "evidence_id", "gene", "tag", reason="_reason")


def _matches_pattern() -> pl.Expr:
    """Regular expressions differ by row, so each is asked of its own rows."""
    patterns = table("profiles")["pattern"].to_list()
    asked = [(col("pattern") == pattern) & col("_name").str.contains(pattern) for pattern in patterns]
    return pl.any_horizontal(asked)


def _in_exons(asked: pl.DataFrame) -> pl.DataFrame:
    """`exon any` of `exon 1-2 mutation` becomes `exon 1 any` and `exon 2 any`."""
    of_exon = col("_asks").str.starts_with("exon ").fill_null(value=False)
    first = col("_name").str.extract(r"^exon (\d+)").cast(pl.Int32)
    last = pl.coalesce(col("_name").str.extract(r"^exon \d+-(\d+)").cast(pl.Int32), first)
    in_exons = asked.filter(of_exon).with_columns(_exon=pl.int_ranges(first, last + 1)).explode("_exon")
    kind = pl.format("exon {} {}", "_exon", col("_asks").str.strip_prefix("exon "))
    return pl.concat(
        [
            in_exons.with_columns(tag=kind).drop("_exon"),
            asked.filter(~of_exon).with_columns(tag=pl.format("kind {}", "_asks")),
        ]
    )


def tags(rows: pl.DataFrame) -> pl.DataFrame:
    """`_row gene tag`: everything that a profile could ask of each variant.

    Args:
        rows: `_row`, `gene`, `exon`, `consequences` and the keys of `protein.with_keys`.
    """
    kinds = pl.concat_list(
        pl.when(changes_protein()).then(pl.lit("any")),
        pl.when(is_null()).then(pl.lit("null")),
        *(pl.when(has_any(terms("kind", kind))).then(pl.lit(kind)) for kind in _KINDS),
    ).list.drop_nulls()
    exact = rows.select(
        "_row",
        "gene",
        tag=pl.concat_list(
            pl.format("protein {}", "protein_key"),
            pl.format("residue {}", "residue"),
            pl.format("coding {}", "coding_key"),
        ).list.drop_nulls(),
    ).explode("tag")
    described = rows.select("_row", "gene", "exon", _kind=kinds).explode("_kind").drop_nulls("_kind")
    return pl.concat(
        [
            exact,
            described.select("_row", "gene", tag=pl.format("kind {}", "_kind")),
            described.select("_row", "gene", tag=pl.format("exon {} {}", "exon", "_kind")),
        ]
    ).drop_nulls("tag")
