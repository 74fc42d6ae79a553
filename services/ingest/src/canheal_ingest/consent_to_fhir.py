"""The consent in force as a FHIR R4B Consent: everything denied, but what is permitted."""

from datetime import datetime
from typing import Any

from canheal_schemas import Consent, DuoCondition, LimitedPermission, Purpose
from canheal_schemas.duo import terms
from canheal_schemas.purposes import purposes

from canheal_ingest.fhir_consent import BASIS, CONDITION, DUO, PURPOSES, SUBJECTS

type Json = dict[str, Any]


def consent_to_fhir(subject: str, consent: Consent, version: int, basis: str) -> Json:
    """The resource; the patient is named by the platform's HMAC, never by the hospital's pseudonym."""
    permitted = [LimitedPermission(purpose=purpose) for purpose in consent.permitted]
    rules = [_provision(one) for one in sorted((*permitted, *consent.limited), key=lambda one: one.purpose)]
    return {
        "resourceType": "Consent",
        "meta": {"versionId": str(version)},
        "extension": [{"url": BASIS, "valueString": basis}],
        "status": "active",
        "scope": _concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [_concept("http://loinc.org", "57016-8")],
        "patient": {"identifier": {"system": SUBJECTS, "value": subject}},
        "policyRule": {"text": "What no provision permits is refused."},
        "provision": {"type": "deny"} | ({"provision": rules} if rules else {}),
    }


def _concept(system: str, code: str, display: str | None = None) -> Json:
    coding = {"system": system, "code": code} | ({"display": display} if display else {})
    return {"coding": [coding]}


def _provision(permission: LimitedPermission) -> Json:
    rule: Json = {"type": "permit"}
    if permission.conditions:
        rule["modifierExtension"] = [_condition(one) for one in permission.conditions]
    ends = {"start": permission.valid_from, "end": permission.valid_until}
    if period := {name: _written(moment) for name, moment in ends.items() if moment}:
        rule["period"] = period
    return rule | {"code": [_concept(PURPOSES, permission.purpose, _meaning(permission.purpose))]}


def _meaning(purpose: Purpose) -> str:
    return purposes()[purpose].meaning


def _written(moment: datetime) -> str:
    return moment.isoformat()


def _condition(condition: DuoCondition) -> Json:
    term = terms().get(condition.code)
    coding = {"system": DUO, "code": condition.code} | ({"display": term.label} if term else {})
    parts: list[Json] = [{"url": "term", "valueCoding": coding}]
    if condition.value is not None:
        parts.append({"url": "value", "valueString": condition.value})
    return {"url": CONDITION, "extension": parts}
