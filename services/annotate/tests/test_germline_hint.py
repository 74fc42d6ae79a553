"""When a tumour's variant is flagged as possibly germline."""

from pathlib import Path

import polars as pl
import pytest
from canheal_annotate.germline import with_germline_hint

GOLDEN = pl.read_csv(
    Path(__file__).parent / "golden" / "germline.tsv", separator="\t", infer_schema=False, comment_prefix="#"
)


@pytest.mark.parametrize(("gene", "consequence", "vaf", "flagged"), GOLDEN.rows())
def test_a_null_variant_of_brca_at_thirty_percent_is_flagged_and_nothing_else(
    gene: str, consequence: str, vaf: str | None, flagged: str
) -> None:
    rows = pl.DataFrame(
        {"gene": [gene], "consequences": [[consequence]], "vaf": [None if vaf is None else float(vaf)]},
        schema_overrides={"vaf": pl.Float64},
    ).with_columns(normal_genotype=pl.lit(None, pl.String))
    reason = with_germline_hint(rows)["germline_reason"].item()
    assert (reason is not None) == (flagged == "yes")
    if reason is not None:
        assert gene in reason
        assert consequence in reason
        assert "30 %" in reason


def test_what_the_matched_normal_carries_is_said_by_that_rule_first() -> None:
    rows = pl.DataFrame(
        {
            "gene": ["BRCA1", "KRAS"],
            "consequences": [["stop_gained"], ["missense_variant"]],
            "vaf": [0.5, 0.1],
        }
    ).with_columns(normal_genotype=pl.lit("0/1"))
    hinted = with_germline_hint(rows)
    assert hinted["germline_rule"].to_list() == ["genotype of the matched normal"] * 2
    assert hinted["germline_reason"].to_list() == ["the matched normal carries it: genotype 0/1"] * 2
