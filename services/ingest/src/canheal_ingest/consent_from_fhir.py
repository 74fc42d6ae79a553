"""What a FHIR Consent permits here, and never more than it says.

Everything is denied that no provision permits. A permit counts as far as its codes are in the table of
purposes, within its period and those around it; an exception to it is taken out. What is not understood is
named in the answer where passing it over permits less, and refused where it would permit more.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from canheal_schemas import Consent, DuoCondition, LimitedPermission, Purpose
from canheal_schemas.duo import refusals
from canheal_schemas.purposes import ACT_REASON, MII_POLICIES, act_reasons, mii_policies, purposes

from canheal_ingest.errors import ConsentRefused, FieldError
from canheal_ingest.fhir_consent import PURPOSES, Coding, ConsentStatus, FhirConsent, Provision, ProvisionType

WITHDRAWN: Final = frozenset({ConsentStatus.INACTIVE, ConsentStatus.REJECTED, ConsentStatus.ENTERED_IN_ERROR})
EVERY: Final = frozenset(Purpose)


@dataclass(frozen=True, slots=True)
class Reading:
    """A consent, and what of the document has no part in it."""

    consent: Consent
    without_use: tuple[str, ...] = ()
    """Permissions that are understood and that nothing here makes use of."""
    not_understood: tuple[str, ...] = ()
    """What was passed over: without it less is permitted, never more."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission: from when, until when, under which conditions."""

    start: datetime | None = None
    end: datetime | None = None
    conditions: tuple[DuoCondition, ...] = ()

    def within(self, provision: Provision) -> "Grant":
        """The part of it that lies in a provision's period."""
        starts = [one for one in (self.start, provision.period.first) if one]
        ends = [one for one in (self.end, provision.period.last) if one]
        return Grant(max(starts, default=None), min(ends, default=None), self.conditions)

    @property
    def never(self) -> bool:
        """Whether it ends before it begins."""
        return self.start is not None and self.end is not None and self.start > self.end


