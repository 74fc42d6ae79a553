"""CIViC's names read as criteria; the rows are written from CIViC's own names and HGVS."""

from pathlib import Path

import polars as pl
import pytest
from canheal_annotate.profiles import NOT_UNDERSTOOD, criteria
from canheal_refdata.bundle import open_bundle

GOLDEN = pl.read_csv(Path(__file__).parent / "golden" / "profiles.tsv", separator="\t", infer_schema=False)


def read(profile: str, gene: str | None = None, variant: str | None = None) -> str:
    names = ("evidence_id", "molecular_profile", "gene", "variant")
    schema = {name: pl.Int32 if name == "evidence_id" else pl.String for name in names}
    asked = criteria(pl.DataFrame([(1, profile, gene, variant)], schema=schema, orient="row"))
    tags = [tag if reason is None else f"! {reason}" for tag, reason in asked.select("tag", "reason").rows()]
    return "; ".join(tags)


@pytest.mark.parametrize(("gene", "variant", "expected"), GOLDEN.rows())
def test_a_profile_asks_what_its_name_says(gene: str, variant: str, expected: str) -> None:
    assert read(f"{gene} {variant}", gene, variant) == expected


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("PIK3CA H1047R OR PIK3CA H1047Y OR PIK3CA H1047L", "protein H1047R; protein H1047Y; protein H1047L"),
        ("PIK3CA Mutation OR PTEN Mutation", "kind any; kind any"),
        ("KRAS G12 OR BRAF Amplification", "residue G12"),
        ("ERBB2 Amplification OR ERBB2 Loss", "! copy number or large deletion"),
        ("BCR::ABL1 Fusion AND ABL1 T315I", "! a combination of variants"),
        ("NOT KRAS G12 OR NRAS Q61", "! a combination of variants"),
        ("(KRAS G12C OR KRAS G12D) AND STK11 Loss", "! a combination of variants"),
    ],
)
def test_of_alternatives_one_is_enough_and_of_a_combination_none(profile: str, expected: str) -> None:
    assert read(profile) == expected


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
