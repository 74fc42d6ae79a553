"""A country's rule is sourced or strict."""

import re

import pytest
from canheal_refdata.country import CARE_RECORD, ConsentDefault, countries, country, read_country
from canheal_refdata.errors import CountryRefused
from canheal_schemas import Purpose

EU = tuple(re.findall("..", "ATBEBGCYCZDEDKEEESFIFRGRHRHUIEITLTLULVMTNLPLPTROSESISK"))
STRICT = 'iso2 = "ZZ"\nname = "Nowhere"\nas_of = 2026-01-01\n'
SOURCE = """
[[sources]]
about = "{about}"
statement = "It is so."
law = "Law, art. 1"
url = "https://law.example/1"
seen_at = 2026-01-01
"""


def test_every_state_of_the_union_has_its_file_and_none_claims_a_review() -> None:
    assert sorted(countries()) == sorted(EU)
    assert not any(rules.reviewed for rules in countries().values())


@pytest.mark.parametrize("iso2", EU)
def test_what_departs_from_the_strict_rule_names_its_law_and_where_it_was_read(iso2: str) -> None:
    rules = country(iso2)
    assert set(rules.consent_default) == set(Purpose)
    for purpose in rules.permitted_by_default:
        source = rules.source(purpose)
        assert source is not None
        assert source.law
    if rules.care_record_kept:
        kept = rules.source(CARE_RECORD)
        assert kept is not None
        assert kept.law


def test_a_country_without_a_file_is_strict_and_says_so() -> None:
    rules = country("ZZ")
    assert rules.permitted_by_default == ()
    assert (rules.care_record_kept, rules.care_record_years) == (False, None)
    assert rules.basis == "default ZZ 2026-11-24"
    assert set(rules.consent_default.values()) == {ConsentDefault.OPT_IN}


def test_known_laws_are_in_their_files() -> None:
    assert [country(iso2).care_record_years for iso2 in ("BE", "DE", "FR", "IT")] == [30, 10, 20, None]
    assert country("IT").care_record_kept
    assert country("FR").permitted_by_default == (Purpose.RESEARCH,)


def test_a_purpose_is_opt_out_only_with_a_source_about_it() -> None:
    lenient = STRICT + '[consent_default]\nresearch = "opt-out"\n'
    with pytest.raises(CountryRefused, match="no source for research"):
        read_country(lenient + SOURCE.format(about="recontact"), "zz.toml")
    rules = read_country(lenient + SOURCE.format(about="research"), "zz.toml")
    assert rules.permitted_by_default == (Purpose.RESEARCH,)


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        ("care_record_kept = true\n", "no source for care-record"),
        ("care_record_years = 5\n", "without care_record_kept"),
        ("surprise = 1\n", "surprise"),
        ('[consent_default]\nmarketing = "opt-out"\n', "marketing"),
        ("= nothing", "countries/zz.toml"),
    ],
    ids=["kept-unsourced", "years-alone", "unknown-field", "unknown-purpose", "no-toml"],
)
def test_a_file_that_says_what_cannot_be_is_refused_by_name(spoilt: str, why: str) -> None:
    with pytest.raises(CountryRefused, match=why):
        read_country(STRICT + spoilt, "zz.toml")


def test_a_file_under_another_countrys_name_is_refused() -> None:
    with pytest.raises(CountryRefused, match=r"must be zz\.toml"):
        read_country(STRICT, "be.toml")
