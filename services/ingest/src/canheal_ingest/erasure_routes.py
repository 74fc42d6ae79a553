"""HTTP of erasure: DELETE a person or a sample, and read the receipt."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from canheal_chassis.audit import actor_of
from canheal_process.answers import refusals
from canheal_process.errors import Erased
from canheal_vault.auditlog import AuditLog
from canheal_vault.chain import Action
from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse

from canheal_ingest.erasures import Erasures, receipt_document
from canheal_ingest.errors import ErasureUnknown, SampleUnknown, SubjectUnknown
from canheal_ingest.metadata import Name, Site
from canheal_ingest.records import ErasureRecord

Actor = Annotated[str, Depends(actor_of)]
"""Who asks, for the audit log."""


def erasure_routes(erasures: Erasures, audit: AuditLog, now: Callable[[], datetime]) -> APIRouter:
    """The routes by which what a hospital sent goes again."""
    router = APIRouter(tags=["erasure"])

    async def accepted(record: ErasureRecord, action: Action, by: str) -> JSONResponse:
        about = {"erasure": str(record.id)}
        await audit.record(action, by, subject=record.subject, about=about, correlation_id=record.id)
        place = f"/v1/erasures/{record.id}"
        return JSONResponse(receipt_document(record, now()) | {"receipt": place}, 202, {"Location": place})

    @router.delete(
        "/v1/subjects/{pseudonym:path}", status_code=202, responses=refusals(SubjectUnknown, ErasureUnknown)
    )
    async def erase_subject(
        pseudonym: Annotated[Name, Path()], site: Annotated[Site, Query()], by: Actor
    ) -> JSONResponse:
        """Everything of a person must go: nothing is used from now on, the receipt says when all is gone."""
        record = await erasures.erase_subject(site, pseudonym)
        return await accepted(record, Action.SUBJECT_ERASED, by)

    @router.delete("/v1/samples/{sample}", status_code=202, responses=refusals(SampleUnknown, Erased))
    async def erase_sample(sample: UUID, by: Actor) -> JSONResponse:
        """One sample must go, all its revisions and what was made of them."""
        return await accepted(await erasures.erase_sample(sample), Action.SAMPLE_ERASED, by)

    @router.get("/v1/erasures/{erasure}", responses=refusals(ErasureUnknown))
    async def receipt(erasure: UUID, by: Actor) -> dict[str, Any]:
        """How far an erasure has come: what each service removed, what a law makes it keep."""
        record = await erasures.find(erasure)
        await audit.record(Action.RECEIPT_VIEWED, by, correlation_id=record.id)
        return receipt_document(record, now())

    return router
