"""Where a sample is, as a document: how far it came, what each service said, what is held and why."""

from typing import Any

from canheal_process.errors import dead_letter_error
from canheal_schemas import Purpose

from canheal_ingest.in_force import InForce
from canheal_ingest.progress import Held, Issued, Journey
from canheal_ingest.records import SampleRecord


def standing(record: SampleRecord, journey: Journey, consent: InForce, *, caught_up: bool) -> dict[str, Any]:
    """The answer to GET /v1/samples/{id}; the report is named only where consent lets it be read.

    `caught_up` is False for the seconds after a start in which the other services' events are being read:
    more may have happened by then than it says.
    """
    return {
        "sample": str(record.id),
        "site": record.site,
        "label": record.label,
        "revision": record.revision,
        "kind": record.context.kind,
        "build": record.context.build,
        "build_basis": record.context.build_basis,
        "accepted_at": record.accepted_at.isoformat(),
        "state": journey.stage,
        "parts": {
            "annotate": _part(journey.annotated, journey.reasons.get("annotate")),
            "prs": _part(journey.scored, journey.reasons.get("prs")),
        },
        "report": _report(journey.report) if journey.report and consent.permits(Purpose.OWN_CARE) else None,
        "consent": consent.document(),
        "held": [_held(held) for held in journey.held],
        "caught_up": caught_up,
    }


def _part(status: str | None, reason: str | None) -> dict[str, str | None]:
    return {"status": status or "awaited", "reason": reason}


def _report(issued: Issued) -> dict[str, Any]:
    return {
        "report_id": str(issued.report_id),
        "status": issued.status,
        "without": list(issued.held),
        "html": issued.links.html,
        "json": issued.links.json_document,
    }


def _held(held: Held) -> dict[str, Any]:
    error = dead_letter_error(held.error)
    return {
        "state": "dropped" if held.why else "open",
        "service": held.service,
        "error": held.error,
        "means": (error.__doc__ or "").strip(),
        "message": held.message,
        "why": held.why,
        "attempt": held.attempt,
        "deadletter": str(held.deadletter_id),
        "mend": f"canheal dlq show {held.deadletter_id}",
        "see": f"docs/operations.md#{held.error}",
    }
