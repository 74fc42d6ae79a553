"""A rolling upgrade: two versions of an event's reader share a topic, each reads what either writer says."""

import json
from pathlib import Path

import jsonschema
import pytest
from bench_workers.newer import NewerSample
from canheal_schemas import Purpose, SampleReceived, VariantsAnnotated
from worker_bench import Bench, consent, sample

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]
RELEASED = Path(__file__).parents[3] / "schemas/released/v1"
EACH = 15
SECONDS = 180.0


def newer(label: str) -> NewerSample:
    return NewerSample(**sample(label).model_dump(), ward=f"ward of {label}")


def outcomes(bench: Bench) -> dict[str, str]:
    """Who handled which sample, by its label."""
    said = [
        VariantsAnnotated.model_validate_json(one.value) for one in bench.said(VariantsAnnotated.topic.name)
    ]
    return {one.context.label: one.reason or "" for one in said}


def test_the_newer_event_is_one_of_the_released_contract_too() -> None:
    schema = json.loads((RELEASED / f"{SampleReceived.topic.name}.schema.json").read_text())
    jsonschema.validate(json.loads(newer("n").to_bytes()), schema)


def test_old_and_new_workers_side_by_side_handle_old_and_new_events_once_each(
    bench: Bench, tmp_path: Path
) -> None:
    bench.say(consent(1, Purpose.OWN_CARE))
    old = bench.start("slow.py", "0", str(tmp_path), instance="annotate-0")
    bench.start("newer.py", str(tmp_path), instance="annotate-1")
    bench.wait_for(
        lambda: all("started" in log.read_text() for log in tmp_path.glob("annotate-*.log")), SECONDS
    )
    events = [make(f"{kind}-{number}") for number in range(EACH) for kind, make in MAKERS.items()]
    bench.say(*events)
    bench.wait_for(lambda: len(outcomes(bench)) == 2 * EACH, SECONDS)
    told = outcomes(bench)
    both = {(label.partition("-")[0], reason.partition(" ")[0]) for label, reason in told.items()}
    assert both == {("old", "annotate-0"), ("new", "annotate-0"), ("old", "newer"), ("new", "newer")}
    assert len(bench.ids_said(VariantsAnnotated.topic.name)) == 2 * EACH

    old.terminate()  # the last old one is replaced
    old.wait()
    bench.start("newer.py", str(tmp_path), instance="annotate-0")
    bench.say(*(make(f"{kind}-late") for kind, make in MAKERS.items()))
    bench.wait_for(lambda: len(outcomes(bench)) == 2 * EACH + 2, SECONDS)
    late = {label: reason for label, reason in outcomes(bench).items() if label.endswith("late")}
    assert {reason.partition(" ")[0] for reason in late.values()} == {"newer"}
    wards = dict(
        line.split(" ", 1) for file in tmp_path.glob("*.wards") for line in file.read_text().splitlines()
    )
    assert wards["new-late"] == "ward of new-late"
    assert wards["old-late"] == "None"


MAKERS = {"old": sample, "new": newer}
