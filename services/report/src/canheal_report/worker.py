"""The handlers: every event about a sample goes through the one join."""

from canheal_chassis.outcome import Handler, Handlers, Outcome
from canheal_chassis.work import Work
from canheal_schemas import (
    DeadLettered,
    Purpose,
    ReportIssued,
    RiskScored,
    SampleReceived,
    VariantsAnnotated,
)
from canheal_schemas.identifiers import sample_root

from canheal_report.dossier import Dossier, PartEvent, join
from canheal_report.further import Further, read_further
from canheal_report.heads import Head, moved
from canheal_report.versions import ReportVersion, issued, issued_withheld, reports_due


async def assemble(event: PartEvent, work: Work) -> Outcome:
    """Join the event to its dossier, and issue the report version that this makes due.

    A version of a superseded revision is kept, not published. The head is saved beside each version, so that
    of two revisions that arrive at once the older one meets a conflict instead of speaking last.
    """
    before = await _known(event, work)
    after = join(before, event, work.envelope, await _further(event, work))
    if after is None:
        return Outcome()
    known = await work.read(Head, after.sample)
    version = reports_due(before, after)
    head = moved(known, after, version)
    changed = after if after != before else None
    beside = head if head != known else None
    return Outcome(
        save=tuple(document for document in (changed, version, beside) if document is not None),
        publish=_published(version, after, head),
    )


def handlers() -> Handlers:
    """What the report service handles. Without consent for the person's own care it only says so."""
    return {
        SampleReceived: Handler(assemble, Purpose.OWN_CARE, withheld=_nothing),
        VariantsAnnotated: Handler(assemble, Purpose.OWN_CARE, withheld=_withheld),
        RiskScored: Handler(assemble, Purpose.OWN_CARE, withheld=_withheld),
        DeadLettered: Handler(assemble, Purpose.OWN_CARE, withheld=_nothing),
    }


async def _known(event: PartEvent, work: Work) -> Dossier | None:
    """The dossier of the event's revision; a dead letter whose body could not be read names none."""
    if event.sample is None or event.revision is None:
        return None
    return await work.read(Dossier, sample_root(event.sample, event.revision))


async def _further(event: PartEvent, work: Work) -> Further | None:
    """The findings that did not fit into the event."""
    if not isinstance(event, VariantsAnnotated) or event.all_findings is None:
        return None
    if event.findings_total <= len(event.findings):
        return None
    return await work.run(read_further, await work.blob(event.all_findings), event.findings)


def _published(version: ReportVersion | None, dossier: Dossier, head: Head) -> tuple[ReportIssued, ...]:
    if version is None or dossier.consent_version is None or version.revision < head.revision:
        return ()
    return (issued(version, dossier.consent_version),)


def _withheld(event: VariantsAnnotated | RiskScored, _reason: str) -> ReportIssued:
    return issued_withheld(event, event.context.kind)


def _nothing(event: SampleReceived | DeadLettered, _reason: str) -> None:
    """The parts that follow say it: a refused sample becomes a withheld part."""
