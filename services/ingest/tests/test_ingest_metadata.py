"""What a hospital may say of a sample, and how it is told what it mistyped."""

import json
from pathlib import Path
from typing import Any

import pytest
from canheal_ingest.bed import merged_size_mb
from canheal_ingest.errors import BedRefused, MetadataRefused
from canheal_ingest.metadata import Metadata, StatedConsent, read_document, read_metadata
from canheal_refdata.bundle import open_bundle
from canheal_schemas import Purpose, SampleKind
from hypothesis import given
from hypothesis import strategies as st
from ingest_door import metadata

DEMO = Path(__file__).parents[3] / "cli/src/canheal_cli/demo"
ONCOTREE = open_bundle().oncotree


def read(**more: Any) -> Metadata:
    return read_metadata(json.dumps(metadata(**more)).encode(), ONCOTREE)


def refusals(document: bytes) -> dict[str, tuple[str, str]]:
    with pytest.raises(MetadataRefused) as refused:
        read_metadata(document, ONCOTREE)
    return {error.pointer: (error.found, error.expected) for error in refused.value.errors}


def test_the_demo_samples_metadata_are_accepted() -> None:
    kinds = [read_metadata(path.read_bytes(), ONCOTREE).kind for path in sorted(DEMO.glob("*.json"))]
    assert kinds == [SampleKind.TUMOUR, SampleKind.TUMOUR, SampleKind.GERMLINE]


@pytest.mark.parametrize(
    ("field", "value", "pointer", "expected"),
    [
        ("site", "be uzg", "#/site", "capital letters"),
        ("country", "Belgium", "#/country", "ISO 3166-1"),
        ("pseudonym", "", "#/pseudonym", "at least 1"),
        ("pseudonym", " 4711 ", "#/pseudonym", "without blanks"),
        ("label", "a\nb", "#/label", "printable"),
        ("kind", "tumor", "#/kind", "'tumour' or 'germline'"),
        ("assay", {"type": "wes"}, "#/assay/type", "'panel', 'exome' or 'genome'"),
        ("assay", {"type": "panel", "size_mb": 0}, "#/assay/size_mb", "greater than 0"),
        ("assay", {"type": "panel", "size_mb": 1, "bed": "1\t1\t2"}, "#/assay", "not both"),
        ("assay", {"type": "panel", "size": 1}, "#/assay/size", "size_mb, perhaps"),
        ("build", "hg19", "#/build", "'GRCh37' or 'GRCh38'"),
        ("oncotree_code", "COLON", "#/oncotree_code", "OncoTree"),
        ("sex", "f", "#/sex", "'female', 'male' or 'unknown'"),
        ("age_years", "61", "#/age_years", "integer"),
        ("age_years", 130, "#/age_years", "120"),
        ("purity", 60, "#/purity", "1"),
        ("consent", {"permitted": ["everything"]}, "#/consent/permitted/0", "own-care"),
        ("consent", {"permitted": ["own-care"], "version": 2}, "#/consent/version", "permitted"),
        ("tumour_sample", "T", "#/tumour_sample", "vcf_sample, perhaps"),
        ("zygosity", "T", "#/zygosity", "one of site"),
    ],
)
def test_a_wrong_field_is_named_with_what_was_expected(
    field: str, value: object, pointer: str, expected: str
) -> None:
    told = refusals(json.dumps(metadata(**{field: value})).encode())
    assert list(told) == [pointer]
    assert expected in told[pointer][1]


def test_all_that_is_wrong_is_told_at_once() -> None:
    told = refusals(json.dumps(metadata(kind="x", purity=2) | {"seks": "male"}).encode())
    assert set(told) == {"#/kind", "#/purity", "#/seks"}


def test_a_missing_field_is_named_with_its_meaning() -> None:
    said = metadata()
    del said["pseudonym"], said["kind"]
    told = refusals(json.dumps(said).encode())
    assert told["#/pseudonym"] == (
        "nothing",
        "The hospital's pseudonym of the person: the same for every sample of the person, never a name",
    )
    assert told["#/kind"] == ("nothing", "tumour or germline")


