import json
from pathlib import Path

import pytest
from canheal_cli.errors import MetadataError
from canheal_cli.metadata import metadata_for, split_words


def test_files_and_metadata_options_are_told_apart() -> None:
    files, options = split_words(["a.vcf.gz", "--kind", "tumour", "b.vcf", "--oncotree=COAD"])
    assert files == [Path("a.vcf.gz"), Path("b.vcf")]
    assert options == {"kind": "tumour", "oncotree": "COAD"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["a.vcf", "--knid", "tumour"], "No such option: --knid"),
        (["a.vcf", "--age"], "--age needs a value: age at sampling in completed years"),
    ],
)
def test_a_wrong_option_is_named(words: list[str], says: str) -> None:
    with pytest.raises(MetadataError, match=says):
        split_words(words)


def test_a_value_that_is_no_number_is_named_with_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(MetadataError, match="--age forty: expected age at sampling in completed years"):
        metadata_for(tmp_path / "a.vcf", None, {"age": "forty"})


def test_options_correct_the_file_beside_the_vcf_and_the_label_is_the_files_name(tmp_path: Path) -> None:
    said = {"kind": "tumour", "assay": {"type": "panel"}, "age_years": 60}
    (tmp_path / "T1.json").write_text(json.dumps(said))
    options = {"size-mb": "1.2", "age": "61", "permit": "own-care, research"}
    assert metadata_for(tmp_path / "T1.vcf.gz", None, options) == {
        "label": "T1",
        "kind": "tumour",
        "assay": {"type": "panel", "size_mb": 1.2},
        "age_years": 61,
        "consent": {"permitted": ["own-care", "research"]},
    }


def test_a_named_metadata_file_goes_before_the_one_beside_the_vcf(tmp_path: Path) -> None:
    (tmp_path / "T1.json").write_text('{"kind": "tumour"}')
    (tmp_path / "other.json").write_text('{"kind": "germline", "label": "L"}')
    document = metadata_for(tmp_path / "T1.vcf", tmp_path / "other.json", {})
    assert document == {"kind": "germline", "label": "L"}


@pytest.mark.parametrize(("text", "says"), [("{", "is not JSON"), ("[]", "an object is expected")])
def test_an_unreadable_metadata_file_is_named(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(MetadataError, match=f"m.json.*{says}"):
        metadata_for(tmp_path / "a.vcf", tmp_path / "m.json", {})
