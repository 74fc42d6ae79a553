"""The short storm of `make test`: a worker, the broker and the database, at moments from a printed seed.

The whole one, with every kind of fault, is `make test-faults`.
"""

from pathlib import Path

import pytest
from run_storm import SEED, drawn_seed
from storm import Storm
from strikes import short_storm
from victim import Victim

from cohort import read_cohort

TUMOURS, SECONDS, PER_SECOND = 100, 15.0, 4.0

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]  # others may be at work on the same cores


async def test_tumours_survive_a_strike_at_a_worker_the_broker_and_the_database(
    tmp_path: Path, test_data: Path
) -> None:
    seed = drawn_seed()
    print(f"{SEED}={seed}")
    with Victim(tmp_path / "platform", print, own_disk=False) as victim:
        storm = Storm(victim, read_cohort(test_data, TUMOURS), seed, SECONDS, PER_SECOND, print)
        outcome = await storm.run(short_storm(seed, SECONDS, victim.services))

    verdict = outcome.verdict
    assert verdict.accepted >= 20
    assert (verdict.lost, verdict.doubled, verdict.wrong) == ((), (), ())
    assert verdict.final_reports == verdict.accepted
