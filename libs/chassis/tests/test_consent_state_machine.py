"""Random orders of consent, sample, read, withdrawal, erasure, late relay and replay: nothing is used against
the consent then in force.

`deliver`, ledger, blobs, traces and projection are the real ones on the real database; the wire records. The
machine keeps a model of its own: what each subject's consent is as far as this service has heard of it. It
looks at each use (the handler begins), each word that leaves (the wire) and each read.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from canheal_chassis import consent as consent_module
from canheal_chassis.consent import ConsentProjection
from canheal_chassis.erasure import Target
from canheal_chassis.ledger import LEDGER
from canheal_chassis.message import Message
from canheal_chassis.outcome import Outcome
from canheal_chassis.work import Work
from canheal_cli.embedded.database import EmbeddedDatabase
from canheal_process.document import Document
from canheal_process.errors import ConsentOutOfDate
from canheal_schemas import (
    Consent,
    ConsentChanged,
    ConsentState,
    LimitedPermission,
    Purpose,
    ReportIssued,
    ReportStatus,
    SampleReceived,
)
from chassis_parts import SITE, Parts, a_subject, envelope_of, handed, issued, open_parts, received, record_of
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

pytestmark = pytest.mark.stack
CARE = Purpose.OWN_CARE
PERSONAL = "genotype 0/1"
PATIENCE_SECONDS = 30
BEGIN = datetime(2026, 11, 24, tzinfo=UTC)
HOUR = timedelta(hours=1)
WHO = st.sampled_from((0, 1))
ANY = st.integers(0, 99)


class Finding(Document):
    collection: ClassVar[str] = "findings"

    words: str


@dataclass
class Person:
    """What ingest recorded of a subject, and how far this service has heard."""

    subject: str
    recorded: list[Consent] = field(default_factory=list)
    heard: int = 0

    @property
    def erased(self) -> bool:
        """Whether ingest has recorded an erasure."""
        return bool(self.recorded) and self.recorded[-1].state is ConsentState.ERASED

    @property
    def gone(self) -> bool:
        """Whether this service has heard of it."""
        return self.erased and self.heard == len(self.recorded)

    def allows(self, now: datetime) -> bool:
        """The model's own rule, written without `Consent.permits`."""
        if not self.heard or self.gone:
            return False
        known = self.recorded[self.heard - 1]
        ends = [one.valid_until for one in known.limited if one.purpose is CARE and one.valid_until]
        return CARE in known.permitted or any(now <= end for end in ends)

    def said(self, version: int) -> ConsentChanged:
        return ConsentChanged(
            subject=self.subject, consent_version=version, consent=self.recorded[version - 1], site=SITE
        )


