"""Reports over HTTP. Consent is asked anew at each request."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

from canheal_chassis.audit import actor_of
from canheal_process.answers import refusals
from canheal_process.document import Document
from canheal_process.errors import ConsentOutOfDate
from canheal_schemas import ConsentChanged, Purpose
from canheal_schemas.identifiers import sample_root
from canheal_vault.auditlog import AuditLog
from canheal_vault.chain import Action
from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse, JSONResponse, Response

from canheal_report.carerecords import CareRecords, record_key
from canheal_report.document import report_document
from canheal_report.errors import (
    ConsentRefuses,
    NoCareRecord,
    NoReportOfSample,
    NoSuchReport,
    ReportWithheld,
)
from canheal_report.heads import Head, Summary
from canheal_report.knowledge import Knowledge
from canheal_report.page import Served, content_security_policy, list_page, report_page
from canheal_report.versions import ReportVersion, withheld_id

Actor = Annotated[str, Depends(actor_of)]
"""Who asks, for the audit log."""
type Revision = tuple[UUID, int]
"""A sample and its revision."""


def named_revision(
    sample: UUID | None = None, revision: Annotated[int | None, Query(ge=1)] = None
) -> Revision | None:
    """What a withheld report's link names, since nothing of it is kept by which it could be known."""
    return (sample, revision) if sample is not None and revision is not None else None


Of = Annotated[Revision | None, Depends(named_revision)]
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

    def in_force(self, subject: str) -> ConsentChanged | None: ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Hands a report out, or says why not."""

    documents: Documents
    consent: ConsentGate
    clock: Callable[[], datetime]

    async def report(self, report_id: UUID, of: Revision | None = None) -> tuple[ReportVersion, Served]:
        """Raises NoSuchReport, ReportWithheld, ConsentRefuses or ConsentOutOfDate."""
        version = await self.documents.get(ReportVersion, report_id)
        if version is None:
            if of is not None and withheld_id(sample_root(*of)) == report_id:
                raise ReportWithheld
            raise NoSuchReport(report_id)
        consent = self.ask(version)
        versions = (await self.head(version.sample)).versions
        number = [summary.report_id for summary in versions].index(version.id) + 1
        newest = versions[-1] if number < len(versions) else None
        return version, Served(number, len(versions), self.clock(), newest, consent)

    async def head(self, sample: UUID) -> Head:
        """Raises NoReportOfSample, ConsentRefuses or ConsentOutOfDate."""
        head = await self.documents.get(Head, sample)
        if head is None or not head.versions:
            raise NoReportOfSample(sample)
        self.ask(head)
        return head

    async def newest(self) -> list[Summary]:
        """The newest report of the samples that changed last, as far as consent lets it be shown."""
        heads = await self.documents.find(Head, limit=LISTED)
        return [head.report for head in heads if head.report and self._permits(head)]

    def ask(self, document: Document) -> ConsentChanged:
        """The consent under which a document is shown. Raises ConsentRefuses or ConsentOutOfDate."""
        consent = self.consent.in_force(document.subject)
        if consent is None or not consent.consent.permits(Purpose.OWN_CARE):
            raise ConsentRefuses
        return consent

    def _permits(self, document: Document) -> bool:
        try:
            self.ask(document)
        except ConsentRefuses:
            return False
        return True


def routes(
    documents: Documents,
    consent: ConsentGate,
    audit: AuditLog,
    knowledge: Knowledge,
    clock: Callable[[], datetime],
) -> APIRouter:
    """The report service's routes; what they raise the app answers as problem documents (RFC 9457).

    Every view is written into the audit log before it is answered.
    """
    router = APIRouter(tags=["reports"])
    desk = Desk(documents, consent, clock)

    async def viewed(
        report_id: UUID, by: str, form: str, of: Revision | None
    ) -> tuple[ReportVersion, Served]:
        version, served = await desk.report(report_id, of)
        about = {"report": str(report_id), "form": form}
        await audit.record(Action.REPORT_VIEWED, by, subject=version.subject, about=about)
        return version, served

    @router.get("/v1/reports/{report_id}.html", response_class=HTMLResponse, responses=_REPORT)
    async def report_as_page(report_id: UUID, by: Actor, of: Of) -> Response:
        """One report version for people."""
        return _page(report_page(*await viewed(report_id, by, "html", of), knowledge))

    @router.get("/v1/reports/{report_id}.json", responses=_REPORT)
    async def report_as_json(report_id: UUID, by: Actor, of: Of) -> Response:
        """One report version for programs."""
        return JSONResponse(report_document(*await viewed(report_id, by, "json", of)), headers=_HEADERS)

    @router.get("/v1/samples/{sample}/reports", responses=refusals(NoReportOfSample, *_CONSENT))
    async def versions_of_a_sample(sample: UUID, by: Actor) -> Response:
        """Every version of a sample's report, the newest last."""
        head = await desk.head(sample)
        about = {"sample": str(sample), "form": "versions"}
        await audit.record(Action.REPORT_VIEWED, by, subject=head.subject, about=about)
        return JSONResponse({"sample": str(sample), "versions": _listed(head.versions)}, headers=_HEADERS)

    @router.get("/", response_class=HTMLResponse, responses=refusals(validated=False))
    async def list_of_reports(by: Actor) -> Response:
        """The newest report of each sample."""
        listed = await desk.newest()
        await audit.record(Action.REPORTS_LISTED, by, about={"count": str(len(listed))})
        return _page(list_page(listed, clock()))

    return router


def care_record_routes(records: CareRecords, audit: AuditLog) -> APIRouter:
    """The one route that opens what a law keeps of the erased. No consent is asked: the law is the ground."""
    router = APIRouter(tags=["care records"])

    @router.get("/v1/care-records/{erasure}", responses=refusals(NoCareRecord))
    async def care_record(erasure: UUID, by: Actor) -> Response:
        """The kept report versions of an erased person or sample; each opening stands in the audit log."""
        kept = await records.opened(erasure)
        await audit.record(Action.CARE_RECORD_VIEWED, by, subject=record_key(erasure), about={"form": "json"})
        return Response(kept, media_type="application/json", headers=_HEADERS)

    return router


_CONSENT = (ConsentRefuses, ConsentOutOfDate)
_REPORT = refusals(NoSuchReport, ReportWithheld, *_CONSENT)
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
