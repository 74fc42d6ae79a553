"""A report version as JSON, for other programs: what the page says, and all that it rests on."""

from typing import Any

from canheal_report import statements
from canheal_report.page import NOTICE, Served
from canheal_report.versions import ReportVersion


def report_document(version: ReportVersion, served: Served) -> dict[str, Any]:
    """The stored version, and beside it what is only known when it is served.

    `variants.findings` are the most relevant ones, `variants.further.rows` further ones in short rows,
    `variants.findings_total` how many there are, `variants.all_findings` the sealed list of all.
    """
    return {
        "report_id": str(version.id),
        "notice": NOTICE,
        "served": {
            "version": served.number,
            "of": served.of,
            "at": served.at.isoformat(),
            "replaced_by": str(served.newest.report_id) if served.newest else None,
            "consent": _consent(served),
        },
        "says": {
            "headline": statements.headline(version),
            "status": statements.status_words(version),
            "how_sure": [_said(statement) for statement in statements.how_sure(version)],
            "what_next": [_said(statement) for statement in statements.what_next(version)],
        },
        **version.model_dump(mode="json", exclude={"id"}),
    }


def _said(statement: statements.Statement) -> dict[str, str]:
    return {"text": statement.text, "ground": statement.ground}


def _consent(served: Served) -> dict[str, Any] | None:
    """The consent version in force at this moment, and on what ground it stands."""
    consent = served.consent
    return {"version": consent.consent_version, "basis": consent.basis} if consent else None
