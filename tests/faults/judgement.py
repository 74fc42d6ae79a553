"""The ledger check: what must hold of every accepted sample, whatever was struck.

Pure: evidence in, sentences about what is wrong out. An empty list is the proof.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from canheal_schemas import (
    DeadLettered,
    ReportIssued,
    ReportStatus,
    RiskScored,
    SampleReceived,
    VariantsAnnotated,
)
from canheal_schemas.identifiers import sample_root
from evidence import Accepted, Evidence

from wire import DEAD_LETTERS, Record, about, announced_twice, by_event, finals, reports

PATH = {
    ("annotate", SampleReceived): "annotate",
    ("prs", VariantsAnnotated): "prs",
    ("report", SampleReceived): "report",
    ("report", VariantsAnnotated): "annotate",
    ("report", RiskScored): "prs",
}
"""Each input of each service, and by whose part it comes to be: a held part leaves what follows out."""
MADE_FROM = {"prs": "annotate"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The figures of a storm, and every sentence about what is wrong."""

    accepted: int
    final_reports: int
    dead_letters: int
    duplicates: int
    """Records on the wire whose event was said before, byte for byte."""
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)


def judged(evidence: Evidence) -> Verdict:
    """All checks."""
    ours = [record for record in evidence.wire if not is_poison(record, evidence)]
    samples = [one.sample for one in evidence.accepted]
    final = finals(ours, samples)
    return Verdict(
        accepted=len(set(samples)),
        final_reports=sum(map(len, final.values())),
        dead_letters=len(evidence.letters),
        duplicates=len(ours) - len(by_event(ours)),
        lost=tuple(_lost(evidence, final)),
        doubled=tuple(_doubled(evidence, ours, final)),
        wrong=(
            *_unlike_outcomes(evidence),
            *_changed_bytes(evidence, ours),
            *_unaccounted_letters(evidence, ours),
            *_unlike_contents(evidence, ours),
            *(f"{event['_id']} waits in the outbox" for event in evidence.unsaid),
        ),
    )


def is_poison(record: Record, evidence: Evidence) -> bool:
    return record.value in {expected.value for expected in evidence.expected}


def _lost(evidence: Evidence, final: Mapping[UUID, set[UUID]]) -> Iterator[str]:
    """A sample without a final report that is the current one: on the topic, over HTTP, in the database."""
    last = _last_on_the_wire(evidence)
    for one in evidence.accepted:
        said = {
            "the topic": last.get(one.sample),
            "HTTP": _current(evidence.versions.get(one.sample, [])),
            "the database": _current(evidence.heads.get(one.sample, {}).get("versions", [])),
        }
        ids = {report for report, _ in filter(None, said.values())}
        missing = [place for place, found in said.items() if found is None or found[1] != ReportStatus.FINAL]
        if missing:
            yield f"{one.sample} has no current final report in {', '.join(missing)}"
        elif len(ids) > 1 or ids != {str(report) for report in final[one.sample]}:
            yield f"{one.sample}: topic, HTTP and database do not name one report, but {said}"


def _last_on_the_wire(evidence: Evidence) -> dict[UUID, tuple[str, str]]:
    """Of the compacted topic what would be left of each key."""
    last: dict[UUID, tuple[str, str]] = {}
    for record in evidence.wire:
        if record.topic == ReportIssued.topic.name:
            event = ReportIssued.model_validate_json(record.value)
            last[event.sample] = (str(event.report_id), event.status)
    return last


def _current(versions: Any) -> tuple[str, str] | None:
    return (str(versions[-1]["report_id"]), versions[-1]["status"]) if versions else None


def _doubled(evidence: Evidence, ours: Iterable[Record], final: Mapping[UUID, set[UUID]]) -> Iterator[str]:
    ours = list(ours)
    kept = {sample: head.get("versions", []) for sample, head in evidence.heads.items()}
    for sample, reports_said in final.items():
        for where, versions in (
            ("HTTP", evidence.versions.get(sample, [])),
            ("database", kept.get(sample, [])),
        ):
            found = [v["report_id"] for v in versions if v["status"] == ReportStatus.FINAL]
            if len(found) > 1:
                yield f"{sample} has {len(found)} final reports in {where}"
        if len(reports_said) > 1:
            yield f"{sample} has {len(reports_said)} final reports on the topic"
    for report in announced_twice(ours):
        yield f"report {report} is announced by two events"


def _unlike_outcomes(evidence: Evidence) -> Iterator[str]:
    """One outcome an input; for what is made from a held part: none."""
    entries = evidence.entries()
    for one in evidence.accepted:
        root = sample_root(one.sample, 1)
        for (service, event), maker in PATH.items():
            wanted = 0 if _follows_a_held_part(one, service, maker) else 1
            found = len(entries.get((service, f"{event.topic.name}/{root}"), ()))
            if found != wanted:
                yield f"{service} has {found} outcomes of {event.topic.name} of {one.sample}, not {wanted}"