@pytest.mark.parametrize("document", [b"", b"[]", b"{", b"\xff\xfe{}", b'{"site": NaN}', b"[" * 100_000])
def test_what_is_no_json_object_is_refused_in_words(document: bytes) -> None:
    assert refusals(document)


def test_a_field_said_twice_is_refused_since_either_could_be_meant() -> None:
    told = refusals(json.dumps(metadata()).replace("{", '{"pseudonym": "someone",', 1).encode())
    assert told == {"#/pseudonym": ("the field twice", "each field once")}


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"kind": "germline", "purity": 0.5}, "#/purity"),
        ({"kind": "germline", "vcf_normal": "N"}, "#/vcf_normal"),
        ({"vcf_sample": "T", "vcf_normal": "T"}, "#/vcf_normal"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(more: dict[str, Any], pointer: str) -> None:
    assert list(refusals(json.dumps(metadata(**more)).encode())) == [pointer]


def test_a_tumour_type_that_oncotree_renamed_is_kept_by_its_current_code() -> None:
    assert ONCOTREE is not None
    renamed = ONCOTREE.nodes.filter(ONCOTREE.nodes["earlier_codes"].list.len() > 0)
    code, old = renamed.select("code", "earlier_codes").row(0)
    assert read(oncotree_code=old[0]).oncotree_code == ONCOTREE.current(old[0])
    assert ONCOTREE.current(old[0]) == code or old[0] in ONCOTREE


def test_a_name_is_the_same_however_its_letters_are_composed() -> None:
    assert read(pseudonym="Ame\u0301lie").pseudonym == read(pseudonym="Am\u00e9lie").pseudonym


def test_the_purposes_of_a_consent_have_no_order() -> None:
    stated = read_document(StatedConsent, b'{"permitted": ["research", "own-care", "research"]}')
    assert stated.consent.permitted == (Purpose.OWN_CARE, Purpose.RESEARCH)


@pytest.mark.parametrize(
    ("bed", "bases"),
    [
        ("1\t0\t10\n", 10),
        ("track name=x\n#c\n1\t0\t10\textra\n\n1\t5\t20\n", 20),
        ("1\t0\t100\n1\t10\t20\n1\t90\t110\n", 110),
        ("2\t0\t10\n1\t0\t10\n1\t10\t20\n", 30),
        ("1 0 10\r\n2 0 5", 15),
    ],
)
def test_the_size_of_a_bed_counts_each_base_once(bed: str, bases: int) -> None:
    assert merged_size_mb(bed) == pytest.approx(bases / 1e6)


@given(st.lists(st.tuples(st.sampled_from("123"), st.integers(0, 60), st.integers(1, 30)), min_size=1))
def test_the_size_of_any_bed_is_that_of_the_set_of_its_bases(intervals: list[tuple[str, int, int]]) -> None:
    bed = "".join(f"{contig}\t{start}\t{start + length}\n" for contig, start, length in intervals)
    bases = {(contig, p) for contig, start, length in intervals for p in range(start, start + length)}
    assert merged_size_mb(bed) == pytest.approx(len(bases) / 1e6)


@pytest.mark.parametrize(
    ("bed", "line"),
    [
        ("1\t0\t10\n1\t10\t10\n", 2),
        ("1\t0\n", 1),
        ("1\t-4\t3\n", 1),
        ("hello\n", 1),
        ("\n", None),
        ("", None),
    ],
)
def test_a_line_that_is_no_interval_is_refused_by_its_number(bed: str, line: int | None) -> None:
    with pytest.raises(BedRefused) as refused:
        merged_size_mb(bed)
    assert refused.value.line == line


def test_a_bed_that_covers_more_than_a_genome_has_is_refused() -> None:
    with pytest.raises(BedRefused, match="cover 10,000 Mb"):
        merged_size_mb("1\t0\t9999999999\n")
