"""Samples on their way through the platform, as the events say it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from canheal_process.terminal import plain
from canheal_schemas import (
    DeadLettered,
    ReportIssued,
    ReportStatus,
    RiskScored,
    SampleEvent,
    SampleReceived,
    VariantsAnnotated,
)
from rich.table import Column, Table
from rich.text import Text

from canheal_cli.events import Seen, describe

LAST_WORDS = frozenset({ReportStatus.FINAL, ReportStatus.AMENDED, ReportStatus.WITHHELD})


@dataclass
class Journey:
    """One sample's revision and what was said of it so far."""

    label: str
    sample: UUID
    revision: int
    known: bool = False
    """The content was there already: what the events say of it is older than the question."""
    received_at: datetime | None = None
    variants: VariantsAnnotated | None = None
    risk: RiskScored | None = None
    report: ReportIssued | None = None
    reported_at: datetime | None = None
    dead: list[DeadLettered] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return self.report is not None and self.report.status in LAST_WORDS

    @property
    def seconds(self) -> float | None:
        """From accepted to the newest report; None for what was there already."""
        if self.known or self.received_at is None or self.reported_at is None:
            return None
        return (self.reported_at - self.received_at).total_seconds()

    def take(self, seen: Seen) -> bool:
        """Take in an event; False when it is about something else."""
        event = seen.event
        if not isinstance(event, SampleEvent | DeadLettered):
            return False
        if (event.sample, event.revision) != (self.sample, self.revision):
            return False
        match event:
            case SampleReceived():
                self.received_at = self.received_at or seen.recorded_at
            case VariantsAnnotated():
                self.variants = event
            case RiskScored():
                self.risk = event
            case ReportIssued() if self._is_newer(event):
                self.report, self.reported_at = event, seen.recorded_at
            case DeadLettered():
                self.dead.append(event)
        return True

    def _is_newer(self, report: ReportIssued) -> bool:
        return self.report is None or len(report.parts) > len(self.report.parts)


def table(journeys: Iterable[Journey]) -> Table:
    """The journeys side by side, for the terminal; `remarks` says why a part is not there."""
    drawn = Table(*(Column(name, overflow="fold") for name in ("sample", "variants", "risk", "report", "s")))
    for journey in journeys:
        cells = (
            journey.label,
            _in_short(journey.variants),
            _in_short(journey.risk),
            describe(journey.report) if journey.report else _waiting(journey),
            _time(journey),
        )
        drawn.add_row(*(Text(plain(cell)) for cell in cells))
    return drawn


def remarks(journeys: Iterable[Journey]) -> list[str]:
    """Why a part of a report is not there, each reason once with its samples."""
    samples: dict[str, list[str]] = {}
    for journey in journeys:
        for name, part in (("variants", journey.variants), ("risk", journey.risk)):
            if part and part.reason:
                samples.setdefault(f"{name} {_plain(part.status)}: {part.reason}", []).append(journey.label)
    return [f"{', '.join(labels)}: {said}" for said, labels in samples.items()]


def _in_short(part: VariantsAnnotated | RiskScored | None) -> str:
    if part is None:
        return "..."
    return _plain(part.status) if part.reason else describe(part)


def _plain(status: str) -> str:
    return status.replace("-", " ").replace("_", " ")


def _time(journey: Journey) -> str:
    if journey.known:
        return "known"
    return f"{journey.seconds:.2f}" if journey.done and journey.seconds is not None else ""


def _waiting(journey: Journey) -> str:
    return describe(journey.dead[-1]) if journey.dead else "..."
