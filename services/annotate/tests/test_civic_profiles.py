"""CIViC's names read as criteria; the rows are written from CIViC's own names and HGVS."""

from pathlib import Path

import polars as pl
import pytest
from canheal_annotate.profiles import NOT_UNDERSTOOD, criteria
from canheal_refdata.bundle import open_bundle

GOLDEN = pl.read_csv(Path(__file__).parent / "golden" / "profiles.tsv", separator="\t", infer_schema=False)


@pytest.mark.parametrize(("gene", "variant", "expected"), GOLDEN.rows())
def test_a_profile_asks_what_its_name_says(gene: str | None, variant: str | None, expected: str) -> None:
    evidence = pl.DataFrame(
        [(1, gene, variant)],
        schema={"evidence_id": pl.Int32, "gene": pl.String, "variant": pl.String},
        orient="row",
    )
    asked = criteria(evidence)
    tags = [tag if reason is None else f"! {reason}" for tag, reason in asked.select("tag", "reason").rows()]
    assert "; ".join(tags) == expected


def test_every_item_of_the_bundle_has_a_criterion_or_a_reason_and_few_are_not_understood() -> None:
    civic = open_bundle().civic
    assert civic is not None
    asked = criteria(civic)
    assert set(asked["evidence_id"]) == set(civic["evidence_id"])
    assert asked.select((pl.col("tag").is_null() ^ pl.col("reason").is_null()).all()).item()
    both = asked.group_by("evidence_id").agg(pl.col("tag").is_null().n_unique().alias("sorts"))
    assert both["sorts"].max() == 1
    assert asked.filter(pl.col("reason") == NOT_UNDERSTOOD).height < 25
    assert asked.drop_nulls("tag")["evidence_id"].n_unique() > 2_500
