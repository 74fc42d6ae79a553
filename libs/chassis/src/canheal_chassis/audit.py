"""The audit log of a process: where its entries lie, and the routes that hand it out.

A view that cannot be written down is not answered, a change is not confirmed: 503.
"""

import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated, Any

from canheal_vault.auditlog import AuditLog, named
from canheal_vault.chain import Action, Entry, Head
from canheal_vault.keys import KeyRing
from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from canheal_chassis.answers import refusals
from canheal_chassis.clock import utc_now
from canheal_chassis.errors import Duplicate
from canheal_chassis.store import Store
from canheal_chassis.telemetry import log

AUDIT = "audit"
ACTOR_HEADER = "X-Canheal-Actor"
PAGE = 1000
MOST_ENTRIES = 2**63 - 1
"""What the database counts to."""


class StoredEntries:
    """The chain's entries in a service's own database, numbered by their `_id`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def append(self, entry: Entry) -> bool:
        """Keep an entry; False where there is one of its number already."""
        try:
            await self._store.single.insert(AUDIT, entry.model_dump(mode="json") | {"_id": entry.sequence})
        except Duplicate:
            return False
        return True

    async def head(self) -> Head:
        """Where the chain ends now."""
        last = await self._store.last(AUDIT)
        return Head(last["sequence"], last["hash"]) if last else Head()

    async def lines(self, after: int, limit: int) -> AsyncIterator[bytes]:
        """Entries behind a number, as they lie there, one in JSON a line."""
        while page := await self._store.page(AUDIT, after, min(limit, PAGE)):
            for record in page:
                after = record.pop("_id")
                yield json.dumps(record, ensure_ascii=False, default=str).encode() + b"\n"
            limit -= len(page)
            if limit <= 0:
                return


class Audit(AuditLog):
    """The audit log that this process writes."""

    def __init__(
        self,
        service: str,
        instance: str,
        store: Store,
        keys: KeyRing,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        super().__init__((service, instance), StoredEntries(store), keys, now, _logged)


def _logged(head: Head) -> None:
    log("audit-head", count=head.sequence, head=head.hash)


def actor_of(request: Request) -> str:
    """Who asks, as the request says; nobody checks it until access control does."""
    return named(request.headers.get(ACTOR_HEADER, ""))


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
