"""A log line is JSON, carries ids and counts only, and an outage does not flood the disk."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from canheal_process.telemetry import FIELDS, Sparing, bind, log, set_up_logs


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Logs set up as a process does; gives what was written so far, read as JSON."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    root.handlers = []  # else they would be closed, pytest's among them
    written = io.StringIO()
    monkeypatch.setattr("sys.stdout", written)
    set_up_logs("info", service="annotate", instance="annotate-0")

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in written.getvalue().splitlines()]

    yield read
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.level, root.handlers = before


def test_a_line_is_json_with_time_service_and_the_events_correlation(lines: Any) -> None:
    bind(event_type="canheal.sample.received.v1", correlation_id="c-1")
    log("handled", seconds=0.5)
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "handled",
        "level": "info",
        "service": "annotate",
        "instance": "annotate-0",
        "event_type": "canheal.sample.received.v1",
        "correlation_id": "c-1",
        "seconds": 0.5,
    }


async def test_two_events_in_hand_at_once_keep_their_own_correlation(lines: Any) -> None:
    async def handle(name: str) -> None:
        bind(correlation_id=name)
        await asyncio.sleep(0.01)
        log("handled", where=name)

    await asyncio.gather(*(asyncio.create_task(handle(name)) for name in "abc"))
    found = lines()
    assert len(found) == 3
    assert all(line["correlation_id"] == line["where"] for line in found)


def test_the_next_event_carries_nothing_of_the_one_before(lines: Any) -> None:
    bind(event_type="a", correlation_id="1")
    bind(correlation_id="2")
    log("handled")
    assert "event_type" not in lines()[0]


@pytest.mark.parametrize("field", ["genotype", "patient", "body", "subject", "value"])
def test_a_field_that_is_not_on_the_list_is_refused(field: str) -> None:
    assert field not in FIELDS
    with pytest.raises(ValueError, match=field) as refused:
        log("handled", **{field: "Jane Doe"})
    assert "Jane Doe" not in str(refused.value)


def test_an_event_name_that_is_not_on_the_list_is_refused() -> None:
    name: Any = "patient Jane Doe came"
    with pytest.raises(ValueError, match="not on the lists"):
        log(name)


def test_a_librarys_warning_is_a_json_line_that_names_the_library(lines: Any) -> None:
    logging.getLogger("aiokafka.cluster").warning("no %s", "brokers")
    logging.getLogger("aiokafka.cluster").info("not said")
    (line,) = lines()
    assert (line["event"], line["logger"], line["level"]) == ("no brokers", "aiokafka.cluster", "warning")
    assert line["service"] == "annotate"


def record(line: int, created: float, name: str = "aiokafka") -> logging.LogRecord:
    made = logging.LogRecord(name, logging.ERROR, "x.py", line, "no broker", (), None)
    made.created = created
    return made


def test_the_same_line_of_a_library_is_said_once_in_ten_seconds() -> None:
    sparing = Sparing(10)
    said = [second for second in range(25) if sparing.filter(record(7, 1000.0 + second))]
    assert said == [0, 10, 20]


def test_other_lines_and_other_libraries_are_not_silenced_by_it() -> None:
    sparing = Sparing(10)
    assert sparing.filter(record(7, 1000.0))
    assert sparing.filter(record(8, 1000.0))
    assert sparing.filter(record(7, 1000.0, "faust"))


def test_an_outage_that_fails_a_thousand_times_is_one_line(lines: Any) -> None:
    for _ in range(1000):
        logging.getLogger("faust").error("cannot connect")
    assert len(lines()) == 1
