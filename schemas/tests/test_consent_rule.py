"""The one rule on consent, with time and with the conditions of the Data Use Ontology."""

import csv
import re
import tomllib
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from typing import Any

import pytest
from canheal_schemas import Consent, ConsentState, DataUse, DuoCondition, LimitedPermission, Purpose
from canheal_schemas.duo import RULES, allows, refusals, terms
from canheal_schemas.purposes import MII_POLICIES, mii_policies, purposes
from pydantic import ValidationError

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
RESEARCH, CARE = Purpose.RESEARCH, Purpose.OWN_CARE
GRU, HMB, DS, NPU = (DuoCondition(code=f"DUO:00000{n}") for n in ("42", "06", "07", "45"))
MELANOMA = DuoCondition(code=DS.code, value="MONDO:0005105")


def limited(**limits: Any) -> Consent:
    return Consent.of((CARE,), (LimitedPermission(purpose=RESEARCH, **limits),))


def test_a_permission_ends_after_its_last_moment_and_begins_at_its_first() -> None:
    consent = limited(valid_from=NOON, valid_until=NOON + timedelta(hours=1))
    answers = [consent.at(NOON + timedelta(minutes=minutes)).permits(RESEARCH) for minutes in (-1, 0, 60, 61)]
    assert answers == [False, True, True, False]
    assert consent.at(NOON + timedelta(days=9)).permits(CARE)


def test_what_is_limited_in_time_is_refused_until_the_moment_is_said() -> None:
    assert not limited(valid_until=NOON + timedelta(days=1)).permits(RESEARCH)
    assert not limited(valid_until=NOON + timedelta(days=1), conditions=(GRU,)).permits(
        RESEARCH, DataUse(health=True)
    )


def test_an_hour_of_another_time_zone_is_the_same_moment() -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5)))
    assert limited(valid_until=elsewhere) == limited(valid_until=NOON)


def test_a_reader_that_knows_nothing_of_limits_refuses() -> None:
    wire = limited(valid_until=NOON, conditions=(GRU,)).model_dump(mode="json")
    assert wire.pop("limited")
    assert not Consent.model_validate(wire).permits(RESEARCH)


def test_a_limit_without_a_limit_is_a_permission() -> None:
    assert limited() == Consent(permitted=(CARE, RESEARCH))


