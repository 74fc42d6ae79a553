"""The snippet of docs/subscribing.md, run as it stands against the real broker."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from canheal_cli.topics import apply_topics
from canheal_schemas import Envelope, ReportIssued, ReportLinks, ReportStatus, SampleKind
from kafka import KafkaProducer

pytestmark = pytest.mark.stack

PAGE = Path(__file__).parents[2] / "docs/subscribing.md"
TOPIC = ReportIssued.topic.name


def snippet() -> str:
    blocks: list[str] = re.findall(
        r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    (only,) = blocks
    return only


@dataclass
class Reports:
    """The report service's voice."""

    producer: KafkaProducer

    def say(self, report: ReportIssued, event_id: UUID | None = None) -> UUID:
        envelope = Envelope(
            event_id=event_id or uuid4(),
            root_id=uuid4(),
            event_type=TOPIC,
            correlation_id=uuid4(),
            occurred_at=datetime.now(UTC),
            site=report.site,
        )
        self.send(report.key, report.to_bytes(), envelope.to_headers())
        return envelope.event_id

    def send(self, key: bytes, value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
        self.producer.send(TOPIC, key=key, value=value, headers=headers).get(timeout=10)


@pytest.fixture
def reports(kafka) -> Iterator[Reports]:
    apply_topics(kafka.bootstrap)
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    yield Reports(producer)
    producer.close()


@pytest.fixture
def follow(kafka, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts the page's program, as a reader who saved it would."""
    program = tmp_path / "follow.py"
    program.write_text(snippet(), "utf-8")
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        environment = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap, "PATH": ""}
        run = subprocess.Popen(
            [sys.executable, program],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=tmp_path,
        )
        started.append(run)
        return run

    yield start
    for run in started:
        interrupt(run)


def interrupt(run: subprocess.Popen[str]) -> None:
    """Ctrl-C, as its reader would stop it; a group that it does not leave waits 45 s for it."""
    if run.poll() is None:
        run.send_signal(signal.SIGINT)
    try:
        _, errors = run.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        run.kill()
        run.communicate()
        raise
    assert "KeyboardInterrupt" in errors


def report(sample: UUID, status: ReportStatus, parts: int, revision: int = 1) -> ReportIssued:
    identifier = uuid4()
    return ReportIssued(
        sample=sample,
        revision=revision,
        subject="ab" * 32,
        consent_version=1,
        site="BE-UZG",
        country="BE",
        report_id=identifier,
        status=status,
        kind=SampleKind.TUMOUR,
        parts=tuple(UUID(int=number) for number in range(parts)),
        links=ReportLinks(
            html=f"/v1/reports/{identifier}.html", json_document=f"/v1/reports/{identifier}.json"
        ),
    )


def lines_until(run: subprocess.Popen[str], last: str, sample: UUID) -> list[str]:
    """What it prints of this sample, up to and with the line that begins so."""
    assert run.stdout is not None
    found: list[str] = []
    for line in run.stdout:
        if str(sample) in line:
            found.append(line.strip())
            if line.startswith(last):
                return found
    pytest.fail(f"The program ended before {last!r}: {found} {run.stderr.read() if run.stderr else ''}")


def told(one: ReportIssued) -> str:
    return f"{one.status} {one.sample} {one.links.json_document}"


def test_the_snippet_is_about_twenty_lines_long() -> None:
    assert len([line for line in snippet().splitlines() if line.strip()]) <= 25


def test_the_snippet_says_each_newer_version_once_and_drops_duplicates_and_older_ones(
    reports: Reports, follow: Callable[[], subprocess.Popen[str]]
) -> None:
    sample = uuid4()
    first, final = report(sample, ReportStatus.PRELIMINARY, 1), report(sample, ReportStatus.FINAL, 2)
    mended = report(sample, ReportStatus.PRELIMINARY, 1, revision=2)
    once = reports.say(first)
    reports.say(first, once)
    twice = reports.say(final)
    reports.say(final, twice)
    reports.say(first, once)
    reports.say(report(sample, ReportStatus.PRELIMINARY, 1))  # another event, but older by its parts
    reports.say(mended)
    reports.say(report(sample, ReportStatus.AMENDED, 3))  # of the superseded revision
    reports.send(str(sample).encode(), None, [])
    reports.say(final, twice)  # nothing to compare with any more, but its id is known
    last = report(sample, ReportStatus.WITHHELD, 0)  # the sample begins anew
    reports.say(last)
    assert lines_until(follow(), "withheld", sample) == [
        told(first),
        told(final),
        told(mended),
        f"erased {sample}",
        told(last),
    ]


def test_a_restarted_snippet_goes_on_behind_what_it_committed(
    reports: Reports, follow: Callable[[], subprocess.Popen[str]]
) -> None:
    sample = uuid4()
    before, after = report(sample, ReportStatus.PRELIMINARY, 1), report(sample, ReportStatus.WITHHELD, 0)
    reports.say(before)
    reports.say(report(sample, ReportStatus.FINAL, 2))
    run = follow()
    assert lines_until(run, "final", sample)[0] == told(before)
    interrupt(run)
    reports.say(after)
    lines = lines_until(follow(), "withheld", sample)
    assert lines[-1] == told(after)
    assert told(before) not in lines
