"""The audit log of a process: where its entries lie, and the routes that hand it out.

A view that cannot be written down is not answered, a change is not confirmed: 503.
"""

import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from canheal_process.clock import utc_now
from canheal_process.errors import Duplicate
from canheal_process.store import Store
from canheal_process.telemetry import log
from canheal_vault.auditlog import AuditLog, named
from canheal_vault.chain import Entry, Head
from canheal_vault.keys import KeyRing
from fastapi import Request

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
