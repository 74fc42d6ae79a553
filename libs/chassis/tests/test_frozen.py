"""A frozen worker beside its successor: both finish the same event, one outcome is true."""

import signal
from pathlib import Path

import pytest
from canheal_schemas import Purpose, VariantsAnnotated
from worker_bench import Bench, consent, sample

pytestmark = pytest.mark.stack


def test_a_thawed_worker_says_what_its_successor_stored(bench: Bench, tmp_path: Path) -> None:
    topic = VariantsAnnotated.topic.name
    bench.say(consent(1, Purpose.OWN_CARE))
    workers = {
        name: bench.start("slow.py", "2", str(tmp_path), instance=name)
        for name in ("annotate-0", "annotate-1")
    }
    bench.say(sample("frozen"))
    bench.wait_for(lambda: any(tmp_path.glob("*.in-hand")))
    frozen = next(tmp_path.glob("*.in-hand")).name.removesuffix(".in-hand")
    workers[frozen].send_signal(signal.SIGSTOP)
    bench.wait_for(lambda: len(bench.said(topic)) == 1, seconds=40)
    (by_successor,) = bench.said(topic)
    assert VariantsAnnotated.model_validate_json(by_successor.value).reason != frozen

    workers[frozen].send_signal(signal.SIGCONT)
    bench.wait_for(lambda: len(bench.said(topic)) == 2, seconds=40)
    assert {(said.envelope.event_id, said.value) for said in bench.said(topic)} == {
        (by_successor.envelope.event_id, by_successor.value)
    }
