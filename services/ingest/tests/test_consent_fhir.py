"""FHIR Consent in and out: never more is permitted than the document says."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.parsers.expat import ParserCreate

import pytest
from canheal_ingest.consent_from_fhir import Reading, consent_from_fhir
from canheal_ingest.consent_to_fhir import consent_to_fhir
from canheal_ingest.errors import ConsentRefused, MetadataRefused
from canheal_ingest.fhir_consent import CONDITION, DUO, PURPOSES, FhirConsent
from canheal_ingest.metadata import read_document
from canheal_schemas import Consent, DataUse, DuoCondition, LimitedPermission, Purpose
from canheal_schemas.duo import terms
from canheal_schemas.purposes import ACT_REASON, MII_POLICIES, mii_policies
from hypothesis import given
from hypothesis import strategies as st

type Json = dict[str, Any]

SUBJECT = "9f2c" * 16
OID = MII_POLICIES.removeprefix("urn:oid:")
LISTS = {"coding", "category", "extension", "policy", "provision", "code"}
RESEARCH, CARE, RECONTACT = Purpose.RESEARCH, Purpose.OWN_CARE, Purpose.RECONTACT


def json_of(xml: str) -> Json:
    """A FHIR resource in XML as FHIR's JSON: attributes `value` are values, elements of LISTS lists."""
    stack: list[Json] = [{}]

    def start(name: str, attributes: dict[str, str]) -> None:
        about = {key: value for key, value in attributes.items() if key not in {"value", "xmlns"}}
        element: Json = about | ({"value": attributes["value"]} if "value" in attributes else {})
        stack.append(element)

    def end(name: str) -> None:
        element = stack.pop()
        value = element["value"] if set(element) == {"value"} else element
        plain = name == "code" and isinstance(value, str)
        if name in LISTS and not plain and not (name == "provision" and len(stack) == 2):
            stack[-1].setdefault(name, []).append(value)
        else:
            stack[-1][name] = value

    parser = ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(xml, True)
    [(kind, resource)] = stack[0].items()
    return {"resourceType": kind} | resource


def read(document: Json) -> Reading:
    return consent_from_fhir(read_document(FhirConsent, json.dumps(document).encode()))


def consent(*provisions: Json, **more: Json | str) -> Json:
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"code": "research"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "57016-8"}]}],
        "provision": {"type": "deny", "provision": list(provisions)},
    } | more


def rule(kind: str, *numbers: str | Purpose, **more: Any) -> Json:
    codes = [
        {"system": PURPOSES, "code": number}
        if number in set(Purpose)
        else {"system": MII_POLICIES, "code": f"{OID}.{number}"}
        for number in numbers
    ]
    return {"type": kind, "code": [{"coding": [code]} for code in codes]} | more


@pytest.mark.parametrize("name", ["Einwilligung", "Einwilligung_2"])
def test_the_german_examples_permit_research_for_thirty_years_and_nothing_else(
    test_data: Path, name: str
) -> None:
    document = json_of((test_data / f"consent/Example_MII_Consent_{name}.xml").read_text("utf-8"))
    found = read(document)
    [research] = found.consent.limited
    assert found.consent.permitted == ()
    assert (research.purpose, research.valid_from, research.valid_until) == (
        RESEARCH,
        datetime(2020, 9, 1, tzinfo=UTC),
        datetime(2050, 8, 31, 23, 59, 59, tzinfo=UTC),
    )
    assert found.not_understood == ()
    assert [place.split(" (")[1] for place in found.without_use][:2] == [
        "MDAT erheben)",
        "MDAT speichern, verarbeiten)",
    ]
    use = DataUse(health=True, country="DE")
    during, after = datetime(2030, 1, 1, tzinfo=UTC), datetime(2050, 9, 1, tzinfo=UTC)
    assert found.consent.at(during).permits(RESEARCH, use)
    assert not found.consent.at(during).permits(RESEARCH, DataUse(health=True, country="US"))
    assert not found.consent.at(after).permits(RESEARCH, use)
    assert not any(found.consent.at(during).permits(p, use) for p in set(Purpose) - {RESEARCH})


@pytest.mark.parametrize("status", ["inactive", "rejected", "entered-in-error"])
def test_a_withdrawn_consent_permits_nothing_whatever_its_provisions_say(status: str) -> None:
    assert read(consent(rule("permit", CARE), status=status)).consent == Consent(permitted=())


