"""Where a sample is, as the events tell it: in any order, again, and with what went wrong."""

from datetime import UTC, datetime
from itertools import permutations
from uuid import UUID, uuid4

from canheal_chassis.testing import envelope_of
from canheal_ingest.in_force import InForce
from canheal_ingest.progress import ACCEPT_TO_REPORT_SECONDS, Progress
from canheal_ingest.records import SampleRecord, SubjectRecord
from canheal_ingest.standing import standing
from canheal_schemas import (
    Assay,
    AssayType,
    BlobRef,
    Consent,
    DeadLettered,
    Envelope,
    Event,
    GenomeBuild,
    PartStatus,
    Purpose,
    ReportIssued,
    ReportLinks,
    ReportStatus,
    RiskScored,
    RiskStatus,
    SampleContext,
    SampleKind,
    VariantsAnnotated,
)
from canheal_schemas.identifiers import sample_root

SAMPLE = uuid4()
SUBJECT = "ab" * 32
BLOB = BlobRef(blob_id=uuid4(), size=1, key_id=SUBJECT, hmac_sha256=SUBJECT)
CONTEXT = SampleContext(
    label="S1", kind=SampleKind.TUMOUR, assay=Assay(type=AssayType.PANEL), build=GenomeBuild.GRCH38
)


def base(revision: int = 1) -> dict[str, object]:
    return {
        "sample": SAMPLE,
        "revision": revision,
        "subject": SUBJECT,
        "consent_version": 1,
        "site": "BE-TEST",
        "country": "BE",
    }


def variants(revision: int = 1) -> VariantsAnnotated:
    return VariantsAnnotated.model_validate(
        base(revision) | {"status": PartStatus.DONE, "context": CONTEXT, "expects": ()}
    )


def risk(revision: int = 1) -> RiskScored:
    said = {"status": RiskStatus.NOT_APPLICABLE, "reason": "a tumour", "context": CONTEXT, "expects": ()}
    return RiskScored.model_validate(base(revision) | said)


def report(status: ReportStatus, parts: int, revision: int = 1) -> ReportIssued:
    links = ReportLinks(html=f"/v1/reports/{parts}.html", json_document=f"/v1/reports/{parts}.json")
    said = {"report_id": uuid4(), "status": status, "kind": SampleKind.TUMOUR, "links": links}
    return ReportIssued.model_validate(
        base(revision) | said | {"parts": tuple(uuid4() for _ in range(parts))}
    )


def dead(service: str, attempt: int = 1) -> DeadLettered:
    return DeadLettered(
        service=service,
        input_type="canheal.sample.received.v1",
        root_id=sample_root(SAMPLE, 1),
        attempt=attempt,
        topic_name="t",
        partition=0,
        offset=0,
        error="handler-failed",
        message=f"attempt {attempt}",
        sample=SAMPLE,
        revision=1,
        body=BLOB,
    )


def tell(progress: Progress, *events: Event) -> None:
    for event in events:
        if isinstance(event, DeadLettered):
            envelope = Envelope(
                event_id=uuid4(),
                root_id=event.root_id,
                event_type=event.event_type,
                correlation_id=event.root_id,
                occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
                site="BE-TEST",
            )
        else:
            envelope = envelope_of(event)
        progress.apply(event, envelope)


def test_every_order_of_the_events_ends_in_the_same_standing() -> None:
    events = [variants(), risk(), report(ReportStatus.PRELIMINARY, 1), report(ReportStatus.FINAL, 2)]
    ends = []
    for order in permutations(events):
        progress = Progress()
        tell(progress, *order, *order)
        ends.append(standing(record(), progress.of(SAMPLE, 1), in_force(), caught_up=True))
    assert all(end == ends[0] for end in ends)
    assert ends[0]["state"] == "reported"
    assert ends[0]["parts"]["prs"] == {"status": "not applicable", "reason": "a tumour"}
    assert ends[0]["report"]["html"] == "/v1/reports/2.html"
    assert ends[0]["held"] == []


