"""What a person is told of samples on their way, in a narrow place that is no terminal."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from canheal_cli.commands import options, submit
from canheal_cli.commands.status import in_short
from canheal_cli.follow import Journey, remarks
from canheal_schemas import (
    Assay,
    AssayType,
    GenomeBuild,
    ReportIssued,
    ReportLinks,
    ReportStatus,
    RiskScored,
    RiskStatus,
    SampleContext,
    SampleKind,
)
from rich.console import Console

WHY = "a polygenic score is about the germline; this sample is a tumour and was sequenced without a normal"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    text = io.StringIO()
    for module in (options, submit):
        monkeypatch.setattr(module, "console", Console(file=text, width=80))
    monkeypatch.setenv("CANHEAL_REPORT_URL", "http://127.0.0.1:8401")
    return text


def finished(label: str, *, known: bool = False) -> Journey:
    sample = uuid4()
    about = {"sample": sample, "revision": 1, "subject": "ab" * 32, "consent_version": 1}
    about |= {"site": "BE-UZG", "country": "BE"}
    context = SampleContext(
        label=label, kind=SampleKind.TUMOUR, assay=Assay(type=AssayType.PANEL), build=GenomeBuild.GRCH38
    )
    risk = {"status": RiskStatus.NOT_APPLICABLE, "reason": WHY, "context": context, "expects": ()}
    identifier = uuid4()
    issued = {
        "report_id": identifier,
        "status": ReportStatus.FINAL,
        "kind": SampleKind.TUMOUR,
        "links": ReportLinks(html=f"/v1/reports/{identifier}.html", json_document="/v1/reports/x.json"),
        "parts": (uuid4(), uuid4()),
    }
    began = datetime(2026, 1, 1, tzinfo=UTC)
    return Journey(
        label,
        sample,
        1,
        known=known,
        received_at=began,
        risk=RiskScored.model_validate(about | risk),
        report=ReportIssued.model_validate(about | issued),
        reported_at=began + timedelta(seconds=1.5),
    )


def test_every_link_is_whole_on_a_line_of_its_own(told: io.StringIO) -> None:
    journeys = [finished("DEMO-" + "X" * 60), finished("T2")]
    submit.tell_links(journeys, Path("nowhere"))
    ends = {line.split()[-1] for line in told.getvalue().splitlines()}
    assert {f"http://127.0.0.1:8401{journey.report.links.html}" for journey in journeys} <= ends


class Silent:
    """A feed on which nothing comes: every journey is done."""

    rewound = 0

    def rewind(self) -> None:
        self.rewound += 1

    def poll(self, _seconds: float) -> list[object]:
        return []


def test_where_nobody_sees_it_fill_the_table_ends_its_line_and_gives_a_reason_once(told: io.StringIO) -> None:
    submit.follow_live(Silent(), [finished("T1"), finished("T2")])
    *drawn, last, remark = told.getvalue().splitlines()
    assert last.endswith("┘")
    assert remark == f"T1, T2: risk not applicable: {WHY}"
    assert "germline;" not in "".join(drawn)


def test_what_was_there_already_has_no_seconds_of_its_own(told: io.StringIO) -> None:
    assert finished("T1").seconds == 1.5
    journey = finished("T1", known=True)
    assert journey.seconds is None
    feed = Silent()
    submit.follow_live(feed, [journey])
    assert "known" in told.getvalue()
    assert feed.rewound == 1


def test_an_answer_of_the_door_says_whether_the_content_was_new() -> None:
    answer = {"sample": str(UUID(int=1)), "revision": 2, "label": "T1"}
    assert submit.journey_of(Path("a.vcf"), {**answer, "new": False}).known
    assert not submit.journey_of(Path("a.vcf"), {**answer, "new": True}).known


def test_no_remark_is_made_of_a_sample_that_has_every_part() -> None:
    assert remarks([Journey("T1", uuid4(), 1)]) == []


def test_where_a_sample_is_reads_in_words_with_the_reports_whole_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CANHEAL_REPORT_URL", "http://127.0.0.1:8401")
    standing = {
        "parts": {
            "annotate": {"status": "done", "reason": None},
            "prs": {"status": "refused", "reason": "why"},
        },
        "report": {"status": "final", "html": "/v1/reports/1.html", "json": "/v1/reports/1.json"},
    }
    told = in_short(standing, Path("nowhere"))
    assert told["parts"] == {"annotate": "done", "prs": "refused: why"}
    assert told["report"]["html"] == "http://127.0.0.1:8401/v1/reports/1.html"