def test_a_deny_beside_a_permit_wins_and_a_denied_module_denies_its_policies() -> None:
    both = consent(rule("permit", CARE, RESEARCH, RECONTACT), rule("deny", RESEARCH))
    assert read(both).consent.permitted == (CARE, RECONTACT)
    module = consent(rule("permit", CARE, "8", "31"), rule("deny", "1"))
    assert read(module).consent == Consent(permitted=(CARE,))


def test_an_exception_is_taken_out_of_its_permit_and_an_exception_to_it_comes_back() -> None:
    nested = rule("permit", CARE, RESEARCH, RECONTACT)
    nested["provision"] = [rule("deny", RESEARCH, RECONTACT) | {"provision": [rule("permit", RECONTACT)]}]
    assert read(consent(nested)).consent.permitted == (CARE, RECONTACT)
    nested["provision"] = [{"type": "deny"}]
    assert read(consent(nested)).consent == Consent(permitted=())


def test_periods_around_a_permit_bound_it() -> None:
    document = consent(rule("permit", CARE, period={"start": "2020", "end": "2040-02"}))
    document["provision"]["period"] = {"start": "2024-03-01", "end": "2050-01-01T12:00:00+02:00"}
    [care] = read(document).consent.limited
    assert care.valid_from == datetime(2024, 3, 1, tzinfo=UTC)
    assert care.valid_until == datetime(2040, 2, 29, 23, 59, 59, tzinfo=UTC)
    document["provision"]["provision"][0]["period"] = {"end": "2020"}
    found = read(document)
    assert found.consent == Consent(permitted=())
    assert "never in force" in found.not_understood[0]


def test_what_is_not_understood_is_named_and_permits_nothing() -> None:
    unknown = {"coding": [{"system": "urn:elsewhere", "code": "all"}]}
    document = consent(
        {"type": "permit", "code": [unknown, {"text": "alles"}]}, rule("permit", CARE, "1", "19")
    )
    found = read(document)
    assert found.consent == Consent(permitted=(CARE,))
    assert found.not_understood == (
        "#/provision/provision/0/code/0: urn:elsewhere|all",
        "#/provision/provision/0/code/1: no coding",
    )
    assert [one.split(": ")[0] for one in found.without_use] == [
        "#/provision/provision/1/code/1",
        "#/provision/provision/1/code/2",
    ]


def test_a_reason_of_hl7_names_a_purpose() -> None:
    treat = {"type": "permit", "purpose": [{"system": ACT_REASON, "code": "TREAT"}]}
    other = {"type": "permit", "purpose": [{"system": ACT_REASON, "code": "HPAYMT"}]}
    found = read(consent(treat, other))
    assert found.consent == Consent(permitted=(CARE,))
    assert found.not_understood == (f"#/provision/provision/1/purpose/0: {ACT_REASON}|HPAYMT",)


NARROW = [
    ("actor", [{"role": {"text": "Klinik"}, "reference": {"reference": "Organization/1"}}]),
    ("action", [{"coding": [{"code": "disclose"}]}]),
    ("securityLabel", [{"code": "N"}]),
    ("class", [{"code": "Observation"}]),
    ("dataPeriod", {"end": "2020"}),
    ("data", [{"meaning": "instance", "reference": {"reference": "Observation/1"}}]),
]


@pytest.mark.parametrize(("name", "value"), NARROW, ids=[name for name, _ in NARROW])
def test_a_permit_with_a_restriction_that_is_not_understood_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ConsentRefused, match=f"#/provision/provision/0/{name}: found a restriction"):
        read(consent(rule("permit", CARE, **{name: value})))


@pytest.mark.parametrize(("name", "value"), NARROW, ids=[name for name, _ in NARROW])
def test_a_restricted_deny_is_read_as_a_deny_without_it_and_says_so(name: str, value: Any) -> None:
    found = read(consent(rule("permit", CARE, RESEARCH), rule("deny", RESEARCH, **{name: value})))
    assert found.consent == Consent(permitted=(CARE,))
    assert found.not_understood == (f"#/provision/provision/1/{name}: read as a deny without it",)


def test_a_restriction_around_permits_is_refused() -> None:
    document = consent(rule("permit", CARE))
    document["provision"]["actor"] = NARROW[0][1]
    with pytest.raises(ConsentRefused, match="#/provision/actor"):
        read(document)


