from canheal_refdata.bundle import open_bundle
from canheal_report.knowledge import Knowledge, knowledge_of


def test_the_demo_bundle_names_tumour_types_and_its_own_sources() -> None:
    known = knowledge_of(None)
    assert known.tumour_name("COAD") == "Colon Adenocarcinoma"
    assert known.tumour_name("NONSENSE") is None
    assert {"CIViC"} <= {source.name.split()[0] for source in known.sources(open_bundle().version)}
    assert known.sources("another+000000000000") == ()


def test_without_a_bundle_nothing_is_guessed() -> None:
    assert Knowledge().tumour_name("COAD") is None
    assert Knowledge().sources("x") == ()
