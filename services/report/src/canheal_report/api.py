"""Reports over HTTP. Consent is asked anew at each request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from canheal_chassis.outcome import Document
from canheal_schemas import Purpose
from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, Response

from canheal_report.document import report_document
from canheal_report.errors import ConsentRefuses, NoReportOfSample, NoSuchReport
from canheal_report.heads import Head, Summary
from canheal_report.knowledge import Knowledge
from canheal_report.page import Served, content_security_policy, list_page, report_page
from canheal_report.versions import ReportVersion

LISTED = 500
"""Samples that the list page looks at."""


class Documents(Protocol):
    """Where the service's documents lie: the chassis' `Store`."""

    async def get[D: Document](self, model: type[D], document_id: UUID) -> D | None: ...

    async def find[D: Document](
        self, model: type[D], *, limit: int = 0, **equals: str | int
    ) -> Sequence[D]: ...


class ConsentGate(Protocol):
    """What the subjects allow now: the chassis' `ConsentProjection`."""

    def permits(self, subject: str, purpose: Purpose) -> bool: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Hands a report out, or says why not."""

    documents: Documents
    consent: ConsentGate
    clock: Callable[[], datetime]

    async def report(self, report_id: UUID) -> tuple[ReportVersion, Served]:
        """Raises NoSuchReport or ConsentRefuses."""
        version = await self.documents.get(ReportVersion, report_id)
        if version is None:
            raise NoSuchReport(report_id)
        versions = (await self.head(version.sample)).versions
        number = [summary.report_id for summary in versions].index(version.id) + 1
        newest = versions[-1] if number < len(versions) else None
        return version, Served(number, len(versions), self.clock(), newest)

    async def head(self, sample: UUID) -> Head:
        """Raises NoReportOfSample or ConsentRefuses."""
        head = await self.documents.get(Head, sample)
        if head is None or not head.versions:
            raise NoReportOfSample(sample)
        if not self._permits(head):
            raise ConsentRefuses
        return head

    async def newest(self) -> list[Summary]:
        """The newest report of the samples that changed last, as far as consent lets it be shown."""
        heads = await self.documents.find(Head, limit=LISTED)
        return [head.report for head in heads if head.report and self._permits(head)]

    def _permits(self, document: Document) -> bool:
        return self.consent.permits(document.subject, Purpose.OWN_CARE)


def routes(
    documents: Documents, consent: ConsentGate, knowledge: Knowledge, clock: Callable[[], datetime]
) -> APIRouter:
    """The report service's routes; what they raise the app answers as problem documents (RFC 9457)."""
    router = APIRouter(tags=["reports"])
    desk = Desk(documents, consent, clock)

    @router.get("/v1/reports/{report_id}.html", response_class=HTMLResponse)
    async def report_as_page(report_id: UUID) -> Response:
        """One report version for people."""
        return _page(report_page(*await desk.report(report_id), knowledge))

    @router.get("/v1/reports/{report_id}.json")
    async def report_as_json(report_id: UUID) -> Response:
        """One report version for programs."""
        return JSONResponse(report_document(*await desk.report(report_id)), headers=_HEADERS)

    @router.get("/v1/samples/{sample}/reports")
    async def versions_of_a_sample(sample: UUID) -> Response:
        """Every version of a sample's report, the newest last."""
        versions = (await desk.head(sample)).versions
        return JSONResponse({"sample": str(sample), "versions": _listed(versions)}, headers=_HEADERS)

    @router.get("/", response_class=HTMLResponse)
    async def list_of_reports() -> Response:
        """The newest report of each sample."""
        return _page(list_page(await desk.newest(), clock()))

    return router


_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""What consent forbids tomorrow must not lie in a cache."""


def _page(html: str) -> HTMLResponse:
    return HTMLResponse(html, headers=_HEADERS | {"Content-Security-Policy": content_security_policy()})


def _listed(versions: Sequence[Summary]) -> list[dict[str, Any]]:
    return [
        {
            "version": number,
            "report_id": str(summary.report_id),
            "revision": summary.revision,
            "status": summary.status,
            "parts": [str(part) for part in summary.parts],
            "html": f"/v1/reports/{summary.report_id}.html",
            "json": f"/v1/reports/{summary.report_id}.json",
        }
        for number, summary in enumerate(versions, start=1)
    ]
