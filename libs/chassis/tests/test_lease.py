"""One holder at a time, whoever is killed, frozen or cut off; no clock is compared with another's."""

import asyncio

import pytest
from canheal_chassis import lease as module
from canheal_chassis.lease import LEASE_SECONDS, Lease
from canheal_process.errors import Unreachable
from chassis_parts import Parts

pytestmark = pytest.mark.stack


def never() -> None:
    pytest.fail("it was taken from a holder that beats")


class Clock:
    """A process's monotonic clock."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Candidates:
    """Processes that want one lease, each with its own clock."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.clocks: dict[str, Clock] = {}
        self.taken_from: list[str] = []

    def one(self, slot: str) -> Lease:
        async def before(holder: str) -> None:
            self.taken_from.append(holder)

        clock = self.clocks.setdefault(slot, Clock(1000.0 * (1 + len(self.clocks))))
        return Lease(self._parts.store, "thing", slot, before, clock)

    def pass_time(self, seconds: float, *, but: str = "") -> None:
        for slot, clock in self.clocks.items():
            clock.now += seconds if slot != but else 0.0


@pytest.fixture
def candidates(parts: Parts) -> Candidates:
    return Candidates(parts)


async def test_of_many_that_ask_at_once_one_holds(candidates: Candidates) -> None:
    leases = [candidates.one(f"s{number}") for number in range(6)]
    assert sum(await asyncio.gather(*(lease.beat() for lease in leases))) == 1
    assert sum(lease.held for lease in leases) == 1


async def test_whoever_beats_keeps_it_for_ever(candidates: Candidates) -> None:
    holder, other = candidates.one("a"), candidates.one("b")
    for _ in range(3 * int(LEASE_SECONDS)):
        assert await holder.beat()
        assert not await other.beat()
        candidates.pass_time(1)


async def test_a_beat_that_stands_still_is_taken_over_once_and_the_late_holder_knows(
    candidates: Candidates,
) -> None:
    holder, others = candidates.one("a"), [candidates.one(slot) for slot in "bcd"]
    await holder.beat()
    assert not any([await other.beat() for other in others])
    candidates.pass_time(LEASE_SECONDS)
    assert not holder.held, "it would still act"
    assert sum(await asyncio.gather(*(other.beat() for other in others))) == 1
    assert set(candidates.taken_from) == {"a"}
    assert not await holder.beat()
    assert not await holder.beat(), "it took the lease back from one that beats"


async def test_a_clock_that_runs_ahead_takes_nothing_from_one_that_beats(candidates: Candidates) -> None:
    holder, other = candidates.one("a"), candidates.one("b")
    await holder.beat()
    await other.beat()
    candidates.clocks["b"].now += 3600
    await holder.beat()
    assert not await other.beat()
    assert await holder.beat()


async def test_what_is_given_back_is_free_at_once_and_so_is_what_the_slots_former_process_held(
    candidates: Candidates,
) -> None:
    await candidates.one("a").beat()
    successor, other = candidates.one("a"), candidates.one("b")
    assert await successor.beat()
    assert not await other.beat()
    await successor.release()
    assert not successor.held
    assert await other.beat()
    assert candidates.taken_from == []


async def test_a_database_that_is_silent_is_no_beat_that_stands_still(
    candidates: Candidates, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.01)
    holder, other = candidates.one("a"), candidates.one("b")
    await holder.beat()
    await other.beat()
    silent = asyncio.Event()

    async def unreachable(*_: object) -> None:
        silent.set()
        raise Unreachable("the database does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(type(parts.store), "record", unreachable)
        keeping = asyncio.ensure_future(other.keep(never))
        await asyncio.wait_for(silent.wait(), 5)
        candidates.pass_time(60)
        await asyncio.sleep(0.05)
        keeping.cancel()
    assert not await other.beat()
    assert await holder.beat()