REFUSED: dict[str, tuple[Json, str]] = {
    "draft": (consent(status="draft"), "#/status: found draft"),
    "no-provision": ({k: v for k, v in consent().items() if k != "provision"}, "without them nothing says"),
    "permit-all": (consent(provision={"type": "permit"}), "a permit without a code"),
    "root-untyped": (consent(provision={"code": [{"coding": []}]}), "#/provision/type: found nothing"),
    "child-untyped": (consent({"code": rule("permit", CARE)["code"]}), "0/type: found nothing"),
    "permit-in-permit": (
        consent(rule("permit", CARE) | {"provision": [rule("permit", RESEARCH)]}),
        "a permit within a permit",
    ),
    "unknown-deny": (
        consent(rule("permit", CARE), {"type": "deny", "code": [{"coding": [{"code": "x"}]}]}),
        r"a deny of \|x",
    ),
    "code-and-purpose": (
        consent(rule("permit", CARE, purpose=[{"system": ACT_REASON, "code": "TREAT"}])),
        "a restriction of the codes",
    ),
    "two-permits": (
        consent(rule("permit", CARE), rule("permit", CARE, period={"end": "2030"})),
        "two different permits of own-care",
    ),
    "two-meanings": (
        consent(
            {
                "type": "permit",
                "code": [
                    {
                        "coding": [
                            {"system": PURPOSES, "code": "research"},
                            {"system": PURPOSES, "code": "recontact"},
                        ]
                    }
                ],
            }
        ),
        "codings of one meaning",
    ),
}


@pytest.mark.parametrize(("document", "why"), REFUSED.values(), ids=list(REFUSED))
def test_a_document_that_would_permit_more_than_is_understood_is_refused(document: Json, why: str) -> None:
    with pytest.raises(ConsentRefused, match=why):
        read(document)


MALFORMED: dict[str, tuple[Json, str]] = {
    "status": (consent(status="activ"), "#/status"),
    "another-resource": (consent(resourceType="Patient"), "#/resourceType"),
    "unknown-element": (consent(permit="all"), "#/permit"),
    "implicit-rules": (consent(implicitRules="http://elsewhere"), "#/implicitRules"),
    "modifier-of-the-whole": (consent(modifierExtension=[{"url": "x"}]), "#/modifierExtension"),
    "modifier-of-a-rule": (
        consent(rule("permit", CARE, modifierExtension=[{"url": "urn:not-ours"}])),
        "urn:not-ours is not understood",
    ),
    "period": (consent(rule("permit", CARE, period={"end": "31.08.2050"})), "period/end"),
    "no-such-day": (consent(rule("permit", CARE, period={"end": "2050-02-30"})), "period"),
    "no-such-month": (consent(rule("permit", CARE, period={"end": "2050-00"})), "period/end"),
    "year-0": (consent(rule("permit", CARE, period={"start": "0000"})), "period"),
    "beyond-the-years": (
        consent(rule("permit", CARE, period={"start": "0001-01-01T00:00:00+14:00"})),
        "no moment of the years",
    ),
    "no-time-zone": (
        consent(rule("permit", CARE, period={"end": "2050-02-03T10:00:00"})),
        "needs its time zone",
    ),
    "backwards": (consent(rule("permit", CARE, period={"start": "2031", "end": "2030"})), "start lies after"),
    "no-scope": ({k: v for k, v in consent().items() if k != "scope"}, "#/scope"),
}


@pytest.mark.parametrize(("document", "why"), MALFORMED.values(), ids=list(MALFORMED))
def test_a_document_that_is_no_consent_of_fhir_is_refused_at_its_place(document: Json, why: str) -> None:
    with pytest.raises(MetadataRefused, match=why):
        read(document)


def test_extensions_of_primitives_and_of_elements_are_passed_over() -> None:
    document = consent(
        rule("permit", CARE), _status={"id": "a"}, extension=[{"url": "x", "valueString": "y"}]
    )
    assert read(document).consent == Consent(permitted=(CARE,))


def condition(code: str, value: str | None = None) -> Json:
    parts: list[Json] = [{"url": "term", "valueCoding": {"system": DUO, "code": code}}]
    return {
        "url": CONDITION,
        "extension": parts + ([{"url": "value", "valueString": value}] if value else []),
    }


