"""What a person allows, and the one rule that reads it."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from canheal_schemas.duo import DataUse, DuoCondition, allows
from canheal_schemas.event import ConsentVersion, Event, Model, SubjectId
from canheal_schemas.purposes import Purpose
from canheal_schemas.topic import Cleanup, Topic

STATED = "stated"
"""Basis of a consent that the hospital stated."""


class ConsentState(StrEnum):
    """Erased is final: no later version brings a subject back."""

    ACTIVE = "active"
    ERASED = "erased"


def _sorted_once(purposes: tuple[Purpose, ...]) -> tuple[Purpose, ...]:
    return tuple(sorted(set(purposes)))


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC.

    Raises:
        ValueError: it lies outside the years 1 to 9999 there.
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"{moment.isoformat()} is no moment of the years 1 to 9999 in UTC") from error


Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]


class LimitedPermission(Model):
    """A purpose that is allowed for some time, or under conditions."""

    purpose: Purpose
    """What is allowed."""
    valid_from: Moment | None = None
    """The first moment; none: at once."""
    valid_until: Moment | None = None
    """The last moment; none: until it is changed."""
    conditions: tuple[DuoCondition, ...] = ()
    """Conditions that must all hold; only on research."""

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_from > self.valid_until:
            raise ValueError("valid_from lies after valid_until")
        if self.conditions and self.purpose is not Purpose.RESEARCH:
            raise ValueError(f"conditions of the Data Use Ontology are for research, not for {self.purpose}")
        return self

    @property
    def timed(self) -> bool:
        """Whether it depends on the moment."""
        return self.valid_from is not None or self.valid_until is not None

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` lies in its time."""
        begun = self.valid_from is None or self.valid_from <= moment
        return begun and (self.valid_until is None or moment <= self.valid_until)


class Consent(Model):
    """One version of a subject's consent. What is not permitted is refused.

    A limited permission is no part of `permitted`: a reader that does not know of limits then refuses.
    """

    permitted: Annotated[tuple[Purpose, ...], AfterValidator(_sorted_once)] = Field(
        description="Purposes that the subject allows, each named once.", examples=[["own-care", "research"]]
    )
    limited: tuple[LimitedPermission, ...] = ()
    """Purposes that the subject allows for some time or under conditions; none of them is in `permitted`."""
    state: ConsentState = ConsentState.ACTIVE
    """Whether the subject is still known here."""

    @model_validator(mode="after")
    def _each_purpose_once(self) -> Self:
        named = [one.purpose for one in self.limited]
        if twice := sorted({purpose for purpose in named if named.count(purpose) > 1}):
            raise ValueError(f"limited names {', '.join(twice)} more than once")
        if both := sorted(set(named) & set(self.permitted)):
            raise ValueError(f"{', '.join(both)}: either permitted or limited, not both")
        if named != sorted(named):
            raise ValueError("limited is sorted by purpose")
        return self

    @classmethod
    def of(cls, permitted: tuple[Purpose, ...], limited: tuple[LimitedPermission, ...] = ()) -> Self:
        """The consent that allows this; a limited permission without a limit is a permission."""
        whole = [one.purpose for one in limited if not one.timed and not one.conditions]
        rest = sorted((one for one in limited if one.purpose not in whole), key=lambda one: one.purpose)
        return cls(permitted=(*permitted, *whole), limited=tuple(rest))

    def at(self, moment: datetime) -> Self:
        """The consent as it stands at a moment: what has run out is gone, what has begun is permitted."""
        if not self.limited:
            return self
        holding = [one for one in self.limited if one.holds(moment)]
        free = [one.purpose for one in holding if not one.conditions]
        bound = [
            LimitedPermission(purpose=one.purpose, conditions=one.conditions)
            for one in holding
            if one.conditions
        ]
        update = {"permitted": _sorted_once((*self.permitted, *free)), "limited": tuple(bound)}
        return self.model_copy(update=update)

    def permits(self, purpose: Purpose, use: DataUse | None = None) -> bool:
        """Whether data of this subject may be used for `purpose`.

        Ask the consent `at` a moment: what is limited in time counts as refused here. Where the subject named
        conditions, the `use` must be said and fulfil them all.
        """
        if self.state is not ConsentState.ACTIVE:
            return False
        if purpose in self.permitted:
            return True
        bound = [one for one in self.limited if one.purpose is purpose and not one.timed]
        return use is not None and any(allows(one.conditions, use) for one in bound)


class ConsentChanged(Event):
    """What the subject allows from now on. A look-up topic: the newest version of each subject stays."""

    topic: ClassVar[Topic] = Topic(
        name="canheal.consent.changed.v1",
        key="subject",
        meaning="what the subject allows now",
        cleanup=Cleanup.COMPACT,
    )

    subject: SubjectId
    consent_version: ConsentVersion
    consent: Consent
    """All that this version allows; it replaces every earlier version."""
    site: Annotated[str, Field(description="The site that recorded the consent.", examples=["BE-UZG"])]
    basis: Annotated[str, Field(examples=["stated", "default BE 2026-11-24"])] = STATED
    """`stated` by the hospital, or the country's default and its date where nothing was stated."""
