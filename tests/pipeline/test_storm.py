"""200 tumours while every part of the platform is killed once, at moments drawn from a printed seed."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from canheal_cli.stack import Stack

from cohort import Cohort
from hospital import Hospital
from wire import DEAD_LETTERS, announced_twice, by_event, finals, records, settle

SEED = "CANHEAL_STORM_SEED"
AT_ONCE = 4
QUIET = 5
"""Samples taken before the first and after the last kill."""


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Stack]:
    """A platform of its own, broker and database included: its supervisor starts again what is killed."""
    with Stack(tmp_path, print, stores=(None, None)) as stack:
        stack.wait_ready()
        yield stack


def drawn(seed: int, slots: list[str], samples: int) -> dict[int, str]:
    """Which slot is killed when so many samples were taken."""
    chance = random.Random(seed)  # noqa: S311 no secret
    moments = chance.sample(range(QUIET, samples - QUIET), len(slots))
    return dict(zip(moments, slots, strict=True))


async def test_two_hundred_tumours_survive_a_kill_of_every_part(victim: Stack, cohort: Cohort) -> None:
    seed = int(os.environ.get(SEED, time.time_ns() % 10**6))
    slots = list(victim.supervisor.slots)
    kills = drawn(seed, slots, len(cohort.tumours))
    print(f"{SEED}={seed}", kills)
    assert {"kafka", "database", "ingest-0", "annotate-0", "prs-0", "report-0"} == set(slots)

    def strike(taken: int) -> None:
        if taken in kills:
            victim.supervisor.kill(kills.pop(taken))

    async with Hospital(victim.addresses.services) as hospital:
        samples = await hospital.send_all(cohort.submissions(), AT_ONCE, strike)
        await hospital.closed(samples, within_seconds=120)
    bootstrap = victim.addresses.kafka_bootstrap_servers
    settle(bootstrap, within_seconds=60)
    found = records(bootstrap)

    assert not kills
    assert len(set(samples)) == 200
    assert all(len(ids) == 1 for ids in finals(found, samples).values())
    assert not announced_twice(found)
    assert all(len(said) == 1 for said in by_event(found).values()), "bytes changed under an event id"
    assert not [record for record in found if record.topic in DEAD_LETTERS]
    assert all(slot.restarts for slot in victim.supervisor.slots.values())
