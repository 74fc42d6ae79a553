"""The parts of a FHIR R4B Consent, and what they are called here.

Of our own, not of a FHIR library: `fhir.resources` 8 takes a status that FHIR does not know ("activ") and a
consent without its policy, and does not say which element was passed over. Here every element of the resource
is named, so that one that restricts a permission cannot go unseen; another name is refused.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, Literal, Self

from canheal_schemas import DuoCondition
from canheal_schemas.consent import in_utc
from pydantic import AliasGenerator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from canheal_ingest.metadata import Said

PURPOSES: Final = "urn:canheal:purpose"
"""Our code system of purposes."""
SUBJECTS: Final = "urn:canheal:subject"
CONDITION: Final = "urn:canheal:data-use-condition"
"""Our modifier extension: a condition of the Data Use Ontology on a permission."""
BASIS: Final = "urn:canheal:consent-basis"
DUO: Final = "http://purl.obolibrary.org/obo/duo.owl"
MEDIA_TYPE: Final = "application/fhir+json"
DATE_TIME: Final = r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T.+)?)?)?$"
"""FHIR's dateTime: a year, a month, a day, or a moment."""


class Element(Said):
    """An element; extensions that modify nothing are passed over, as FHIR has it.

    Not strict: what is dropped before makes lists of JSON lists of Python; no field could be coerced.
    """

    model_config = ConfigDict(alias_generator=AliasGenerator(alias=to_camel), strict=False)

    id: Any = None
    extension: Any = None

    @model_validator(mode="before")
    @classmethod
    def _without_extensions_of_primitives(cls, said: Any) -> Any:
        if not isinstance(said, Mapping):
            return said
        return {name: value for name, value in said.items() if not str(name).startswith("_")}


class Coding(Element):
    """A code."""

    system: str | None = None
    version: Any = None
    code: str | None = None
    display: Any = None
    user_selected: Any = None

    @property
    def name(self) -> str:
        """The code as FHIR writes it in one token."""
        return f"{self.system or ''}|{self.code or ''}"


class CodeableConcept(Element):
    """One concept in one or more code systems."""

    coding: tuple[Coding, ...] = ()
    text: Any = None


class Period(Element):
    """A time; an end by its day includes that day, in UTC."""

    start: str | None = Field(default=None, pattern=DATE_TIME)
    end: str | None = Field(default=None, pattern=DATE_TIME)

    @model_validator(mode="after")
    def _moments(self) -> Self:
        first, last = self.first, self.last
        if first and last and first > last:
            raise ValueError("the start lies after the end")
        return self

    @property
    def first(self) -> datetime | None:
        """The first moment."""
        return _moment(self.start, last=False) if self.start else None

    @property
    def last(self) -> datetime | None:
        """The last moment."""
        return _moment(self.end, last=True) if self.end else None


def _moment(text: str, *, last: bool) -> datetime:
    if "T" in text:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError(f"{text}: a time of day needs its time zone, such as Z or +02:00")
        return in_utc(moment)
    parts = [int(part) for part in text.split("-")]
    if not last:
        year, month, day = [*parts, 1, 1][:3]
        return datetime(year, month, day, tzinfo=UTC)
    year, month = [*parts, 12][:2]
    day = parts[2] if len(parts) == 3 else monthrange(year, month)[1]
    return datetime(year, month, day, 23, 59, 59, tzinfo=UTC)


class ProvisionType(StrEnum):
    """What a rule does."""

    PERMIT = "permit"
    DENY = "deny"


class ConditionPart(BaseModel):
    """A part of our modifier extension."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Literal["term", "value"]
    value_coding: Coding | None = Field(default=None, alias="valueCoding")
    value_string: str | None = Field(default=None, alias="valueString")


class ModifierExtension(Element):
    """An extension that changes what its element means: only ours is understood."""

    url: str
    extension: tuple[ConditionPart, ...] = ()

    @model_validator(mode="after")
    def _ours(self) -> Self:
        if self.url != CONDITION:
            raise ValueError(f"the modifier extension {self.url} is not understood; only {CONDITION} is")
        _ = self.condition
        return self

    @property
    def condition(self) -> DuoCondition:
        """The condition that it states."""
        terms = [part.value_coding.code for part in self.extension if part.value_coding]
        values = [part.value_string for part in self.extension if part.value_string is not None]
        if len(terms) != 1 or len(values) > 1:
            raise ValueError(f"{CONDITION} has one `term` with a valueCoding and at most one `value`")
        return DuoCondition(code=terms[0] or "", value=values[0] if values else None)


class Provision(Element):
    """A rule, and the exceptions to it."""

    modifier_extension: tuple[ModifierExtension, ...] = ()
    type: ProvisionType | None = None
    period: Period = Period()
    actor: Any = None
    action: Any = None
    security_label: Any = None
    purpose: tuple[Coding, ...] = ()
    class_: Any = Field(default=None, alias="class")
    code: tuple[CodeableConcept, ...] = ()
    data_period: Any = None
    data: Any = None
    provision: "tuple[Provision, ...]" = ()

    @property
    def restrictions(self) -> list[str]:
        """Elements that narrow the rule in a way that is not understood here."""
        narrow = {
            "actor": self.actor,
            "action": self.action,
            "securityLabel": self.security_label,
            "class": self.class_,
            "dataPeriod": self.data_period,
            "data": self.data,
        }
        return [name for name, value in narrow.items() if value is not None]


class ConsentStatus(StrEnum):
    """The state of the resource."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    ACTIVE = "active"
    REJECTED = "rejected"
    INACTIVE = "inactive"
    ENTERED_IN_ERROR = "entered-in-error"


class FhirConsent(Element):
    """A Consent. What is `Any` says who, when and on what paper; it decides nothing here and is not kept."""

    resource_type: Literal["Consent"]
    status: ConsentStatus
    scope: CodeableConcept
    category: tuple[CodeableConcept, ...] = Field(min_length=1)
    provision: Provision | None = None
    meta: Any = None
    language: Any = None
    text: Any = None
    contained: Any = None
    identifier: Any = None
    patient: Any = None
    date_time: Any = None
    performer: Any = None
    organization: Any = None
    source_attachment: Any = None
    source_reference: Any = None
    policy: Any = None
    policy_rule: Any = None
    verification: Any = None
