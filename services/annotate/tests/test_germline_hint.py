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
    ).with_columns(normal_genotype=pl.lit(None, pl.String), pathogenic=pl.lit(value=False))
    reason = with_germline_hint(rows)["germline_reason"].item()
    assert (reason is not None) == (flagged == "yes")
    if reason is not None:
        assert gene in reason
        assert consequence in reason
        assert "30 %" in reason


@pytest.mark.parametrize(
    ("gene", "consequence", "pathogenic", "flagged"),
    [
        ("BRCA1", "stop_gained", False, True),
        ("TP53", "missense_variant", True, True),
        ("BRCA1", "missense_variant", False, False),
        ("TP53", "stop_gained", False, False),
        ("KRAS", "missense_variant", False, False),
    ],
)
def test_what_the_matched_normal_has_is_hinted_only_where_it_would_matter(
    gene: str, consequence: str, pathogenic: bool, flagged: bool
) -> None:
    rows = pl.DataFrame(
        {
            "gene": [gene],
            "consequences": [[consequence]],
            "vaf": [0.5],
            "normal_genotype": ["0/1"],
            "pathogenic": [pathogenic],
        }
    )
    rule, reason = with_germline_hint(rows).select("germline_rule", "germline_reason").row(0)
    if flagged:
        assert rule == "genotype of the matched normal"
        assert reason.startswith("also in the matched normal: germline, or clonal haematopoiesis")
        assert "genotype 0/1" in reason
    else:
        assert rule is None
        assert reason is None
