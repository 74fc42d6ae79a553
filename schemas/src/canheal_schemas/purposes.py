"""The table of purposes, `purposes.toml`: meaning, legal ground, and the codes by which others name them."""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

MII_POLICIES: Final = "urn:oid:2.16.840.1.113883.3.1937.777.24.5.3"
"""Code system of the German Medical Informatics Initiative's consent policies."""
ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


class Purpose(StrEnum):
    """What data may be used for."""

    OWN_CARE = "own-care"
    FAMILY_COUNSELLING = "family-counselling"
    CROSS_BORDER_MATCHING = "cross-border-matching"
    AGGREGATE_STATISTICS = "aggregate-statistics"
    RESEARCH = "research"
    RECONTACT = "recontact"


@dataclass(frozen=True, slots=True)
class PurposeEntry:
    """One row of the table."""

    purpose: Purpose
    meaning: str
    gdpr: str
    """Hint on the legal ground in the GDPR."""
    duo: tuple[str, ...]
    """Terms of the Data Use Ontology that belong to it."""
    mii: tuple[str, ...]
    """MII consent policies that permit it: the last number of the OID."""
    act_reason: tuple[str, ...]
    """HL7 v3 ActReason codes that mean it."""
    mii_conditions: tuple[tuple[str, str | None], ...]
    """DUO terms, each with its value, under which an MII policy permits it."""


@dataclass(frozen=True, slots=True)
class MiiPolicy:
    """A consent policy of the MII, or a module that holds some."""

    number: str
    display: str
    permits: frozenset[Purpose]
    """What a permit of it allows here."""
    denies: frozenset[Purpose]
    """What a deny of it forbids here: of a module also what its policies permit."""


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a TSV file beside this one; its first line names the source."""
    text = files("canheal_schemas").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()[1:], delimiter="\t"))


@cache
def purposes() -> Mapping[Purpose, PurposeEntry]:
    """Every purpose with its row."""
    table = tomllib.loads(files("canheal_schemas").joinpath("purposes.toml").read_text(encoding="utf-8"))
    return {purpose: _entry(purpose, table["purpose"][purpose.value]) for purpose in Purpose}


def _entry(purpose: Purpose, row: Mapping[str, Any]) -> PurposeEntry:
    return PurposeEntry(
        purpose,
        meaning=row["meaning"],
        gdpr=row["gdpr"],
        duo=tuple(row["duo"]),
        mii=tuple(row["mii"]),
        act_reason=tuple(row["act_reason"]),
        mii_conditions=tuple((one["code"], one.get("value")) for one in row.get("mii_conditions", ())),
    )


@cache
def mii_policies() -> Mapping[str, MiiPolicy]:
    """Every policy of the MII by its whole code, with what it permits and forbids here."""
    table = rows("mii_policies.tsv")
    parts: dict[str, list[str]] = {}
    for row in table:
        parts.setdefault(row["part_of"], []).append(row["code"])

    def forbidden(number: str) -> frozenset[Purpose]:
        return _mii_purposes(number).union(*map(forbidden, parts.get(number, ())))

    prefix = MII_POLICIES.removeprefix("urn:oid:")
    return {
        f"{prefix}.{row['code']}": MiiPolicy(
            row["code"], row["display"], _mii_purposes(row["code"]), forbidden(row["code"])
        )
        for row in table
    }


def _mii_purposes(number: str) -> frozenset[Purpose]:
    return frozenset(entry.purpose for entry in purposes().values() if number in entry.mii)


@cache
def act_reasons() -> Mapping[str, Purpose]:
    """Purpose by the HL7 v3 ActReason that means it."""
    return {code: entry.purpose for entry in purposes().values() for code in entry.act_reason}