type Grants = Mapping[Purpose, Grant]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a provision permits, and what it denies besides."""

    granted: Grants
    denied: frozenset[Purpose] = frozenset()


@dataclass(slots=True)
class _Notes:
    without_use: list[str] = field(default_factory=list)
    not_understood: list[str] = field(default_factory=list)
    errors: list[FieldError] = field(default_factory=list)

    def refuse(self, place: str, found: str, expected: str) -> None:
        self.errors.append(FieldError(place, found, expected))


def consent_from_fhir(document: FhirConsent) -> Reading:
    """What the document permits.

    Raises:
        ConsentRefused: it permits more than is understood, or is not in force yet.
    """
    notes = _Notes()
    if document.status in WITHDRAWN:
        return Reading(Consent(permitted=()))
    if document.status is not ConsentStatus.ACTIVE:
        notes.refuse("#/status", document.status, "active; or inactive, which permits nothing")
    elif document.provision is None:
        notes.refuse("#/provision", "nothing", "the provisions: without them nothing says what is permitted")
    granted = _root(document.provision, notes) if document.provision else {}
    if notes.errors:
        raise ConsentRefused(notes.errors)
    limited = tuple(
        LimitedPermission(
            purpose=purpose, valid_from=one.start, valid_until=one.end, conditions=one.conditions
        )
        for purpose, one in granted.items()
    )
    return Reading(Consent.of((), limited), tuple(notes.without_use), tuple(notes.not_understood))


def _root(provision: Provision, notes: _Notes) -> Grants:
    """The base rule; without a type it is the strict one."""
    if provision.type is None and (provision.code or provision.purpose):
        notes.refuse("#/provision/type", "nothing", "permit or deny")
    return _judge(provision, "#/provision", Grant(), notes).granted


def _judge(provision: Provision, place: str, outer: Grant, notes: _Notes) -> Verdict:
    if provision.type is ProvisionType.PERMIT:
        return _permit(provision, place, outer, notes)
    return _deny(provision, place, outer, notes)


def _children(provision: Provision, place: str, outer: Grant, notes: _Notes) -> list[Verdict]:
    verdicts = []
    for number, child in enumerate(provision.provision):
        inner = f"{place}/provision/{number}"
        if child.type is None:
            notes.refuse(f"{inner}/type", "nothing", "permit or deny")
        elif child.type is provision.type is ProvisionType.PERMIT:
            notes.refuse(f"{inner}/type", "a permit within a permit", "a deny, or a permit beside it")
        else:
            verdicts.append(_judge(child, inner, outer, notes))
    return verdicts


def _permit(provision: Provision, place: str, outer: Grant, notes: _Notes) -> Verdict:
    _refuse_what_narrows(provision, place, notes)
    time = outer.within(provision)
    stated = tuple(extension.condition for extension in provision.modifier_extension)
    granted: Grants = _permitted(provision, place, time, stated, notes)
    _refuse_conditions(stated, granted, place, notes)
    if time.never and granted:
        notes.not_understood.append(
            f"{place}: a permit outside the period around it, which is never in force"
        )
        granted = {}
    for verdict in _children(provision, place, time, notes):
        granted = _but(granted, verdict, place, notes)
    return Verdict(granted)


def _but(granted: Grants, exception: Verdict, place: str, notes: _Notes) -> Grants:
    """A permit without what an exception denies, and with what that one permits of it after all."""
    kept = {purpose: one for purpose, one in granted.items() if purpose not in exception.denied}
    for purpose, one in exception.granted.items():
        if purpose in granted and one.conditions == granted[purpose].conditions:
            kept[purpose] = one
        else:
            notes.not_understood.append(
                f"{place}: a permit of {purpose} within an exception to another permit"
            )
    return kept


def _refuse_what_narrows(provision: Provision, place: str, notes: _Notes) -> None:
    for name in provision.restrictions:
        notes.refuse(f"{place}/{name}", "a restriction of the permit", "none: it is not understood here")
    if provision.code and provision.purpose:
        notes.refuse(f"{place}/purpose", "a restriction of the codes", "either code or purpose")
    if not provision.code and not provision.purpose:
        notes.refuse(
            place, "a permit without a code", "the codes that it permits, else it permits everything"
        )


def _refuse_conditions(stated: tuple[DuoCondition, ...], granted: Grants, place: str, notes: _Notes) -> None:
    where = f"{place}/modifierExtension"
    if stated and set(granted) - {Purpose.RESEARCH}:
        notes.refuse(where, "conditions on another purpose", "conditions on research only")
    for reason in refusals(stated):
        notes.refuse(where, reason, "conditions that can be kept")


def _permitted(
    provision: Provision, place: str, time: Grant, stated: tuple[DuoCondition, ...], notes: _Notes
) -> dict[Purpose, Grant]:
    granted: dict[Purpose, Grant] = {}
    for where, codings in _concepts(provision, place):
        coding, allowed = _of_one_meaning(where, codings, notes)
        for purpose in allowed:
            conditions = stated or _conditions_of(coding, purpose)
            granted[purpose] = Grant(time.start, time.end, conditions)
    return granted


def _of_one_meaning(
    where: str, codings: Sequence[Coding], notes: _Notes
) -> tuple[Coding, frozenset[Purpose]]:
    """What a concept permits, and the coding that says so; where none is known: nothing, which is noted."""
    known = [(coding, found) for coding in codings if (found := _permits(coding)) is not None]
    if not known:
        notes.not_understood.append(f"{where}: {_named(codings)}")
        return Coding(), frozenset()
    if any(found != known[0][1] for _, found in known):
        notes.refuse(where, _named(codings), "codings of one meaning")
    elif not known[0][1]:
        notes.without_use.append(f"{where}: {_named([coding for coding, _ in known])}")
    return known[0]


def _conditions_of(coding: Coding, purpose: Purpose) -> tuple[DuoCondition, ...]:
    """The conditions that a code carries by itself."""
    named = purposes()[purpose].mii_conditions if coding.system == MII_POLICIES else ()
    return tuple(DuoCondition(code=code, value=value) for code, value in named)


def _deny(provision: Provision, place: str, outer: Grant, notes: _Notes) -> Verdict:
    for name in provision.restrictions:
        if provision.provision:
            notes.refuse(
                f"{place}/{name}", "a restriction around other rules", "none: it is not understood here"
            )
        else:
            notes.not_understood.append(f"{place}/{name}: read as a deny without it")
    if provision.modifier_extension:
        notes.refuse(f"{place}/modifierExtension", "a condition on a deny", "a condition on a permit")
    denied = EVERY if not provision.code and not provision.purpose else _denied(provision, place, notes)
    if provision.period != type(provision.period)() and denied != EVERY:
        notes.not_understood.append(f"{place}/period: read as a deny for all time")
    verdicts = _children(provision, place, outer.within(provision), notes)
    return Verdict(_together(verdicts, place, notes), denied)


def _denied(provision: Provision, place: str, notes: _Notes) -> frozenset[Purpose]:
    denied: set[Purpose] = set()
    for where, codings in _concepts(provision, place):
        known = [found for coding in codings if (found := _denies(coding)) is not None]
        if not known:
            notes.refuse(where, f"a deny of {_named(codings)}", "a code that is known here")
        denied.update(*known)
    return frozenset(denied)


def _together(verdicts: Sequence[Verdict], place: str, notes: _Notes) -> Grants:
    """What rules beside each other permit: a deny wins over the others' permits."""
    granted: dict[Purpose, Grant] = {}
    for number, verdict in enumerate(verdicts):
        others = [other.denied for place_, other in enumerate(verdicts) if place_ != number]
        for purpose, grant in verdict.granted.items():
            if any(purpose in denied for denied in others):
                continue
            if granted.setdefault(purpose, grant) != grant:
                notes.refuse(place, f"two different permits of {purpose}", "one permit of each purpose")
    return granted


def _concepts(provision: Provision, place: str) -> Iterable[tuple[str, Sequence[Coding]]]:
    for number, concept in enumerate(provision.code):
        yield f"{place}/code/{number}", concept.coding
    for number, coding in enumerate(provision.purpose):
        yield f"{place}/purpose/{number}", [coding]


def _permits(coding: Coding) -> frozenset[Purpose] | None:
    """What a permit of this code allows; None where the code is not known."""
    return _meaning(coding, lambda code: mii_policies()[code].permits)


def _denies(coding: Coding) -> frozenset[Purpose] | None:
    """What a deny of this code forbids; None where the code is not known."""
    return _meaning(coding, lambda code: mii_policies()[code].denies)


def _meaning(coding: Coding, of_policy: Callable[[str], frozenset[Purpose]]) -> frozenset[Purpose] | None:
    code = coding.code or ""
    if coding.system == PURPOSES and code in EVERY:
        return frozenset({Purpose(code)})
    if coding.system == MII_POLICIES and code in mii_policies():
        return of_policy(code)
    if coding.system == ACT_REASON and code in act_reasons():
        return frozenset({act_reasons()[code]})
    return None


def _named(codings: Sequence[Coding]) -> str:
    return ", ".join(_with_display(coding) for coding in codings) or "no coding"


def _with_display(coding: Coding) -> str:
    policy = mii_policies().get(coding.code or "") if coding.system == MII_POLICIES else None
    return f"{coding.name} ({policy.display})" if policy else coding.name