def test_a_condition_of_duo_binds_research_and_an_unknown_one_is_refused_by_name() -> None:
    on_melanoma = rule("permit", RESEARCH, modifierExtension=[condition("DUO:0000007", "MONDO:0005105")])
    [research] = read(consent(on_melanoma)).consent.limited
    assert research.conditions == (DuoCondition(code="DUO:0000007", value="MONDO:0005105"),)
    unknown = rule("permit", RESEARCH, modifierExtension=[condition("DUO:0000042"), condition("DUO:7777777")])
    with pytest.raises(ConsentRefused, match="DUO:7777777 is no term"):
        read(consent(unknown))
    with pytest.raises(ConsentRefused, match="conditions on another purpose"):
        read(consent(rule("permit", CARE, modifierExtension=[condition("DUO:0000042")])))
    with pytest.raises(ConsentRefused, match="a condition on a deny"):
        read(consent(rule("deny", RESEARCH, modifierExtension=[condition("DUO:0000042")])))


def test_a_permit_deep_inside_never_sheds_the_conditions_around_it() -> None:
    inner = rule("deny", RESEARCH) | {"provision": [rule("permit", RESEARCH, CARE)]}
    outer = rule("permit", RESEARCH, modifierExtension=[condition("DUO:0000007", "MONDO:0005105")])
    found = read(consent(outer | {"provision": [inner]}))
    assert found.consent == Consent(permitted=())
    assert len(found.not_understood) == 2


MOMENTS = st.none() | st.datetimes(timezones=st.just(UTC))
CHECKED = [term for term in terms().values() if term.checked]
MODIFIERS = st.lists(st.sampled_from([t for t in CHECKED if t.kind == "modifier"]), unique=True, max_size=4)


@st.composite
def conditions(draw: st.DrawFn) -> tuple[DuoCondition, ...]:
    permission = draw(st.sampled_from([term for term in CHECKED if term.kind == "permission"]))
    return tuple(
        DuoCondition(
            code=term.code, value=draw(st.text("ABCD:,019", min_size=1, max_size=9)) if term.value else None
        )
        for term in [permission, *draw(MODIFIERS)]
    )


@st.composite
def limits(draw: st.DrawFn, purpose: Purpose) -> LimitedPermission:
    first, last = draw(MOMENTS), draw(MOMENTS)
    if first and last and first > last:
        first, last = last, first
    bound = draw(conditions()) if purpose is RESEARCH and draw(st.booleans()) else ()
    return LimitedPermission(purpose=purpose, valid_from=first, valid_until=last, conditions=bound)


@st.composite
def consents(draw: st.DrawFn) -> Consent:
    chosen = draw(st.sets(st.sampled_from(Purpose)))
    bounded = draw(st.sets(st.sampled_from(sorted(chosen)))) if chosen else set()
    return Consent.of(tuple(chosen - bounded), tuple(draw(limits(purpose)) for purpose in sorted(bounded)))


@given(consents())
def test_any_consent_survives_the_way_to_fhir_and_back(ours: Consent) -> None:
    document = consent_to_fhir(SUBJECT, ours, 3, "stated")
    assert read(document) == Reading(ours)
    assert (document["meta"]["versionId"], document["extension"][0]["valueString"]) == ("3", "stated")


@st.composite
def rules(draw: st.DrawFn, depth: int = 2) -> Json:
    kind = draw(st.sampled_from(["permit", "deny"]))
    numbers = draw(st.lists(st.sampled_from([*Purpose, "1", "8", "19", "30", "31"]), max_size=3))
    made = rule(kind, *numbers)
    if depth and draw(st.booleans()):
        made["provision"] = draw(st.lists(rules(depth - 1), min_size=1, max_size=2))
    return made


def mentioned(document: Json) -> set[Purpose]:
    """Purposes that a permit anywhere names."""
    codes = [coding["code"] for one in document.get("code", ()) for coding in one["coding"]]
    here = {Purpose(code) for code in codes if code in set(Purpose)}
    here |= {p for code in codes if code in mii_policies() for p in mii_policies()[code].permits}
    inner = [mentioned(child) for child in document.get("provision", ())]
    return set().union(here if document["type"] == "permit" else set(), *inner)


@given(st.lists(rules(), max_size=3), st.sampled_from(Purpose))
def test_one_more_deny_never_permits_more(some: list[Json], purpose: Purpose) -> None:
    try:
        before = read(consent(*some)).consent
        after = read(consent(*some, rule("deny", purpose))).consent
    except ConsentRefused:
        return
    allowed = {one.purpose for one in before.limited} | set(before.permitted)
    assert allowed <= set().union(*map(mentioned, some))
    assert {one.purpose for one in after.limited} | set(after.permitted) == allowed - {purpose}
