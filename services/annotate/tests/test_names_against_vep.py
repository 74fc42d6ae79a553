"""Our names on MC3: nothing unexplained, few rows on another coding sequence, the page as the data say."""

from pathlib import Path

import polars as pl
import pytest
from canheal_annotate.judgement import Judged
from canheal_schemas import SampleContext

import names_against_vep as names


@pytest.fixture(scope="module")
def rows(shared_data: Path) -> pl.DataFrame:
    return names.compared(shared_data)


def test_no_name_differs_from_veps_unexplained(rows: pl.DataFrame) -> None:
    unexplained = rows.filter(pl.col("class") == names.UNEXPLAINED)
    assert unexplained.select("Hugo_Symbol", "HGVSc", "hgvs_c", "HGVSp_Short", "hgvs_p").rows() == []
    assert rows.height == 1_773


def test_at_most_one_row_in_twenty_is_on_another_coding_sequence(rows: pl.DataFrame) -> None:
    assert (rows["class"] == names.OTHER_CDS).sum() / rows.height <= 0.05


def test_a_wrong_name_would_be_found(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = names.judge

    def off_by_one(alleles: pl.DataFrame, context: SampleContext, bundle: Path | None) -> Judged:
        judged = judge(alleles, context, bundle)
        wrong = judged.rows.with_columns(pl.col("hgvs_c").str.replace(r"^c\.1799T>A$", "c.1800T>A"))
        return Judged(wrong, judged.evidence, judged.known)

    monkeypatch.setattr(names, "judge", off_by_one)
    found = names.compared(shared_data).filter(pl.col("class") == names.UNEXPLAINED)
    assert set(found["hgvs_c"]) == {"c.1800T>A"}


def test_the_page_is_what_the_data_say(rows: pl.DataFrame) -> None:
    assert names.PAGE.read_text(encoding="utf-8") == names.page(rows)