def in_force(*permitted: Purpose) -> InForce:
    consent = Consent(permitted=permitted or (Purpose.OWN_CARE,))
    person = SubjectRecord(
        id=uuid4(), subject=record().subject, site="BE-TEST", consent=consent, consent_version=3
    )
    return InForce(person, datetime(2026, 1, 1, tzinfo=UTC))


def test_the_report_is_named_only_while_consent_lets_it_be_read() -> None:
    progress = Progress()
    tell(progress, report(ReportStatus.FINAL, 2))
    journey = progress.of(SAMPLE, 1)
    withdrawn = standing(record(), journey, in_force(Purpose.RESEARCH), caught_up=True)
    assert (withdrawn["report"], withdrawn["consent"]["permitted_now"]) == (None, ["research"])
    assert standing(record(), journey, in_force(), caught_up=True)["report"]["status"] == "final"


def test_the_state_is_the_furthest_step() -> None:
    progress = Progress()
    states = [progress.of(SAMPLE, 1).stage]
    for event in (variants(), report(ReportStatus.PRELIMINARY, 1), risk(), report(ReportStatus.WITHHELD, 2)):
        tell(progress, event)
        states.append(progress.of(SAMPLE, 1).stage)
    assert states == ["accepted", "annotated", "annotated", "scored", "withheld"]


def test_a_part_that_was_given_up_is_held_with_its_reason_until_the_service_speaks() -> None:
    progress = Progress()
    tell(progress, dead("annotate", 2), dead("annotate", 1))
    held = standing(record(), progress.of(SAMPLE, 1), in_force(), caught_up=True)["held"]
    assert [(h["service"], h["error"], h["message"]) for h in held] == [
        ("annotate", "handler-failed", "attempt 2")
    ]
    assert UUID(held[0]["deadletter"])
    assert (held[0]["state"], held[0]["means"]) == ("open", "The handler raised on every try.")
    assert held[0]["see"] == "docs/operations.md#handler-failed"
    tell(progress, variants())
    assert progress.of(SAMPLE, 1).held == []


def test_a_part_that_a_person_gave_up_for_good_says_why_whatever_came_first() -> None:
    letter = dead("prs")
    dropped = letter.model_copy(update={"drops": uuid4(), "why": "the hospital sends it anew"})
    for order in permutations((letter, dropped)):
        progress = Progress()
        tell(progress, *order)
        (held,) = standing(record(), progress.of(SAMPLE, 1), in_force(), caught_up=True)["held"]
        assert (held["state"], held["why"]) == ("dropped", "the hospital sends it anew")
        assert held["deadletter"] == str(dropped.drops)


def test_a_superseded_revisions_late_news_are_passed_over() -> None:
    progress = Progress()
    tell(progress, variants(2), report(ReportStatus.FINAL, 2, revision=1), risk(1))
    assert progress.of(SAMPLE, 2).stage == "annotated"
    assert progress.of(SAMPLE, 3).stage == "accepted"


def test_only_a_sample_that_this_process_accepted_is_measured_and_once() -> None:
    def measured() -> float:
        return next(
            sample.value
            for sample in next(iter(ACCEPT_TO_REPORT_SECONDS.collect())).samples
            if sample.name.endswith("_count")
        )

    progress, before = Progress(), measured()
    tell(progress, report(ReportStatus.FINAL, 2))
    assert measured() == before
    progress.accepted(SAMPLE, 1)
    tell(progress, report(ReportStatus.PRELIMINARY, 1))
    assert measured() == before
    tell(progress, report(ReportStatus.FINAL, 2), report(ReportStatus.FINAL, 2))
    assert measured() == before + 1


def record() -> SampleRecord:
    return SampleRecord(
        id=SAMPLE,
        subject=SUBJECT,
        site="BE-TEST",
        country="BE",
        label="S1",
        revision=1,
        vcf=BLOB,
        context=CONTEXT,
        consent_version=1,
        accepted_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
