"""The ledger check is silent about a calm platform, and names each harm that a storm may have done."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from canheal_chassis.message import Message
from canheal_schemas import (
    BlobRef,
    DeadLettered,
    Event,
    Part,
    PartStatus,
    ReportCounts,
    ReportIssued,
    ReportLinks,
    ReportStatus,
    RiskScored,
    RiskStatus,
    SampleReceived,
    VariantsAnnotated,
)
from canheal_schemas.identifiers import sample_root
from evidence import Accepted, Evidence
from judgement import judged
from poison import Expected
from worker_bench import envelope_of, sample

from wire import Record

POISON = Expected(b"\x00poison", "undecodable", frozenset({"annotate"}))


def parts(one: SampleReceived) -> tuple[VariantsAnnotated, RiskScored, ReportIssued]:
    about = one.model_dump(include={"sample", "revision", "subject", "consent_version", "site", "country"})
    expects = (Part.VARIANTS, Part.RISK)
    return (
        VariantsAnnotated(**about, status=PartStatus.DONE, context=one.context, expects=expects),
        RiskScored(**about, status=RiskStatus.NOT_APPLICABLE, context=one.context, expects=expects),
        ReportIssued(
            **about,
            report_id=uuid4(),
            status=ReportStatus.FINAL,
            kind=one.context.kind,
            parts=(),
            links=ReportLinks(html="/h", json_document="/j"),
        ),
    )


def message(event: Event) -> Message:
    return Message.of(event, envelope_of(event))


def on_the_wire(said: Iterable[Message]) -> list[Record]:
    return [Record(m.topic, 0, n, m.key, m.value, m.headers) for n, m in enumerate(said)]


def entry(cause: Event, *said: Message) -> dict[str, Any]:
    envelope = envelope_of(cause)
    return {
        "input_type": envelope.event_type,
        "root_id": str(envelope.root_id),
        "messages": [one.to_record() for one in said],
    }


def calm(*labels: str) -> Evidence:
    """What is left of a platform that took these samples and was struck by nothing."""
    received = [sample(label) for label in labels]
    made = [(one, *parts(one)) for one in received]
    said = {event: message(event) for events in made for event in events}
    versions = {
        issued.sample: [{"report_id": str(issued.report_id), "status": "final"}] for *_, issued in made
    }
    return Evidence(
        accepted=[Accepted(one.sample, 0.0, "the same content") for one in received],
        wire=on_the_wire(said.values()),
        versions=versions,
        heads={one: {"versions": found} for one, found in versions.items()},
        ledgers={
            "annotate": [entry(one, said[found]) for one, found, _, _ in made],
            "prs": [entry(found, said[scored]) for _, found, scored, _ in made],
            "report": [
                made_of
                for one, found, scored, issued in made
                for made_of in (entry(one), entry(found), entry(scored, said[issued]))
            ],
        },
        letters=[],
        unsaid=[],
    )


@pytest.fixture
def evidence() -> Evidence:
    return calm("one", "two")


def issued_of(evidence: Evidence) -> Record:
    return next(record for record in evidence.wire if record.topic == ReportIssued.topic.name)


def another_final(evidence: Evidence) -> Record:
    record = issued_of(evidence)
    event = ReportIssued.model_validate_json(record.value).model_copy(update={"report_id": uuid4()})
    return replace(record, value=event.to_bytes(), offset=99, headers=with_a_new_id(record))


def with_a_new_id(record: Record) -> tuple[tuple[str, bytes], ...]:
    other = str(uuid4()).encode()
    return tuple((name, other if name == "event_id" else value) for name, value in record.headers)


def said_again(evidence: Evidence, **changes: Any) -> Evidence:
    return replace(evidence, wire=[*evidence.wire, replace(issued_of(evidence), offset=99, **changes)])


def without_topic(evidence: Evidence, topic: str) -> Sequence[Record]:
    return [record for record in evidence.wire if record.topic != topic]


def test_of_a_calm_platform_nothing_is_wrong(evidence: Evidence) -> None:
    verdict = judged(evidence)
    assert verdict.holds, verdict
    assert (verdict.accepted, verdict.final_reports, verdict.duplicates) == (2, 2, 0)


def test_the_same_bytes_said_again_are_a_duplicate_and_no_harm(evidence: Evidence) -> None:
    verdict = judged(said_again(evidence))
    assert verdict.holds
    assert verdict.duplicates == 1


@pytest.mark.parametrize("place", ["versions", "heads"])
def test_a_report_that_http_or_the_database_lacks_is_lost(evidence: Evidence, place: str) -> None:
    (first, *_) = getattr(evidence, place)
    fewer = {sample: found for sample, found in getattr(evidence, place).items() if sample != first}
    verdict = judged(replace(evidence, **{place: fewer}))
    assert len(verdict.lost) == 1
    assert str(first) in verdict.lost[0]


def test_a_report_that_the_topic_lacks_is_lost(evidence: Evidence) -> None:
    verdict = judged(replace(evidence, wire=without_topic(evidence, ReportIssued.topic.name)))
    assert len(verdict.lost) == 2
    assert "the topic" in verdict.lost[0]


def test_an_older_version_that_is_the_last_on_the_topic_hides_the_final_one(evidence: Evidence) -> None:
    event = ReportIssued.model_validate_json(issued_of(evidence).value)
    older = event.model_copy(update={"status": ReportStatus.PRELIMINARY, "report_id": uuid4()})
    assert judged(said_again(evidence, value=older.to_bytes())).lost


def test_a_second_final_report_is_doubled_wherever_it_stands(evidence: Evidence) -> None:
    record = another_final(evidence)
    sample_id = UUID(record.key.decode())
    second = {"report_id": str(uuid4()), "status": "final"}
    versions = {**evidence.versions, sample_id: [second, *evidence.versions[sample_id]]}
    heads = {**evidence.heads, sample_id: {"versions": versions[sample_id]}}
    for spoilt, where in (
        (replace(evidence, wire=[record, *evidence.wire]), "on the topic"),
        (replace(evidence, versions=versions), "in HTTP"),
        (replace(evidence, heads=heads), "in database"),
    ):
        assert any(where in told for told in judged(spoilt).doubled), where


def test_a_report_that_two_events_announce_is_doubled(evidence: Evidence) -> None:
    verdict = judged(said_again(evidence, headers=with_a_new_id(issued_of(evidence))))
    assert len(verdict.doubled) == 1
    assert "which no outcome says" in " ".join(verdict.wrong)


@pytest.mark.parametrize("service", ["annotate", "prs", "report"])
def test_an_input_without_an_outcome_or_with_two_is_wrong(evidence: Evidence, service: str) -> None:
    first, *others = evidence.ledgers[service]
    for entries, told in ((others, "has 0 outcomes"), ([first, first, *others], "has 2 outcomes")):
        verdict = judged(replace(evidence, ledgers={**evidence.ledgers, service: entries}))
        assert any(f"{service} {told}" in one for one in verdict.wrong)


def test_other_bytes_under_an_event_id_are_wrong(evidence: Evidence) -> None:
    verdict = judged(said_again(evidence, value=issued_of(evidence).value + b" "))
    assert any("different records have the event id" in told for told in verdict.wrong)


def test_what_the_ledger_keeps_and_nobody_said_is_wrong(evidence: Evidence) -> None:
    verdict = judged(replace(evidence, wire=without_topic(evidence, RiskScored.topic.name)))
    assert sum("was never said" in told for told in verdict.wrong) == 2


def test_what_still_waits_in_the_outbox_is_wrong(evidence: Evidence) -> None:
    assert judged(replace(evidence, unsaid=[{"_id": "waits"}])).wrong == ("waits waits in the outbox",)


def test_one_content_that_got_two_answers_is_wrong(evidence: Evidence) -> None:
    record = issued_of(evidence)
    event = ReportIssued.model_validate_json(record.value)
    other = event.model_copy(update={"counts": ReportCounts(tier_i=1)}).to_bytes()
    wire = [replace(one, value=other) if one == record else one for one in evidence.wire]
    assert any("answered in 2 ways" in told for told in judged(replace(evidence, wire=wire)).wrong)


def letter_about(place: Record, error: str = "undecodable") -> tuple[DeadLettered, Message]:
    event = DeadLettered(
        service="annotate",
        input_type=place.topic,
        root_id=sample_root(uuid4(), 1),
        attempt=1,
        topic_name=place.topic,
        partition=place.partition,
        offset=place.offset,
        error=error,
        message="unreadable",
        body=BlobRef(blob_id=uuid4(), size=1, key_id="platform", hmac_sha256="0" * 64),
    )
    envelope = envelope_of(sample("any")).model_copy(
        update={"event_id": uuid4(), "event_type": event.event_type}
    )
    return event, Message.of(event, envelope)


@pytest.fixture
def poisoned(evidence: Evidence) -> Evidence:
    """A calm platform after one unreadable record: its dead letter is kept and said."""
    place = Record(SampleReceived.topic.name, 3, 7, b"", POISON.value, ())
    _, said = letter_about(place)
    return replace(
        evidence,
        wire=[*evidence.wire, place, *on_the_wire([said])],
        letters=[{"_id": str(said.event_id)}],
        expected=[POISON],
    )


def test_an_unreadable_record_and_its_dead_letter_are_accounted_for(poisoned: Evidence) -> None:
    assert judged(poisoned).wrong == ()


def is_letter(record: Record) -> bool:
    return ".deadletter." in record.topic


SPOILT: dict[str, tuple[Callable[[Evidence], Evidence], str]] = {
    "not kept": (lambda found: replace(found, letters=[]), "not in the database"),
    "not said": (
        lambda found: replace(found, wire=[record for record in found.wire if not is_letter(record)]),
        "not said",
    ),
    "missing": (
        lambda found: replace(
            found, letters=[], wire=[record for record in found.wire if not is_letter(record)]
        ),
        "dead letters are missing",
    ),
    "wanted by nobody": (
        lambda found: replace(found, expected=[], wire=[r for r in found.wire if r.value != POISON.value]),
        "dead letters nobody wanted",
    ),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_dead_letter_that_is_not_accounted_for_is_wrong(poisoned: Evidence, how: str) -> None:
    spoil, told = SPOILT[how]
    assert any(told in one for one in judged(spoil(poisoned)).wrong)


def test_a_sample_that_aborts_its_worker_must_be_held_and_have_its_dead_letter(evidence: Evidence) -> None:
    first, second = evidence.accepted
    verdict = judged(replace(evidence, accepted=[replace(first, held=frozenset({"annotate"})), second]))
    told = " ".join(verdict.wrong)
    assert "names as held ()" in told
    assert "dead letters are missing: ('annotate', 'crashed-worker'" in told
    assert "annotate has 1 outcomes" in told