@dataclass
class Delivery:
    """A sample on its way through the service."""

    event: SampleReceived
    person: Person
    task: asyncio.Task[int] | None = None
    held: bool = False
    """Its handler, once begun, waits to be let go."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)


class Wire:
    """Looks at every word when it is said."""

    def __init__(self, machine: "Consents") -> None:
        self._machine = machine
        self.bytes_of: dict[Any, bytes] = {}

    async def publish(self, message: Message) -> None:
        demand = self._machine.demand
        demand(self.bytes_of.setdefault(message.event_id, message.value) == message.value, "other bytes")
        report = ReportIssued.model_validate_json(message.value)
        person = self._machine.person_of(report.subject)
        demand(not person.gone, "a word about an erased subject")
        if report.status is not ReportStatus.WITHHELD:
            demand(person.allows(self._machine.now), "a report left against the consent in force")

    async def forget(self, topic: str, key: bytes) -> None:
        """A tombstone carries nothing."""


class Consents(RuleBasedStateMachine):
    """One service, two persons."""

    runner: ClassVar[asyncio.Runner]
    opened: ClassVar[Parts]
    """Stores that every run shares: each has persons of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGIN
        self.age = 0.0
        self.persons = [Person(a_subject()), Person(a_subject())]
        self.deliveries: list[Delivery] = []
        self.violations: list[str] = []
        self.projection = ConsentProjection(lambda: self.now)
        self.projection.bound(lambda: self.age, 10)
        wire: Any = Wire(self)
        self.parts = replace(self.opened, wire=wire, projection=self.projection)
        self.hands = self.parts.hands(self.handle, withheld=self.withheld)

    def teardown(self) -> None:
        self.wait(self._ended_by_force([one.task for one in self.deliveries if one.task]))

    @staticmethod
    async def _ended_by_force(tasks: list[asyncio.Task[int]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wait[R](self, work: Coroutine[Any, Any, R]) -> R:
        async def bounded() -> R:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await work

        return self.runner.run(bounded())

    def demand(self, holds: bool, otherwise: str) -> None:
        """Note a violation: raised inside a handler it would become a dead letter."""
        if not holds:
            self.violations.append(otherwise)

    def person_of(self, subject: str) -> Person:
        return next(person for person in self.persons if person.subject == subject)

    # the service under test

    async def handle(self, event: SampleReceived, work: Work) -> Outcome:
        person = self.person_of(event.subject)
        self.demand(person.allows(self.now), "used against the consent in force")
        self.demand(person.heard >= event.consent_version, "used under an older consent than the sample's")
        self.demand(self.age <= 10, "used while consent may be out of date")
        delivery = next(one for one in self.deliveries if one.event == event)
        if delivery.held:
            delivery.begun.set()
            await delivery.gate.wait()
        blob = await work.seal("findings", PERSONAL.encode())
        report = issued(event).model_copy(update={"report_id": event.sample})
        finding = Finding(id=event.sample, subject=event.subject, words=PERSONAL)
        return Outcome(blobs=(blob,), save=(finding,), publish=(report,))

    @staticmethod
    def withheld(event: SampleReceived, _: str) -> ReportIssued:
        return issued(event, ReportStatus.WITHHELD).model_copy(update={"report_id": event.sample})

    # what happens

    @initialize(allowed=st.sampled_from(["care", "for an hour"]))
    def known_persons(self, allowed: str) -> None:
        for who in (0, 1):
            self.record(who, allowed)
            self.relay(who)

    @rule(who=WHO, allowed=st.sampled_from(["care", "research", "nothing", "for an hour"]))
    def record(self, who: int, allowed: str) -> None:
        person = self.persons[who]
        if person.erased:
            return
        if allowed == "for an hour":
            ends = LimitedPermission(purpose=CARE, valid_until=self.now + HOUR)
            person.recorded.append(Consent.of((), (ends,)))
        else:
            named = {"care": (CARE,), "research": (Purpose.RESEARCH,), "nothing": ()}[allowed]
            person.recorded.append(Consent(permitted=named))

    @rule(who=WHO, allowed=st.sampled_from(["care", "research", "nothing", "for an hour"]))
    def change(self, who: int, allowed: str) -> None:
        """Another consent is recorded, and the service has heard of all there are."""
        self.record(who, allowed)
        while self.persons[who].heard < len(self.persons[who].recorded):
            self.relay(who)

    @rule(who=WHO, dice=st.integers(1, 6))
    def erase(self, who: int, dice: int) -> None:
        person = self.persons[who]
        if person.recorded and not person.erased and dice == 6:
            person.recorded.append(Consent(permitted=(), state=ConsentState.ERASED))

    @rule(who=WHO)
    def relay(self, who: int) -> None:
        """The next consent reaches the service; an erasure is carried out as the eraser does."""
        person = self.persons[who]
        if person.heard < len(person.recorded):
            person.heard += 1
            self.wait(self._hear(person, person.heard))
            self.settle()

    @rule(who=WHO, which=ANY)
    def relay_late(self, who: int, which: int) -> None:
        """An older consent, or the same, comes once more."""
        person = self.persons[who]
        if person.heard:
            self.wait(self._hear(person, 1 + which % person.heard))

    async def _hear(self, person: Person, version: int) -> None:
        changed = person.said(version)
        self.projection.apply(changed, envelope_of(changed))
        if person.gone:
            await self.parts.traces.remove(Target(person.subject))

    @rule(who=WHO, held=st.booleans())
    def send(self, who: int, held: bool) -> None:
        """A sample under the consent that ingest knows; `held`: its handler is slow."""
        person = self.persons[who]
        if not person.recorded or person.erased:
            return
        event = received(person.subject, consent_version=len(person.recorded))
        delivery = Delivery(event, person, held=held)
        self.deliveries.append(delivery)
        self._begin(delivery)

    @precondition(lambda self: self.deliveries)
    @rule(which=ANY)
    def replay(self, which: int) -> None:
        """The stream says a sample once more, as after a restart."""
        delivery = self.deliveries[which % len(self.deliveries)]
        if delivery.task is None or delivery.task.done():
            self._begin(delivery)

    def _begin(self, delivery: Delivery) -> None:
        async def begin() -> None:
            work = handed(record_of(delivery.event), self.hands, PATIENCE_SECONDS * 100)
            delivery.task = asyncio.ensure_future(work)

        self.wait(begin())
        self.settle()

    @precondition(lambda self: any(one.held for one in self.deliveries))
    @rule()
    def let_go(self) -> None:
        """The slow handlers go on."""
        for delivery in self.deliveries:
            delivery.held = False
            delivery.gate.set()
        self.settle()

    @rule()
    def an_hour_passes(self) -> None:
        self.now += HOUR + timedelta(seconds=1)

    @rule(dice=st.integers(1, 4))
    def broker(self, dice: int) -> None:
        """Contact with the broker is lost, or there again."""
        self.age = 60.0 if dice == 4 else 0.0
        self.settle()

    @precondition(lambda self: self.deliveries)
    @rule(which=ANY)
    def read(self, which: int) -> None:
        """Somebody asks for a report: shown only under the consent in force, and only if that is certain."""
        delivery = self.deliveries[which % len(self.deliveries)]
        try:
            known = self.projection.in_force(delivery.person.subject)
        except ConsentOutOfDate:
            assert self.age > 10
            return
        assert self.age <= 10
        shown = known is not None and known.consent.permits(CARE)
        assert shown is delivery.person.allows(self.now)

    # what must be true

    def settle(self) -> None:
        """Wait for every delivery that nothing holds back."""
        for delivery in self.deliveries:
            person, task = delivery.person, delivery.task
            if task is None or task.done():
                continue
            known = person.gone or (self.age <= 10 and person.heard >= delivery.event.consent_version)
            if not known or (delivery.held and delivery.begun.is_set()):
                continue
            if delivery.held and person.allows(self.now):
                self.wait(delivery.begun.wait())
            else:
                self.wait(self._ended(task))

    @staticmethod
    async def _ended(task: asyncio.Task[int]) -> None:
        await task

    @invariant()
    def nothing_was_violated(self) -> None:
        assert self.violations == []

    @invariant()
    def nothing_failed(self) -> None:
        for delivery in self.deliveries:
            if delivery.task and delivery.task.done():
                assert delivery.task.result() == 1

    @invariant()
    def of_the_erased_nothing_is_kept(self) -> None:
        for person in self.persons:
            waiting = any(
                one.person is person and one.task and not one.task.done() for one in self.deliveries
            )
            if person.gone and not waiting:
                self.wait(self._nothing_of(person))

    async def _nothing_of(self, person: Person) -> None:
        for entry in await self.parts.store.records(LEDGER, {"subject": person.subject}):
            assert (entry["state"], entry["messages"], entry["documents"]) == ("erased", [], [])
        assert await self.parts.files.owned(self.parts.name, person.subject) == []


def test_nothing_is_used_against_the_consent_then_in_force(
    database: EmbeddedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent_module, "DOUBT_SECONDS", 0.002)
    bounds = settings(
        max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[*HealthCheck]
    )
    with asyncio.Runner() as Consents.runner:
        stores = open_parts(database.uri, tmp_path)
        Consents.opened = Consents.runner.run(stores.__aenter__())
        try:
            run_state_machine_as_test(Consents, settings=bounds)
        finally:
            Consents.runner.run(stores.__aexit__(None, None, None))
