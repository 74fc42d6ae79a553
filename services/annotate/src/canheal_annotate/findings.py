"""The few reportable variants as `Finding`, the most relevant first."""

from collections.abc import Iterable
from typing import Any, Final

import polars as pl
from canheal_genome.builds import CHROMOSOMES
from canheal_schemas import (
    DiseaseMatch,
    Evidence,
    EvidenceLevel,
    Finding,
    GermlineHint,
    KnownRecord,
    Tier,
    Tiering,
)
from polars import col

from canheal_annotate import known, tiering
from canheal_annotate.civic import SOURCE
from canheal_annotate.consequences import is_null
from canheal_annotate.judgement import Judged
from canheal_annotate.profiles import MATCHES

MOST_EVIDENCE: Final = 6
"""Evidence items that a finding carries; `evidence_total` says how many match."""


def findings(judged: Judged) -> tuple[Finding, ...]:
    """Every reportable variant: by tier and level, then null variants, then by place."""
    rows = judged.rows.filter("reportable")
    evidence = _by_row(_kept(judged.evidence, rows))
    records = _by_row(judged.known)
    return tuple(
        _finding(row, evidence.get(row["_row"], ()), records.get(row["_row"], ()))
        for row in _ordered(rows).iter_rows(named=True)
    )


def _kept(evidence: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Each variant's strongest items, in their order.

    The one that decided the tier and, where there is one, an item of resistance are always among them.
    """
    if evidence.is_empty():
        return evidence
    resists = ((col("significance") == "Resistance") & (col("direction") == "Supports")).fill_null(
        value=False
    )
    first_resistance = resists & (resists.cum_sum().over("_row") == 1)
    must = (col("evidence_id") == col("decided_by")).fill_null(value=False) | first_resistance
    return (
        evidence.join(rows.select("_row", "decided_by"), on="_row", maintain_order="left")
        .with_row_index("_order")
        .with_columns(_must=must)
        .sort("_row", ~col("_must"), "_order")
        .group_by("_row")
        .head(MOST_EVIDENCE)
        .sort("_order")
    )


def _ordered(rows: pl.DataFrame) -> pl.DataFrame:
    place = {contig: number for number, contig in enumerate(CHROMOSOMES)}
    return rows.sort(
        col("tier").fill_null("Z"),
        col("amp_level").fill_null("Z"),
        col("germline_reason").is_null(),
        ~col("pathogenic"),
        ~is_null(),
        col("contig").replace_strict(place, default=len(place)),
        "position",
        "ref",
        "alt",
        "feature_id",
    )


def _by_row(frame: pl.DataFrame) -> dict[int, list[dict[str, Any]]]:
    grouped: dict[int, list[dict[str, Any]]] = {}
    for row in frame.iter_rows(named=True):
        grouped.setdefault(row["_row"], []).append(row)
    return grouped


def _finding(
    row: dict[str, Any], evidence: Iterable[dict[str, Any]], records: Iterable[dict[str, Any]]
) -> Finding:
    return Finding(
        contig=row["contig"],
        position=row["position"],
        ref=row["ref"],
        alt=row["alt"],
        gene=row["gene"],
        transcript=row["transcript"],
        transcript_ensembl=row["transcript_ensembl"],
        consequences=tuple(row["consequences"]),
        hgvs_c=row["hgvs_c"],
        hgvs_p=row["hgvs_p"],
        filter=row["filter"] or ".",
        genotype=row["genotype"],
        vaf=row["vaf"],
        vaf_source=row["vaf_source"],
        depth=row["depth"],
        left_aligned=row["aligned"],
        tiering=_tiering(row),
        germline_hint=_hint(row),
        known=tuple(_record(record) for record in records),
        evidence=tuple(_evidence(item) for item in evidence),
        evidence_total=row["evidence_total"],
    )


def _tiering(row: dict[str, Any]) -> Tiering | None:
    if row["tier"] is None:
        return None
    level = None if row["amp_level"] is None else EvidenceLevel(row["amp_level"])
    return Tiering(tier=Tier(row["tier"]), level=level, rule=tiering.rule_name(), reason=row["tier_reason"])


def _hint(row: dict[str, Any]) -> GermlineHint | None:
    if row["germline_reason"] is None:
        return None
    return GermlineHint(rule=row["germline_rule"], reason=row["germline_reason"])


def _record(row: dict[str, Any]) -> KnownRecord:
    return KnownRecord(
        source=known.SOURCE,
        record_id=row["record_id"],
        classification=row["classification"],
        review_status=row["review_status"] or "no assertion",
        stars=row["stars"],
        conditions=tuple(row["conditions"] or ()),
    )


def _evidence(row: dict[str, Any]) -> Evidence:
    return Evidence(
        source=SOURCE,
        evidence_id=f"EID{row['evidence_id']}",
        profile=row["molecular_profile"],
        disease=row["disease"],
        doid=row["doid"],
        therapies=tuple(row["therapies"]),
        therapy_interaction=row["therapy_interaction"],
        type=row["evidence_type"],
        level=row["evidence_level"],
        direction=row["direction"],
        significance=row["significance"],
        rating=row["rating"],
        match=MATCHES[row["match"]],
        disease_match=DiseaseMatch(row["disease_match"]),
    )
