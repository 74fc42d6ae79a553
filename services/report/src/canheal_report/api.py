"""Reports over HTTP. Consent is asked anew at each request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from canheal_chassis.outcome import Document
from canheal_schemas import Purpose, ReportStatus
from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, Response

from canheal_report.document import report_document
from canheal_report.heads import Head
from canheal_report.knowledge import Knowledge
from canheal_report.page import Served, content_security_policy, list_page, report_page
from canheal_report.versions import ReportVersion

LISTED = 500
"""Samples that the list page names."""


class Documents(Protocol):
    """Where the service's documents lie."""

    async def get[D: Document](self, model: type[D], document_id: UUID) -> D | None: ...

    async def find[D: Document](self, model: type[D], **equals: Any) -> Sequence[D]: ...


class ConsentGate(Protocol):
    """What the subjects allow now."""

    def permits(self, subject: str, purpose: Purpose) -> bool: ...


class Refused(Exception):
    """A request that is answered with a problem document (RFC 9457)."""

    def __init__(self, status: int, slug: str, title: str, detail: str) -> None:
        super().__init__(title)
        self.status, self.slug, self.title, self.detail = status, slug, title, detail


@dataclass(frozen=True, slots=True)
class Desk:
    """Hands a report out, or says why not."""

    documents: Documents
    consent: ConsentGate
    clock: Callable[[], datetime]

    async def report(self, report_id: UUID) -> tuple[ReportVersion, Served]:
        """Raises Refused where there is no such report or consent does not permit it."""
        version = await self.documents.get(ReportVersion, report_id)
        if version is None:
            raise Refused(
                404,
                "no-such-report",
                "No such report",
                f"No report has the id {report_id}. Of a report that was withheld for want of consent "
                "nothing is kept. GET / lists the reports; the event `report.issued` carries the right link.",
            )
        self._permitted(version)
        known = await self._versions(version.sample)
        number = [other.id for other in known].index(version.id) + 1
        newest = known[-1] if number < len(known) else None
        return version, Served(number, len(known), self.clock(), newest)

    async def versions(self, sample: UUID) -> list[ReportVersion]:
        """Every version of a sample's reports, the newest last; Refused where there is none."""
        known = await self._versions(sample)
        if not known:
            raise Refused(
                404,
                "no-such-sample",
                "No report of this sample",
                f"The sample {sample} has no report here: it is unknown, or its first part has not come yet.",
            )
        return known

    async def newest(self) -> list[Head]:
        """The samples with a report that consent lets be shown, by hospital and label."""
        heads = [head for head in await self.documents.find(Head) if head.report and self._permits(head)]
        return sorted(
            heads, key=lambda head: (head.report.site, head.report.label) if head.report else ("", "")
        )

    async def _versions(self, sample: UUID) -> list[ReportVersion]:
        found = [*await self.documents.find(ReportVersion, sample=sample)]
        for version in found:
            self._permitted(version)
        return sorted(found, key=_age)

    def _permits(self, document: Document) -> bool:
        return self.consent.permits(document.subject, Purpose.OWN_CARE)

    def _permitted(self, document: Document) -> None:
        if not self._permits(document):
            raise Refused(
                403,
                "consent-refused",
                "Consent does not permit this",
                "The person's consent in force does not allow use for their own care. The hospital that "
                "recorded it can change it; the report is then readable again.",
            )


def routes(
    documents: Documents,
    consent: ConsentGate,
    knowledge: Knowledge | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> APIRouter:
    """The report service's routes."""
    router = APIRouter(tags=["reports"])
    desk = Desk(documents, consent, clock)
    known = knowledge or Knowledge()

    @router.get("/v1/reports/{report_id}.html", response_class=HTMLResponse)
    async def report_as_page(report_id: UUID) -> Response:
        """One report version for people."""
        try:
            version, served = await desk.report(report_id)
        except Refused as refusal:
            return _problem(refusal)
        return _page(report_page(version, served, known))

    @router.get("/v1/reports/{report_id}.json")
    async def report_as_json(report_id: UUID) -> Response:
        """One report version for programs."""
        try:
            version, served = await desk.report(report_id)
        except Refused as refusal:
            return _problem(refusal)
        return JSONResponse(report_document(version, served), headers=_HEADERS)

    @router.get("/v1/samples/{sample}/reports")
    async def versions_of_a_sample(sample: UUID) -> Response:
        """Every version of a sample's report, the newest last."""
        try:
            versions = await desk.versions(sample)
        except Refused as refusal:
            return _problem(refusal)
        return JSONResponse({"sample": str(sample), "versions": _listed(versions)}, headers=_HEADERS)

    @router.get("/", response_class=HTMLResponse)
    async def list_of_reports() -> Response:
        """The newest report of each sample."""
        heads = await desk.newest()
        summaries = [head.report for head in heads[:LISTED] if head.report]
        return _page(list_page(summaries, len(heads), clock()))

    return router


_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""What consent forbids tomorrow must not lie in a cache."""


def _page(html: str) -> HTMLResponse:
    return HTMLResponse(html, headers=_HEADERS | {"Content-Security-Policy": content_security_policy()})


def _problem(refusal: Refused) -> JSONResponse:
    body = {"type": f"urn:canheal:problem:{refusal.slug}", "title": refusal.title, "status": refusal.status}
    return JSONResponse(
        body | {"detail": refusal.detail},
        status_code=refusal.status,
        media_type="application/problem+json",
        headers=_HEADERS,
    )


def _age(version: ReportVersion) -> tuple[int, bool, int, str]:
    """Of two versions of a revision the one that joins more parts is newer; a withheld one closes it."""
    return (
        version.revision,
        version.status is ReportStatus.WITHHELD,
        len(version.parts),
        str(version.id),
    )


def _listed(versions: list[ReportVersion]) -> list[dict[str, Any]]:
    return [
        {
            "version": number,
            "report_id": str(version.id),
            "revision": version.revision,
            "status": version.status,
            "parts": [str(part) for part in version.parts],
            "html": f"/v1/reports/{version.id}.html",
            "json": f"/v1/reports/{version.id}.json",
        }
        for number, version in enumerate(versions, start=1)
    ]
