"""HTTP of erasure: DELETE a person or a sample, and read the receipt."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from canheal_chassis.answers import refusals
from canheal_chassis.errors import Erased
from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse

from canheal_ingest.erasures import Erasures, receipt_document
from canheal_ingest.errors import ErasureUnknown, SampleUnknown, SubjectUnknown
from canheal_ingest.metadata import Name, Site
from canheal_ingest.records import ErasureRecord


def erasure_routes(erasures: Erasures, now: Callable[[], datetime]) -> APIRouter:
    """The routes by which what a hospital sent goes again."""
    router = APIRouter(tags=["erasure"])

    def accepted(record: ErasureRecord) -> JSONResponse:
        place = f"/v1/erasures/{record.id}"
        return JSONResponse(receipt_document(record, now()) | {"receipt": place}, 202, {"Location": place})

    @router.delete(
        "/v1/subjects/{pseudonym:path}", status_code=202, responses=refusals(SubjectUnknown, ErasureUnknown)
    )
    async def erase_subject(
        pseudonym: Annotated[Name, Path()], site: Annotated[Site, Query()]
    ) -> JSONResponse:
        """Everything of a person must go: nothing is used from now on, the receipt says when all is gone."""
        return accepted(await erasures.erase_subject(site, pseudonym))

    @router.delete("/v1/samples/{sample}", status_code=202, responses=refusals(SampleUnknown, Erased))
    async def erase_sample(sample: UUID) -> JSONResponse:
        """One sample must go, all its revisions and what was made of them."""
        return accepted(await erasures.erase_sample(sample))

    @router.get("/v1/erasures/{erasure}", responses=refusals(ErasureUnknown))
    async def receipt(erasure: UUID) -> dict[str, Any]:
        """How far an erasure has come: what each service removed, what a law makes it keep."""
        return receipt_document(await erasures.find(erasure), now())

    return router
