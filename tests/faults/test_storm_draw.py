"""A storm's plan: the same for the same seed, whole, and within its time."""

import pytest
from strikes import DATABASE, KAFKA, LONG_OUTAGE, SHORT_OUTAGE, Kind, short_storm, whole_storm

SERVICES = ["ingest-0", "annotate-0", "prs-0", "report-0"]
SEEDS = range(40)


def test_a_seed_is_one_storm_and_another_seed_is_another() -> None:
    assert whole_storm(1, 600, SERVICES) == whole_storm(1, 600, SERVICES)
    assert whole_storm(1, 600, SERVICES) != whole_storm(2, 600, SERVICES)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_whole_storm_has_every_kind_and_strikes_every_process_in_three_ways(seed: int) -> None:
    plan = whole_storm(seed, 600, SERVICES)

    assert {strike.kind for strike in plan} == set(Kind)
    for kind in (Kind.KILL, Kind.FREEZE, Kind.END):
        assert {s.target for s in plan if s.kind is kind} == {*SERVICES, KAFKA, DATABASE}
    down = [(s.target, s.seconds) for s in plan if s.kind is Kind.OUTAGE]
    assert sorted(down) == [(s, t) for s in (DATABASE, KAFKA) for t in (SHORT_OUTAGE, LONG_OUTAGE)]
    assert all(3 <= s.seconds <= 12 for s in plan if s.kind is Kind.FREEZE)
    assert {s.hours > 0 for s in plan if s.kind is Kind.CLOCK} == {True, False}


@pytest.mark.parametrize("seed", SEEDS)
def test_no_strike_begins_or_lasts_beyond_the_last_submission(seed: int) -> None:
    plan = whole_storm(seed, 600, SERVICES)
    assert all(strike.at >= 10 and strike.at + strike.seconds < 600 for strike in plan)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_short_storm_strikes_a_service_the_broker_and_the_database(seed: int) -> None:
    plan = short_storm(seed, 15, SERVICES)
    (worker,) = {strike.target for strike in plan} - {KAFKA, DATABASE}
    assert worker in SERVICES
    assert len(plan) == 3
    assert next(strike for strike in plan if strike.target == worker).kind is Kind.KILL
