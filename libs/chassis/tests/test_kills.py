"""Killed between any two steps, an event still has exactly one outcome, and its bytes never change."""

import signal
from pathlib import Path

import pytest
from bench_workers.kill_at import STEPS
from canheal_schemas import Purpose, VariantsAnnotated
from worker_bench import Bench, consent, sample

pytestmark = pytest.mark.stack


def test_killed_after_each_step_every_event_has_one_outcome(bench: Bench, tmp_path: Path) -> None:
    topic = VariantsAnnotated.topic.name
    bench.say(consent(1, Purpose.OWN_CARE))
    for point in STEPS:
        worker = bench.start("kill_at.py", point, str(tmp_path / point))
        bench.say(sample(point))
        assert worker.wait(timeout=30) == -signal.SIGKILL, f"not killed at {point}\n{bench.logs()}"
    bench.start("kill_at.py", "never", str(tmp_path / "never"))
    bench.wait_for(lambda: len(bench.ids_said(topic)) == len(STEPS))

    values: dict[str, set[bytes]] = {}
    for said in bench.said(topic):
        values.setdefault(str(said.envelope.event_id), set()).add(said.value)
    assert all(len(bytes_of_one_id) == 1 for bytes_of_one_id in values.values())
    assert len(values) == len(STEPS)
