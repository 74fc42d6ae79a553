"""How far each sample has come, as the other services' events tell it: a projection in memory."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from canheal_schemas import (
    STREAM_SERVICES,
    DeadLettered,
    Envelope,
    ErasureRequested,
    Event,
    PartStatus,
    ReportIssued,
    ReportLinks,
    ReportStatus,
    RiskScored,
    RiskStatus,
    SubjectErased,
    VariantsAnnotated,
    deadletter_topic,
)
from prometheus_client import Histogram

TOPICS: Final[Sequence[str]] = (
    VariantsAnnotated.topic.name,
    RiskScored.topic.name,
    ReportIssued.topic.name,
    *(deadletter_topic(service).name for service in STREAM_SERVICES),
    ErasureRequested.topic.name,
    SubjectErased.topic.name,
)
AWAITED: Final = 10_000
"""Samples of this process whose report is awaited for the histogram; older ones are no longer measured."""

ACCEPT_TO_REPORT_SECONDS: Final = Histogram(
    "canheal_accept_to_report_seconds",
    "From a VCF accepted to its final report seen",
    buckets=(0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0),
)


@dataclass(frozen=True, slots=True)
class Issued:
    """The newest report of a revision."""

    report_id: UUID
    status: ReportStatus
    parts: int
    held: tuple[str, ...]
    links: ReportLinks

    @property
    def age(self) -> tuple[bool, int]:
        """Of two reports on a revision the one with more parts is newer; a withheld one closes it."""
        return self.status is ReportStatus.WITHHELD, self.parts


@dataclass(frozen=True, slots=True)
class Held:
    """A service gave up on this sample."""

    deadletter_id: UUID
    service: str
    error: str
    message: str
    attempt: int
    why: str | None = None
    """Why a person gave it up for good; None while somebody still decides."""


@dataclass(slots=True)
class Journey:
    """What is known of one revision of a sample."""

    revision: int
    subject: str | None = None
    annotated: PartStatus | None = None
    scored: RiskStatus | None = None
    reasons: dict[str, str] = field(default_factory=dict)
    """Why a service says nothing of this sample, by service."""
    report: Issued | None = None
    dead: dict[str, Held] = field(default_factory=dict)
    """The newest dead letter of each service."""

    @property
    def held(self) -> list[Held]:
        """Dead letters that nothing has overcome: the service's own word is still missing."""
        spoken = {
            "annotate": self.annotated is not None,
            "prs": self.scored is not None,
            "report": self._reported,
        }
        return [held for service, held in self.dead.items() if not spoken.get(service, False)]

    @property
    def _reported(self) -> bool:
        return self.report is not None and self.report.status is not ReportStatus.PRELIMINARY

    @property
    def stage(self) -> str:
        """The furthest that it has come."""
        if self.report is not None and self._reported:
            return "withheld" if self.report.status is ReportStatus.WITHHELD else "reported"
        if self.scored is not None:
            return "scored"
        return "accepted" if self.annotated is None else "annotated"


class Progress:
    """The newest revision of every sample; an older revision's late news are passed over."""

    def __init__(self) -> None:
        self._journeys: dict[UUID, Journey] = {}
        self._accepted_at: OrderedDict[tuple[UUID, int], float] = OrderedDict()

    def accepted(self, sample: UUID, revision: int) -> None:
        """This process accepted it just now; its report is awaited."""
        self._accepted_at[sample, revision] = time.monotonic()
        if len(self._accepted_at) > AWAITED:
            self._accepted_at.popitem(last=False)

    def of(self, sample: UUID, revision: int) -> Journey:
        """What is known of this revision."""
        known = self._journeys.get(sample)
        return known if known is not None and known.revision == revision else Journey(revision)

    def apply(self, event: Event, _envelope: Envelope) -> None:
        """Take in what a service says; in any order, and again, with the same end."""
        match event:
            case ErasureRequested():
                self._forget(event)
            case VariantsAnnotated(sample=sample, revision=revision):
                if journey := self._journey(sample, revision, event.subject):
                    journey.annotated = event.status
                    _note(journey, "annotate", event.reason)
            case RiskScored(sample=sample, revision=revision):
                if journey := self._journey(sample, revision, event.subject):
                    journey.scored = event.status
                    _note(journey, "prs", event.reason)
            case ReportIssued(sample=sample, revision=revision):
                self._measure(event)
                if journey := self._journey(sample, revision, event.subject):
                    _issue(journey, event)
            case DeadLettered(sample=UUID() as sample, revision=int(revision)):
                if journey := self._journey(sample, revision, event.subject):
                    _bury(journey, event, _envelope.event_id)
            case _:
                return

    def _journey(self, sample: UUID, revision: int, subject: str | None) -> Journey | None:
        known = self._journeys.get(sample)
        if known is None or known.revision < revision:
            known = self._journeys[sample] = Journey(revision, subject)
        return known if known.revision == revision else None

    def _forget(self, request: ErasureRequested) -> None:
        """Nothing is known of what was erased; late news of it may come back until they age out, unread."""
        gone = [
            sample
            for sample, journey in self._journeys.items()
            if sample == request.sample or (request.sample is None and journey.subject == request.subject)
        ]
        for sample in gone:
            del self._journeys[sample]

    def _measure(self, report: ReportIssued) -> None:
        if report.status is ReportStatus.FINAL:
            began = self._accepted_at.pop((report.sample, report.revision), None)
            if began is not None:
                ACCEPT_TO_REPORT_SECONDS.observe(time.monotonic() - began)


def _note(journey: Journey, service: str, reason: str | None) -> None:
    journey.reasons.pop(service, None)
    if reason:
        journey.reasons[service] = reason


def _issue(journey: Journey, event: ReportIssued) -> None:
    issued = Issued(event.report_id, event.status, len(event.parts), event.held, event.links)
    if journey.report is None or issued.age >= journey.report.age:
        journey.report = issued


def _bury(journey: Journey, event: DeadLettered, deadletter_id: UUID) -> None:
    before = journey.dead.get(event.service)
    held = Held(
        event.drops or deadletter_id, event.service, event.error, event.message, event.attempt, event.why
    )
    if before is None or (held.attempt, held.why is not None) >= (before.attempt, before.why is not None):
        journey.dead[event.service] = held
