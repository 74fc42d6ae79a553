"""A storm: hospitals send steadily while faults strike; then everything is counted."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from canheal_schemas import ReportIssued, ReportStatus
from evidence import Accepted, Evidence, gather
from judgement import Verdict, judged
from poison import Expected, Put, put
from service_in_storm import ABORTS
from strikes import Kind, Strike, chance_of
from victim import CannotBeDone, Victim

from cohort import Cohort
from hospital import Hospital, NoReport
from wire import settle

AT_ONCE: Final = 8
"""Submissions in flight at most: while the door does not answer, hospitals wait."""
PATIENCE_SECONDS: Final = 240.0
"""How long a hospital tries to send one sample."""


@dataclass(frozen=True, slots=True)
class Struck:
    """A strike and what came of it."""

    strike: Strike
    began: float
    ended: float
    """When what was struck was let alone again (seconds since the epoch)."""
    skipped: str | None = None
    """Why it was not done."""
    recovered_seconds: float | None = None
    """From then until the first final report of a sample that the door took after it."""
    alone: bool = False
    """No other strike fell between its beginning and that report: the seconds are its own."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The storm's result."""

    seed: int
    seconds: float
    per_second: float
    tries_again: int
    """Requests that a hospital had to send again."""
    struck: tuple[Struck, ...]
    verdict: Verdict


@dataclass(slots=True)
class Storm:
    """One storm over one platform."""

    victim: Victim
    cohort: Cohort
    seed: int
    seconds: float
    per_second: float
    say: Callable[[str], None]
    accepted: list[Accepted] = field(default_factory=list)
    expected: list[Expected] = field(default_factory=list)
    _began: float = 0.0

    async def run(self, strikes: Sequence[Strike], drain_seconds: float = 180.0) -> Outcome:
        """Send, strike, wait until all is quiet, judge."""
        services = self.victim.stack.addresses.services
        async with Hospital(services, PATIENCE_SECONDS) as hospital:
            self._began = time.monotonic()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send(hospital))
                tasks = [group.create_task(self._strike(strike, hospital)) for strike in strikes]
            struck = [task.result() for task in tasks]
            await self._quiet(hospital, drain_seconds)
            found = await gather(
                self.victim.bootstrap,
                self.victim.stack.addresses.mongodb_uri,
                hospital,
                self.accepted,
                self.expected,
            )
            tries_again = hospital.retries
        return Outcome(
            self.seed,
            self.seconds,
            self.per_second,
            tries_again,
            tuple(recovered(struck, self.accepted, final_moments(found))),
            judged(found),
        )

    async def _send(self, hospital: Hospital) -> None:
        """One submission a beat, so many in flight; a beat at which there is no room is left out."""
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            async for number in self._beats():
                await room.acquire()
                group.create_task(self._submit(hospital, number, room))

    async def _beats(self) -> AsyncIterator[int]:
        number = 0
        while (passed := time.monotonic() - self._began) < self.seconds:
            yield number
            number += 1
            await asyncio.sleep(max(0.0, 1 / self.per_second - (time.monotonic() - self._began - passed)))

    async def _submit(self, hospital: Hospital, number: int, room: asyncio.Semaphore) -> None:
        """Each tumour in turn, again under another site's name when all were sent."""
        turn, place = divmod(number, len(self.cohort.tumours))
        tumour = self.cohort.tumours[place]
        try:
            await self._taken(hospital, tumour.metadata(f"ZZ-{turn}"), tumour.vcf, tumour.label)
        finally:
            room.release()

    async def _taken(
        self, hospital: Hospital, said: dict[str, Any], vcf: bytes, content: str, *held: str
    ) -> None:
        answer = (await hospital.send(said, vcf)).raise_for_status()
        sample = UUID(answer.json()["sample"])
        self.accepted.append(Accepted(sample, time.time(), content, frozenset(held)))

    async def _strike(self, strike: Strike, hospital: Hospital) -> Struck:
        await asyncio.sleep(max(0.0, self._began + strike.at - time.monotonic()))
        self.say(f"{time.monotonic() - self._began:6.1f} s  {strike.words}")
        began, skipped = time.time(), None
        try:
            await self._do(strike, hospital)
        except CannotBeDone as error:
            skipped = str(error)
            self.say(f"          not done: {skipped}")
        return Struck(strike, began, time.time(), skipped)

    async def _do(self, strike: Strike, hospital: Hospital) -> None:
        victim, target, seconds = self.victim, strike.target, strike.seconds
        match strike.kind:
            case Kind.KILL | Kind.OUTAGE:
                await victim.kill(target, seconds)
            case Kind.FREEZE:
                await victim.freeze(target, seconds)
            case Kind.END:
                await victim.ask_to_end(target)
            case Kind.DISK_FULL:
                await victim.fill_disk(seconds)
            case Kind.POOL_CHILD:
                await victim.kill_pool_child(target)
            case Kind.TWIN:
                await victim.twin(target, seconds)
            case Kind.CLOCK:
                await victim.shift_clock(target, strike.hours, seconds)
            case Kind.ABORT:
                await self._send_aborting(hospital)
            case Kind.POISON | Kind.NEWER_TYPE | Kind.MORE_FIELDS:
                self._expect(await asyncio.to_thread(put, victim.bootstrap, strike, self._chance(strike)))

    async def _send_aborting(self, hospital: Hospital) -> None:
        """A sample whose handler ends its process, every time."""
        tumour = self.cohort.tumours[0]
        label = f"{ABORTS}-{self.seed}"
        said = tumour.metadata("ZZ-ABORT") | {"label": label, "pseudonym": label}
        await self._taken(hospital, said, tumour.vcf, label, "annotate")

    def _chance(self, strike: Strike) -> random.Random:
        return chance_of(f"{self.seed}/{strike.at}")

    def _expect(self, made: Put) -> None:
        if made.expected:
            self.expected.append(made.expected)
        if made.sample:
            self.accepted.append(Accepted(made.sample, time.time(), str(made.sample)))

    async def _quiet(self, hospital: Hospital, within_seconds: float) -> None:
        """Until every sample has its report and every event is handled; what has not, the judgement names."""
        deadline = time.monotonic() + within_seconds
        try:
            await hospital.closed((one.sample for one in self.accepted), within_seconds)
            await asyncio.to_thread(
                settle, self.victim.bootstrap, within_seconds=max(10.0, deadline - time.monotonic())
            )
        except (NoReport, TimeoutError) as error:
            self.say(f"not quiet after {within_seconds:.0f} s: {error}")


def final_moments(found: Evidence) -> dict[UUID, float]:
    """When the broker first had each sample's final report (seconds since the epoch)."""
    moments: dict[UUID, float] = {}
    for record in found.wire:
        if record.topic == ReportIssued.topic.name:
            event = ReportIssued.model_validate_json(record.value)
            if event.status is ReportStatus.FINAL:
                moments.setdefault(event.sample, record.timestamp_ms / 1000)
    return moments


def recovered(
    struck: Sequence[Struck], accepted: Sequence[Accepted], moments: Mapping[UUID, float]
) -> Iterator[Struck]:
    """Each strike with its seconds, measured over the whole chain: door to final report."""
    for one in struck:
        later = [moments[a.sample] for a in accepted if a.at > one.ended and a.sample in moments]
        if one.skipped is None and later:
            back = min(later)
            alone = not any(o.began < back and o.ended > one.began for o in struck if o is not one)
            yield replace(one, recovered_seconds=round(back - one.ended, 1), alone=alone)
        else:
            yield one
