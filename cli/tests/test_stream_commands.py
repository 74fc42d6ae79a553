"""The commands that read the stream, on the real broker with the contract's own events."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer
from canheal_cli.commands import report
from canheal_cli.commands.submit import arrivals
from canheal_cli.errors import NotReadyError
from canheal_cli.events import Feed, Seen, describe
from canheal_cli.follow import Journey
from canheal_cli.topics import apply_topics
from canheal_process.errors import Unreachable
from canheal_schemas import (
    Assay,
    AssayType,
    BlobRef,
    DeadLettered,
    Envelope,
    Event,
    GenomeBuild,
    PartStatus,
    ReportIssued,
    ReportLinks,
    ReportStatus,
    SampleContext,
    SampleKind,
    SampleReceived,
    VariantsAnnotated,
)
from kafka import KafkaProducer
from typer.testing import CliRunner

pytestmark = pytest.mark.stack

BLOB = BlobRef(blob_id=uuid4(), size=1, key_id="k", hmac_sha256="0" * 64)
CONTEXT = SampleContext(
    label="T1", kind=SampleKind.TUMOUR, assay=Assay(type=AssayType.PANEL), build=GenomeBuild.GRCH38
)


class Speaker:
    """Says events as a service would."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all")

    def say(self, event: Event) -> UUID:
        envelope = Envelope(
            event_id=uuid4(),
            root_id=uuid4(),
            event_type=event.event_type,
            correlation_id=uuid4(),
            occurred_at=datetime.now(UTC),
            site="BE-UZG",
        )
        self.raw(event.event_type, event.key, event.to_bytes(), envelope.to_headers())
        return envelope.event_id

    def raw(self, topic: str, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        self._producer.send(topic, key=key, value=value, headers=headers).get(timeout=10)

    def close(self) -> None:
        self._producer.close()


def say_with_a_null_header(bootstrap: str) -> None:
    """Kafka lets a header be null; kafka-python cannot write it, but reads it."""

    async def say() -> None:
        async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
            no_word: Any = None
            await producer.send_and_wait(
                SampleReceived.topic.name, b"{}", key=b"k", headers=[("event_id", no_word)]
            )

    asyncio.run(say())


@pytest.fixture
def speaker(kafka) -> Iterator[Speaker]:
    apply_topics(kafka.bootstrap)
    speaker = Speaker(kafka.bootstrap)
    yield speaker
    speaker.close()


@pytest.fixture
def sample() -> dict[str, object]:
    return {
        "sample": uuid4(),
        "revision": 1,
        "subject": "ab" * 32,
        "consent_version": 1,
        "site": "BE-UZG",
        "country": "BE",
    }


def received(sample: dict[str, object]) -> SampleReceived:
    return SampleReceived.model_validate(sample | {"vcf": BLOB, "context": CONTEXT})


def issued(sample: dict[str, object], status: ReportStatus, parts: int) -> ReportIssued:
    identifier = uuid4()
    links = ReportLinks(html=f"/v1/reports/{identifier}.html", json_document=f"/v1/reports/{identifier}.json")
    facts = {"report_id": identifier, "status": status, "kind": SampleKind.TUMOUR, "links": links}
    return ReportIssued.model_validate(sample | facts | {"parts": tuple(uuid4() for _ in range(parts))})


def dead(sample: dict[str, object]) -> DeadLettered:
    origin = {"topic_name": "canheal.sample.received.v1", "partition": 0, "offset": 7}
    why = {"error": "handler-failed", "message": "the handler raised three times", "attempt": 1}
    facts = {"service": "annotate", "input_type": origin["topic_name"], "root_id": uuid4(), "body": BLOB}
    return DeadLettered.model_validate(sample | origin | why | facts)


def test_a_sample_is_followed_until_its_final_report_and_no_further(kafka, speaker, sample) -> None:
    other = sample | {"sample": uuid4()}
    journey = Journey("T1", sample["sample"], 1)
    with Feed(kafka.bootstrap) as feed:
        speaker.say(received(sample))
        speaker.say(received(other))
        annotated = sample | {
            "status": PartStatus.DONE,
            "context": CONTEXT,
            "expects": (),
            "findings_total": 3,
        }
        speaker.say(VariantsAnnotated.model_validate(annotated))
        speaker.say(issued(sample, ReportStatus.PRELIMINARY, 1))
        final = issued(sample, ReportStatus.FINAL, 2)
        speaker.say(final)
        seen = list(arrivals(feed, [journey]))
    assert {item.event.sample for item in seen} == {sample["sample"]}
    assert journey.report == final
    assert journey.variants.findings_total == 3
    assert 0 <= journey.seconds < 10


def test_an_older_report_that_arrives_late_does_not_replace_the_newer_one(sample) -> None:
    journey = Journey("T1", sample["sample"], 1)
    final = issued(sample, ReportStatus.FINAL, 2)
    for event in (final, issued(sample, ReportStatus.PRELIMINARY, 1)):
        envelope = Envelope(
            event_id=uuid4(),
            root_id=uuid4(),
            event_type=event.event_type,
            correlation_id=uuid4(),
            occurred_at=datetime.now(UTC),
            site="BE-UZG",
        )
        journey.take(Seen(envelope, event, event.event_type, datetime.now(UTC)))
    assert journey.report == final


def test_a_silent_stream_is_given_up_with_the_samples_named(kafka, speaker, sample) -> None:
    with Feed(kafka.bootstrap) as feed, pytest.raises(NotReadyError, match="No report yet for T1"):
        list(arrivals(feed, [Journey("T1", sample["sample"], 1)], patience_seconds=0.5))


def test_what_this_contract_cannot_read_is_counted_and_the_rest_is_shown(kafka, speaker, sample) -> None:
    topic = SampleReceived.topic.name
    with Feed(kafka.bootstrap, [topic]) as feed:
        speaker.raw(topic, b"k", b"{", [("event_type", topic.encode())])
        say_with_a_null_header(kafka.bootstrap)
        speaker.say(received(sample))
        seen: list[Seen] = []
        for _ in range(10):
            seen += feed.poll(0.5)
            if seen and feed.unread == 2:
                break
    assert [item.event.sample for item in seen] == [sample["sample"]]
    assert feed.unread == 2


def test_the_newest_report_of_a_sample_is_found_by_the_samples_id_and_each_by_its_own(
    kafka, speaker, sample
) -> None:
    first, second = issued(sample, ReportStatus.PRELIMINARY, 1), issued(sample, ReportStatus.FINAL, 2)
    speaker.say(second)
    speaker.say(first)
    assert report.newest(kafka.bootstrap, sample["sample"]) == second
    assert report.newest(kafka.bootstrap, first.report_id) == first
    assert report.newest(kafka.bootstrap, uuid4()) is None


def test_events_are_described_by_counts_not_by_findings(sample) -> None:
    assert describe(received(sample)) == "tumour panel, GRCh38 (declared)"
    withheld = {"status": PartStatus.WITHHELD, "reason": "no consent", "context": CONTEXT, "expects": ()}
    assert describe(VariantsAnnotated.model_validate(sample | withheld)) == "withheld: no consent"
    assert describe(issued(sample, ReportStatus.FINAL, 2)).startswith("final: tier I 0, II 0")
    assert describe(dead(sample)).startswith("annotate gave up (handler-failed, attempt 1)")


@pytest.fixture
def service() -> Iterator[tuple[str, list[str]]]:
    """An HTTP server that says what it was asked."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.path.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_a_report_is_fetched_in_the_form_that_was_asked_for(
    kafka, speaker, sample, service, monkeypatch
) -> None:
    url, _ = service
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap)
    monkeypatch.setenv("CANHEAL_REPORT_URL", url)
    event = issued(sample, ReportStatus.FINAL, 2)
    speaker.say(event)
    page = CliRunner().invoke(report.app, [str(sample["sample"]), "--format", "html"])
    document = CliRunner().invoke(report.app, [str(event.report_id)])
    assert page.stdout.strip() == event.links.html
    assert document.stdout.strip() == event.links.json_document


def test_watch_writes_each_event_as_json_and_ends_well_on_ctrl_c(kafka, speaker, sample, tmp_path) -> None:
    say_with_a_null_header(kafka.bootstrap)  # it once ended watch
    event_id = str(speaker.say(received(sample)))
    env = os.environ | {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap}
    command = [Path(sys.executable).with_name("canheal"), "watch", "--from-start", "--json"]
    with (
        (tmp_path / "stderr").open("w+") as stderr,
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=stderr, text=True) as watch,
    ):
        assert watch.stdout is not None
        ids = (json.loads(line)["envelope"]["event_id"] for line in watch.stdout)
        assert event_id in ids, (tmp_path / "stderr").read_text()  # it ended: why stands there
        watch.send_signal(signal.SIGINT)
        assert watch.wait(timeout=30) == 0


def test_an_absent_broker_is_named_when_the_stream_is_read() -> None:
    with pytest.raises(Unreachable, match=r"No Kafka broker answers at 127\.0\.0\.1:9"):
        Feed("127.0.0.1:9")
