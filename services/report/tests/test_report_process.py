"""The report service as a process of its own, on the real broker and database."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from canheal_chassis.testing import envelope_of
from canheal_cli.processes import Process
from canheal_cli.stack import Stack
from canheal_schemas import (
    Consent,
    ConsentChanged,
    Envelope,
    Event,
    Purpose,
    ReportIssued,
    ReportStatus,
)
from canheal_schemas.identifiers import consent_root, event_id
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

pytestmark = pytest.mark.stack
PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("report")
    with Stack(folder, print, processes=(Process("report"),), stores=(None, None)) as stack:
        stack.wait_ready()
        yield stack


class Line:
    """Says events to the stream and hears the reports."""

    def __init__(self, stack: Stack, stream: Any) -> None:
        self.stream = stream
        self.url = stack.addresses.services["report-0"]
        self.producer = KafkaProducer(bootstrap_servers=stack.addresses.kafka_bootstrap_servers, acks="all")
        self.consumer = KafkaConsumer(bootstrap_servers=stack.addresses.kafka_bootstrap_servers)
        places = [TopicPartition(ReportIssued.topic.name, number) for number in range(12)]
        self.consumer.assign(places)
        self.consumer.seek_to_beginning()

    def say(self, event: Event, envelope: Envelope) -> None:
        self.producer.send(
            event.destination.name, event.to_bytes(), event.key, headers=envelope.to_headers()
        ).get(PATIENCE_SECONDS)

    def consent(self, subject: str, version: int, *purposes: Purpose) -> None:
        event = ConsentChanged(
            subject=subject, consent_version=version, consent=Consent(permitted=purposes), site="BE-UZG"
        )
        root = consent_root(subject, version)
        known = envelope_of(self.stream.received())
        made = {"root_id": root, "event_type": event.event_type}
        made |= {"event_id": event_id(root, "ingest", "", event.event_type)}
        self.say(event, known.model_copy(update=made))

    def reports(self, sample: Any, count: int) -> list[ReportIssued]:
        heard: list[ReportIssued] = []
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(heard) < count and time.monotonic() < deadline:
            for records in self.consumer.poll(timeout_ms=200).values():
                said = (ReportIssued.model_validate_json(record.value) for record in records if record.value)
                heard += [event for event in said if event.sample == sample]
        return heard

    def close(self) -> None:
        self.producer.close()
        self.consumer.close()


@pytest.fixture
def line(report: Stack, stream: Any) -> Iterator[Line]:
    line = Line(report, stream)
    yield line
    line.close()


def get_until(url: str, status: int) -> httpx.Response:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = httpx.get(url)
        if answer.status_code == status or time.monotonic() > deadline:
            return answer
        time.sleep(0.05)


def test_parts_on_the_stream_become_a_page_and_consent_shuts_it_again(line: Line, stream: Any) -> None:
    about = {"sample": uuid4(), "subject": uuid4().hex * 2}
    line.consent(about["subject"], 1, Purpose.OWN_CARE)
    events = [stream.scored(**about), stream.received(**about), stream.annotated(**about)]
    for event in events:
        line.say(event, stream.envelope(event))
    preliminary, final = line.reports(about["sample"], 2)
    assert {preliminary.status, final.status} == {ReportStatus.PRELIMINARY, ReportStatus.FINAL}
    page = httpx.get(line.url + final.links.html)
    assert page.status_code == 200
    assert "version 2 of 2" in page.text
    assert "1 tier I finding" in page.text
    assert httpx.get(line.url + final.links.json_document).json()["status"] == "final"
    line.consent(about["subject"], 2, Purpose.RESEARCH)
    refused = get_until(line.url + final.links.html, 403)
    assert refused.headers["content-type"] == "application/problem+json"


def test_without_consent_only_a_withheld_report_is_said_and_nothing_is_kept(line: Line, stream: Any) -> None:
    about = {"sample": uuid4(), "subject": uuid4().hex * 2}
    line.consent(about["subject"], 1, Purpose.RESEARCH)
    event = stream.annotated(**about)
    line.say(event, stream.envelope(event))
    (said,) = line.reports(about["sample"], 1)
    assert (said.status, said.counts.findings, said.parts) == (ReportStatus.WITHHELD, 0, ())
    assert httpx.get(line.url + said.links.html).status_code == 403


def test_a_dead_letter_ends_the_wait_for_its_part(line: Line, stream: Any) -> None:
    about = {"sample": uuid4(), "subject": uuid4().hex * 2}
    line.consent(about["subject"], 1, Purpose.OWN_CARE)
    received = stream.received(**about)
    known = stream.envelope(received)
    letter = stream.dead("annotate", root_id=known.root_id, **about)
    line.say(received, known)
    line.say(letter, stream.envelope(letter))
    (said,) = line.reports(about["sample"], 1)
    assert (said.status, said.held) == (ReportStatus.FINAL, ("annotate",))
