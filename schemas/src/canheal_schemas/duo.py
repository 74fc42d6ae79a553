"""Conditions on research use in the terms of the Data Use Ontology (GA4GH DUO), `duo.tsv`.

A condition that this platform does not know, or cannot check, allows nothing; the door refuses it by name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Final

from pydantic import Field

from canheal_schemas.event import Model
from canheal_schemas.purposes import rows


class DuoCondition(Model):
    """One term, and what it refers to."""

    code: Annotated[str, Field(pattern=r"^DUO:[0-9]{7}$", examples=["DUO:0000042"])]
    """The term."""
    value: Annotated[str, Field(min_length=1, max_length=200, examples=["MONDO:0004992"])] | None = None
    """The disease's code (DUO:0000007), or country codes with commas between (DUO:0000022)."""


class DataUse(Model):
    """What somebody wants to use data for. What is not said counts as the least permitted."""

    health: bool = False
    """Health, medical or biomedical research."""
    ancestry: bool = False
    """Study of population origins or ancestry."""
    methods: bool = False
    """Development of methods, such as software or algorithms."""
    genetic: bool = False
    """A study that includes genotypes."""
    disease: str | None = None
    """Code of the disease that is studied, compared letter by letter."""
    commercial: bool = True
    """For a commercial purpose."""
    for_profit: bool = True
    """By an organisation that is run for profit."""
    ethics_approval: bool = False
    """An ethics board's approval was shown."""
    country: str | None = None
    """Where the data are used, ISO 3166-1 alpha-2."""


@dataclass(frozen=True, slots=True)
class DuoTerm:
    """A term of the ontology."""

    code: str
    label: str
    kind: str
    """permission, modifier, or class for a heading."""
    value: str | None
    """What a condition of this term must name."""
    checked: bool
    """Whether this platform can check it."""


@cache
def terms() -> Mapping[str, DuoTerm]:
    """Every term by its code."""
    return {
        row["code"]: DuoTerm(
            row["code"],
            row["label"],
            row["kind"],
            None if row["value"] == "-" else row["value"],
            row["checked"] == "yes",
        )
        for row in rows("duo.tsv")
    }


type Rule = Callable[[DataUse, str], bool]

RULES: Final[Mapping[str, Rule]] = {
    "DUO:0000004": lambda _use, _value: True,
    "DUO:0000042": lambda _use, _value: True,
    "DUO:0000006": lambda use, _value: use.health and not use.ancestry,
    "DUO:0000007": lambda use, value: use.disease == value and not use.ancestry,
    "DUO:0000011": lambda use, _value: use.ancestry,
    "DUO:0000015": lambda use, _value: not use.methods,
    "DUO:0000016": lambda use, _value: use.genetic,
    "DUO:0000018": lambda use, _value: not use.commercial and not use.for_profit,
    "DUO:0000021": lambda use, _value: use.ethics_approval,
    "DUO:0000022": lambda use, value: use.country in value.split(","),
    "DUO:0000044": lambda use, _value: not use.ancestry,
    "DUO:0000045": lambda use, _value: not use.for_profit,
    "DUO:0000046": lambda use, _value: not use.commercial,
}
"""The terms that can be checked. NRES and GRU permit any research; the modifiers beside them still hold."""


def allows(conditions: Sequence[DuoCondition], use: DataUse) -> bool:
    """Whether every condition holds for a use, one of them a permission."""
    known = [terms().get(condition.code) for condition in conditions]
    if not any(term and term.kind == "permission" for term in known):
        return False
    return all(condition.code in RULES and _holds(condition, use) for condition in conditions)


def _holds(condition: DuoCondition, use: DataUse) -> bool:
    if terms()[condition.code].value and condition.value is None:
        return False
    return RULES[condition.code](use, condition.value or "")


def refusals(conditions: Sequence[DuoCondition]) -> list[str]:
    """Why these conditions cannot be taken over, each by its name; empty when they can."""
    found = [reason for condition in conditions if (reason := _refusal(condition))]
    permissions = [c.code for c in conditions if c.code in terms() and terms()[c.code].kind == "permission"]
    if conditions and len(permissions) != 1:
        named = ", ".join(permissions) or "none"
        found.append(f"of the terms exactly one is a data use permission, such as DUO:0000042; here: {named}")
    return found


def _refusal(condition: DuoCondition) -> str | None:
    term = terms().get(condition.code)
    if term is None:
        return f"{condition.code} is no term of the Data Use Ontology that is known here (duo.tsv)"
    if not term.checked:
        return f"{term.code} ({term.label}) cannot be checked here, so nothing could be used under it"
    if term.value and condition.value is None:
        return f"{term.code} ({term.label}) needs its {term.value} in `value`"
    if term.value is None and condition.value is not None:
        return f"{term.code} ({term.label}) takes no value"
    return None
