"""The audit log over HTTP: what `canheal audit` reads and verifies."""

from typing import Annotated, Any

from canheal_chassis.audit import MOST_ENTRIES, PAGE, StoredEntries, actor_of
from canheal_process.answers import refusals
from canheal_process.store import Store
from canheal_vault.auditlog import AuditLog
from canheal_vault.chain import Action
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse


def audit_routes(audit: AuditLog, store: Store) -> APIRouter:
    """The log over HTTP: what `canheal audit` reads and verifies."""
    router = APIRouter(tags=["audit"])

    @router.get("/v1/audit", response_class=StreamingResponse, responses=refusals() | _LINES)
    async def entries(
        request: Request,
        after: Annotated[int, Query(ge=0, le=MOST_ENTRIES)] = 0,
        limit: Annotated[int, Query(ge=1, le=100 * PAGE)] = PAGE,
    ) -> StreamingResponse:
        """Entries behind a number, one in JSON a line; that they were read is an entry too."""
        await audit.record(Action.AUDIT_VIEWED, actor_of(request))
        return StreamingResponse(StoredEntries(store).lines(after, limit), media_type="application/x-ndjson")

    return router


_LINES: dict[int | str, dict[str, Any]] = {
    200: {"description": "Entries, JSON Lines.", "content": {"application/x-ndjson": {}}}
}
