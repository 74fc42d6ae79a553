"""What a country's law says where a hospital states nothing: `countries/<iso2>.toml`, one file a country.

A rule that departs from the strict one names its law and where it was read. What no file says is strict:
nothing is permitted unless a person said so (opt-in), and an erasure keeps nothing. The files are read by
engineers, not lawyers: `reviewed` is false until a data-protection officer of that country has confirmed it.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Self

from canheal_schemas import Purpose
from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, ValidationError, model_validator

from canheal_refdata.errors import CountryRefused

STRICT_SINCE: Final = date(2026, 11, 24)
"""Date of the strict rule that holds for a country without a file."""
CARE_RECORD: Final = "care-record"


class ConsentDefault(StrEnum):
    """What holds for a purpose while the person has said nothing."""

    OPT_IN = "opt-in"
    OPT_OUT = "opt-out"


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class LegalSource(_Rules):
    """Where a rule was read."""

    about: str
    """`care-record`, or the purpose whose default it grounds."""
    statement: str
    """What the law says, in our words."""
    law: str
    """The law and its article."""
    url: AnyHttpUrl
    """Where it was read."""
    seen_at: date


class CountryRules(_Rules):
    """The rules of one country."""

    iso2: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    name: str
    as_of: date
    """Version of these rules."""
    reviewed: bool = False
    """Whether a data-protection officer of the country has confirmed them."""
    consent_default: Mapping[Purpose, ConsentDefault] = Field(default={}, validate_default=True)
    """Every purpose; one that the file does not name is opt-in."""
    care_record_kept: bool = False
    """Whether the law makes the hospital keep what served a person's care after an erasure."""
    care_record_years: Annotated[int, Field(ge=1)] | None = None
    """For how many years after the last contact; None with a kept record: no end is named."""
    sources: tuple[LegalSource, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _every_purpose(cls, said: Mapping[str, object]) -> dict[str, object]:
        named = said.get("consent_default")
        strict = {purpose.value: ConsentDefault.OPT_IN for purpose in Purpose}
        return {**said, "consent_default": strict | (named if isinstance(named, dict) else {})}

    @model_validator(mode="after")
    def _grounded(self) -> Self:
        lenient = {
            p.value for p, default in self.consent_default.items() if default is ConsentDefault.OPT_OUT
        }
        needed = lenient | ({CARE_RECORD} if self.care_record_kept else set())
        if ungrounded := needed - {source.about for source in self.sources}:
            raise ValueError(f"no source for {', '.join(sorted(ungrounded))}: name one, or stay strict")
        if self.care_record_years is not None and not self.care_record_kept:
            raise ValueError("care_record_years without care_record_kept = true")
        return self

    @property
    def permitted_by_default(self) -> tuple[Purpose, ...]:
        """Purposes that are permitted while the person has said nothing."""
        return tuple(p for p in Purpose if self.consent_default[p] is ConsentDefault.OPT_OUT)

    @property
    def basis(self) -> str:
        """How a consent that comes from these rules names its ground."""
        return f"default {self.iso2} {self.as_of.isoformat()}"

    def source(self, about: str) -> LegalSource | None:
        """Where the rule on the care record, or on a purpose, was read."""
        return next((source for source in self.sources if source.about == about), None)


def read_country(document: str, name: str) -> CountryRules:
    """The rules in the text of a TOML file.

    Raises:
        CountryRefused: it is no TOML, or a rule in it is unknown, wrong or without a source.
    """
    try:
        rules = CountryRules.model_validate(tomllib.loads(document))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise CountryRefused(name, str(error)) from error
    if f"{rules.iso2.lower()}.toml" != name:
        raise CountryRefused(name, f"iso2 is {rules.iso2}, so the file must be {rules.iso2.lower()}.toml")
    return rules


@cache
def countries() -> Mapping[str, CountryRules]:
    """Every country that has a file, by its ISO 3166-1 alpha-2 code.

    Raises:
        CountryRefused: a file cannot be used.
    """
    folder = files("canheal_refdata").joinpath("countries")
    read = [
        read_country(file.read_text(encoding="utf-8"), file.name)
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".toml")
    ]
    return {rules.iso2: rules for rules in read}


def country(iso2: str) -> CountryRules:
    """The rules of a country; the strict ones where it has no file.

    Raises:
        CountryRefused: a file cannot be used.
    """
    known = countries().get(iso2)
    return known or CountryRules(iso2=iso2, name=f"{iso2} (no file of its own)", as_of=STRICT_SINCE)
