"""Tiers by the guideline's table, at least one row where a rule fires and one where it does not."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from canheal_annotate.civic import matched, read_knowledge
from canheal_annotate.protein import with_keys
from canheal_annotate.rules import document
from canheal_annotate.tiering import otherwise, tiered
from canheal_refdata.bundle import open_bundle
from canheal_refdata.sources.civic import CIVIC

GOLDEN = pl.read_csv(
    Path(__file__).parent / "golden" / "tiering.tsv", separator="\t", infer_schema=False, comment_prefix="#"
)
V600E = with_keys(
    pl.DataFrame(
        {
            "gene": ["BRAF"],
            "exon": [15],
            "consequences": [["missense_variant"]],
            "hgvs_c": ["c.1799T>A"],
            "hgvs_p": ["p.(Val600Glu)"],
        }
    ).with_row_index("_row")
)


def item(evidence_id: int = 1, **said: Any) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(CIVIC.names())
    known = {
        "gene": "BRAF",
        "molecular_profile": "BRAF",
        "therapies": ["Drug"],
        "status": "accepted",
        "rating": 3,
    }
    return empty | known | {"evidence_id": evidence_id} | said


def judged(items: list[dict[str, Any]], code: str | None) -> tuple[str, str | None, str]:
    knowledge = read_knowledge(pl.DataFrame(items, schema=CIVIC))
    evidence = matched(V600E, knowledge, code, open_bundle().oncotree)
    found = tiered(evidence)
    if found.is_empty():
        tier, reason = otherwise()
        return tier, None, reason
    tier, level, reason = found.select("tier", "amp_level", "tier_reason").row(0)
    return tier, level, reason


@pytest.mark.parametrize("row", GOLDEN.to_dicts(), ids=lambda row: row["rule"])
def test_the_tier_is_the_guidelines(row: dict[str, str | None]) -> None:
    said = item(
        variant=row["profile"],
        disease=row["disease"],
        evidence_level=row["level"],
        evidence_type=row["type"],
        direction=row["direction"],
        origin=row["origin"],
    )
    tier, level, _ = judged([said], row["code"])
    assert (tier, level) == (row["tier"], row["amp_level"])


def test_every_rule_of_the_table_decides_some_golden_row() -> None:
    decided = {(row["tier"], row["amp_level"], row["level"]) for row in GOLDEN.iter_rows(named=True)}
    for rule in document("tiering")["rule"]:
        assert (rule["tier"], rule["level"], rule["evidence_level"]) in decided


def test_the_strongest_item_decides_and_is_named_with_its_disease_and_rule() -> None:
    said = {"variant": "V600E", "evidence_type": "Predictive", "direction": "Supports", "origin": "Somatic"}
    melanoma = item(1, disease="Skin Melanoma", evidence_level="A", **said)
    colon = item(2, disease="Colorectal Cancer", evidence_level="B", significance="Resistance", **said)
    tier, level, reason = judged([melanoma, colon], "COAD")
    assert (tier, level) == ("I", "B")
    assert "EID2 (CIViC level B, Predictive: Resistance to Drug in Colorectal Cancer" in reason
    assert "well-powered studies in this tumour type" in reason


def test_an_item_that_is_not_accepted_says_nothing() -> None:
    said = {"variant": "V600E", "evidence_type": "Predictive", "direction": "Supports", "origin": "Somatic"}
    pending = item(disease="Skin Melanoma", evidence_level="A", **said) | {"status": "submitted"}
    assert judged([pending], "SKCM")[0] == "III"