def _follows_a_held_part(one: Accepted, service: str, maker: str) -> bool:
    needed = {service, maker, MADE_FROM.get(maker), MADE_FROM.get(service)} - {"report"}
    return bool(needed & one.held)


def _changed_bytes(evidence: Evidence, ours: Iterable[Record]) -> Iterator[str]:
    """One thing is said under an event id, and it is what the ledger keeps; nothing else is said."""
    said = by_event(ours)
    stored = {
        _event_id(message): _said(message)
        for entries in evidence.ledgers.values()
        for entry in entries
        for message in entry["messages"]
    }
    for event, things in said.items():
        if len(things) > 1:
            yield f"{len(things)} different records have the event id {event}"
        if event in stored and things != {stored[event]}:
            yield f"what was said as {event} is not what the ledger keeps"
    for event in stored.keys() - said.keys():
        if not _superseded(stored[event]):
            yield f"{event} is in the ledger, but was never said"
    others = {event.topic.name for event in (VariantsAnnotated, RiskScored, ReportIssued)}
    for record in ours:
        if record.topic in others and record.envelope.event_id not in stored:
            yield f"{record.topic} holds {record.envelope.event_id}, which no outcome says"


def _superseded(said: tuple[Any, ...]) -> bool:
    """Of a compacted topic what a newer one followed before it was said need not be said any more."""
    topic, _, value, _ = said
    if topic != ReportIssued.topic.name:
        return False
    return ReportIssued.model_validate_json(value).status is ReportStatus.PRELIMINARY


def _event_id(message: Mapping[str, Any]) -> UUID:
    return UUID(dict(message["headers"])["event_id"].decode())


def _said(message: Mapping[str, Any]) -> tuple[str, bytes, bytes, tuple[tuple[str, bytes], ...]]:
    headers = tuple((name, bytes(value)) for name, value in message["headers"])
    return message["topic"], bytes(message["key"]), bytes(message["value"]), headers


def _unaccounted_letters(evidence: Evidence, ours: Iterable[Record]) -> Iterator[str]:
    """Every dead letter was wanted, is kept and is said; and every one that was wanted came."""
    on_topic = {
        record.envelope.event_id: DeadLettered.model_validate_json(record.value)
        for record in ours
        if record.topic in DEAD_LETTERS
    }
    kept = {UUID(letter["_id"]) for letter in evidence.letters}
    for event in kept ^ on_topic.keys():
        yield f"dead letter {event} is {'not said' if event in kept else 'not in the database'}"
    wanted = Counter(_wanted_letters(evidence))
    came = Counter(
        (letter.service, letter.error, letter.topic_name, letter.partition, letter.offset)
        if letter.error == "undecodable"
        else (letter.service, letter.error, str(letter.root_id))
        for letter in on_topic.values()
    )
    for letter, count in (came - wanted).items():
        yield f"{count} dead letters nobody wanted: {letter}"
    for letter, count in (wanted - came).items():
        yield f"{count} dead letters are missing: {letter}"


def _wanted_letters(evidence: Evidence) -> Iterator[tuple[Any, ...]]:
    """An unreadable record is known by its place, any other by its root."""
    expected = {one.value: one for one in evidence.expected}
    roots: set[tuple[str, str, str]] = set()
    for record in evidence.wire:
        one = expected.get(record.value)
        if one is None:
            continue
        for service in one.services:
            if one.error == "undecodable":
                yield service, one.error, record.topic, record.partition, record.offset
            else:
                roots.add((service, one.error, str(record.envelope.root_id)))
    yield from roots
    for accepted in evidence.accepted:
        for service in accepted.held:
            yield service, "crashed-worker", str(sample_root(accepted.sample, 1))


def _unlike_contents(evidence: Evidence, ours: Iterable[Record]) -> Iterator[str]:
    """The same content gets the same answer, and what was to be held is."""
    issued = reports(about(ours, (one.sample for one in evidence.accepted)))
    answers = defaultdict(set)
    for one in evidence.accepted:
        for _, event in issued.get(one.sample, []):
            if event.status is ReportStatus.FINAL:
                answers[one.content].add(event.counts)
                if frozenset(event.held) != one.held:
                    yield f"the report of {one.sample} names as held {event.held}, not {sorted(one.held)}"
    for content, counts in answers.items():
        if len(counts) > 1:
            yield f"{content} was answered in {len(counts)} ways: {counts}"
