"""Events and their headers: what goes on the wire comes back, and the same event is the same bytes."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from canheal_schemas import (
    EVENTS,
    MAX_EVENT_BYTES,
    Consent,
    ConsentState,
    DeadLettered,
    Envelope,
    Event,
    Purpose,
    ReportIssued,
    ReportStatus,
)
from pydantic import ValidationError


def test_every_event_class_of_the_contract_has_a_specimen_here(events: list[Event]) -> None:
    assert {type(event) for event in events} == set(EVENTS.values())


def test_every_event_comes_back_as_it_was_and_is_under_the_limit(events: list[Event]) -> None:
    for event in events:
        value = event.to_bytes()
        assert type(event).model_validate_json(value) == event
        assert type(event).model_validate_json(value).to_bytes() == value
        assert len(value) < MAX_EVENT_BYTES


def test_the_bytes_of_an_event_do_not_depend_on_the_process(issued: ReportIssued) -> None:
    """A set or a hash in a model would order its members anew in every process."""
    read_and_say = (
        "import sys; from canheal_schemas import ReportIssued;"
        "sys.stdout.buffer.write(ReportIssued.model_validate_json(sys.stdin.buffer.read()).to_bytes())"
    )
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", read_and_say],
            input=issued.to_bytes(),
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert run.stdout == issued.to_bytes()


def test_consent_is_the_same_bytes_in_whatever_order_its_purposes_are_named() -> None:
    one = Consent(permitted=(Purpose.RESEARCH, Purpose.OWN_CARE, Purpose.RESEARCH))
    other = Consent(permitted=(Purpose.OWN_CARE, Purpose.RESEARCH))
    assert one == other
    assert one.model_dump_json() == other.model_dump_json()


def test_an_event_carries_no_more_than_256_kib() -> None:
    assert MAX_EVENT_BYTES == 262_144


def test_fields_that_a_reader_does_not_know_are_ignored(events: list[Event]) -> None:
    for event in events:
        newer = json.loads(event.to_bytes()) | {"of_tomorrow": {"deep": [1]}}
        assert type(event).model_validate_json(json.dumps(newer)) == event


@pytest.mark.parametrize("name", ["status", "parts", "something_new"])
def test_an_event_cannot_be_changed(issued: ReportIssued, name: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(issued, name, ReportStatus.AMENDED)


def test_the_key_of_an_event_is_the_text_of_the_topics_key_field(events: list[Event]) -> None:
    for event in events:
        assert event.key.decode() == str(getattr(event, event.destination.key))


def test_a_dead_letter_goes_to_its_services_topic_with_the_best_key_there_is(events: list[Event]) -> None:
    dead = next(event for event in events if isinstance(event, DeadLettered))
    assert dead.event_type == "canheal.prs.deadletter.v1"
    assert dead.model_copy(update={"sample": None, "subject": "ab" * 32}).key == b"ab" * 32
    assert dead.model_copy(update={"sample": None}).key == str(dead.root_id).encode()


def test_an_envelope_comes_back_from_its_headers_as_it_was(envelope: Envelope) -> None:
    full = envelope.model_copy(update={"causation_id": UUID(int=5), "traceparent": "00-4bf9-00f0-01"})
    for one in (envelope, full):
        assert Envelope.from_headers(one.to_headers()) == one
    assert {name for name, _ in full.to_headers()} == set(Envelope.model_fields)


def test_an_absent_value_is_no_header_and_a_strange_header_is_ignored(envelope: Envelope) -> None:
    headers = envelope.to_headers()
    assert not {"causation_id", "traceparent"} & {name for name, _ in headers}
    assert all(isinstance(value, bytes) for _, value in headers)
    assert Envelope.from_headers([*headers, ("of-somebody-else", b"\xff\x00")]) == envelope


@pytest.mark.parametrize(
    "missing", ["event_id", "root_id", "event_type", "correlation_id", "occurred_at", "site"]
)
def test_a_record_without_a_header_of_the_contract_is_refused_by_its_name(
    envelope: Envelope, missing: str
) -> None:
    with pytest.raises(ValidationError, match=missing):
        Envelope.from_headers([(name, value) for name, value in envelope.to_headers() if name != missing])


def test_a_malformed_header_is_refused(envelope: Envelope) -> None:
    headers = dict(envelope.to_headers())
    for name, value in [("event_id", b"\xff\xfe"), ("occurred_at", b"2026-01-01T00:00:00")]:
        with pytest.raises(ValidationError, match=name):
            Envelope.from_headers((headers | {name: value}).items())


def test_a_moment_of_another_zone_stays_the_same_moment(envelope: Envelope) -> None:
    brussels = datetime(2026, 1, 1, 13, 30, tzinfo=timezone(timedelta(hours=1)))
    there = envelope.model_copy(update={"occurred_at": brussels})
    assert Envelope.from_headers(there.to_headers()).occurred_at == datetime(2026, 1, 1, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize("purpose", Purpose)
def test_consent_permits_what_it_names_and_nothing_else(purpose: Purpose) -> None:
    assert Consent(permitted=(purpose,)).permits(purpose)
    others = tuple(other for other in Purpose if other is not purpose)
    assert not Consent(permitted=others).permits(purpose)
    assert not Consent(permitted=()).permits(purpose)


@pytest.mark.parametrize("purpose", Purpose)
def test_who_is_erased_permits_nothing(purpose: Purpose) -> None:
    assert not Consent(permitted=tuple(Purpose), state=ConsentState.ERASED).permits(purpose)


def test_a_purpose_that_nobody_defined_is_refused() -> None:
    with pytest.raises(ValidationError, match="permitted"):
        Consent.model_validate({"permitted": ["own-care", "marketing"]})


def version(issued: ReportIssued, status: str, parts: int, revision: int = 1) -> ReportIssued:
    ids = tuple(UUID(int=number) for number in range(parts))
    return issued.model_copy(update={"status": ReportStatus(status), "parts": ids, "revision": revision})


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        (("final", 2), ("preliminary", 1)),
        (("amended", 3), ("final", 2)),
        (("withheld", 0), ("final", 2)),
        (("preliminary", 1, 2), ("final", 2, 1)),
        (("preliminary", 1, 2), ("withheld", 0, 1)),
    ],
)
def test_of_two_reports_on_a_sample_one_supersedes_the_other(
    issued: ReportIssued, newer: tuple[str, int, int], older: tuple[str, int, int]
) -> None:
    assert version(issued, *newer).supersedes(version(issued, *older))
    assert not version(issued, *older).supersedes(version(issued, *newer))


def test_a_report_does_not_supersede_itself(issued: ReportIssued) -> None:
    assert not issued.supersedes(issued)