def test_an_erased_subject_permits_nothing_whatever_the_limits_say() -> None:
    consent = limited(valid_from=NOON).model_copy(update={"state": ConsentState.ERASED})
    assert not any(consent.at(NOON).permits(purpose, DataUse()) for purpose in Purpose)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"permitted": ["research"], "limited": [{"purpose": "research"}]}, "either permitted or limited"),
        ({"permitted": [], "limited": [{"purpose": "research"}] * 2}, "more than once"),
        (
            {"permitted": [], "limited": [{"purpose": "own-care", "conditions": [{"code": GRU.code}]}]},
            "for research, not for own-care",
        ),
        (
            {
                "permitted": [],
                "limited": [
                    {
                        "purpose": "research",
                        "valid_from": "2026-01-02T00:00:00Z",
                        "valid_until": "2026-01-01T00:00:00Z",
                    }
                ],
            },
            "valid_from lies after",
        ),
        (
            {
                "permitted": [],
                "limited": [{"purpose": "research", "valid_from": "0001-01-01T00:00:00+14:00"}],
            },
            "no moment of the years",
        ),
    ],
    ids=["both", "twice", "care-conditioned", "backwards", "before-the-year-1"],
)
def test_a_consent_that_contradicts_itself_is_refused(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Consent.model_validate(said)


@pytest.mark.parametrize(
    ("conditions", "use", "allowed"),
    [
        ((GRU,), DataUse(), True),
        ((HMB,), DataUse(), False),
        ((HMB,), DataUse(health=True), True),
        ((HMB,), DataUse(health=True, ancestry=True), False),
        ((MELANOMA,), DataUse(health=True), False),
        ((MELANOMA,), DataUse(disease="MONDO:0005105"), True),
        ((MELANOMA,), DataUse(disease="MONDO:0007254"), False),
        ((DS,), DataUse(disease=None), False),
        ((GRU, NPU), DataUse(), False),
        ((GRU, NPU), DataUse(for_profit=False), True),
        ((GRU, DuoCondition(code="DUO:0000018")), DataUse(for_profit=False), False),
        ((GRU, DuoCondition(code="DUO:0000018")), DataUse(for_profit=False, commercial=False), True),
        ((GRU, DuoCondition(code="DUO:0000046")), DataUse(for_profit=True, commercial=False), True),
        ((GRU, DuoCondition(code="DUO:0000021")), DataUse(), False),
        ((GRU, DuoCondition(code="DUO:0000021")), DataUse(ethics_approval=True), True),
        ((GRU, DuoCondition(code="DUO:0000022", value="BE,NL")), DataUse(country="NL"), True),
        ((GRU, DuoCondition(code="DUO:0000022", value="BE,NL")), DataUse(country="FR"), False),
        ((GRU, DuoCondition(code="DUO:0000022", value="BE,NL")), DataUse(), False),
        ((GRU, DuoCondition(code="DUO:0000015")), DataUse(methods=True), False),
        ((GRU, DuoCondition(code="DUO:0000016")), DataUse(genetic=True), True),
        ((GRU, DuoCondition(code="DUO:0000044")), DataUse(ancestry=True), False),
        ((DuoCondition(code="DUO:0000011"),), DataUse(ancestry=True), True),
        ((DuoCondition(code="DUO:0000011"),), DataUse(health=True), False),
        ((DuoCondition(code="DUO:0000004"),), DataUse(), True),
        ((NPU,), DataUse(for_profit=False), False),
        ((GRU, DuoCondition(code="DUO:0000026")), DataUse(for_profit=False, commercial=False), False),
        ((GRU, DuoCondition(code="DUO:9999999")), DataUse(for_profit=False, commercial=False), False),
        ((), DataUse(), False),
    ],
)
def test_a_use_is_allowed_when_every_condition_holds(
    conditions: tuple[DuoCondition, ...], use: DataUse, allowed: bool
) -> None:
    assert allows(conditions, use) is allowed
    if conditions:
        assert limited(conditions=conditions).at(NOON).permits(RESEARCH, use) is allowed
        assert not limited(conditions=conditions).at(NOON).permits(RESEARCH), "a use that is not said"


@pytest.mark.parametrize(
    ("conditions", "why"),
    [
        ((GRU, DuoCondition(code="DUO:9999999")), "DUO:9999999 is no term"),
        ((GRU, DuoCondition(code="DUO:0000026")), r"DUO:0000026 \(user specific restriction\) cannot be"),
        ((DS,), "needs its disease"),
        ((DuoCondition(code="DUO:0000042", value="x"),), "takes no value"),
        ((NPU,), "exactly one is a data use permission.*here: none"),
        ((GRU, HMB), "exactly one.*DUO:0000042, DUO:0000006"),
    ],
    ids=["unknown", "unchecked", "no-disease", "value", "no-permission", "two-permissions"],
)
def test_conditions_that_cannot_be_kept_are_refused_by_name(
    conditions: tuple[DuoCondition, ...], why: str
) -> None:
    assert any(re.search(why, reason) for reason in refusals(conditions))
    assert refusals((GRU, NPU)) == []


def test_the_terms_that_can_be_checked_are_those_with_a_rule() -> None:
    assert {code for code, term in terms().items() if term.checked} == set(RULES)


def test_the_terms_are_the_ontologys_own(test_data: Any) -> None:
    published = csv.DictReader((test_data / "consent/duo.csv").read_text("utf-8").splitlines())
    assert {(row["id"], row["label"]) for row in published} == {
        (term.code, term.label) for term in terms().values()
    }


def test_every_purpose_has_its_row_and_every_code_in_it_exists() -> None:
    table = tomllib.loads(files("canheal_schemas").joinpath("purposes.toml").read_text("utf-8"))
    assert set(table["purpose"]) == set(Purpose)
    numbers = {policy.number for policy in mii_policies().values()}
    for entry in purposes().values():
        assert entry.meaning
        assert entry.gdpr.startswith("Art. ")
        assert set(entry.duo) <= set(terms())
        assert set(entry.mii) <= numbers


def test_a_module_permits_nothing_but_its_deny_forbids_all_that_its_policies_permit() -> None:
    of = {policy.number: policy for policy in mii_policies().values()}
    assert (of["1"].permits, of["8"].permits) == (frozenset(), {RESEARCH})
    assert of["1"].denies == {RESEARCH, Purpose.RECONTACT}
    assert of["30"].denies == {Purpose.RECONTACT}
    assert of["19"].denies == frozenset()
    assert all(code.startswith(MII_POLICIES.removeprefix("urn:oid:")) for code in mii_policies())
