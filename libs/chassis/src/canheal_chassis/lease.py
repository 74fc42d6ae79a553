"""A lease: of several processes one at a time does a thing, agreed by one document of the database.

No process compares its clock with another's. The holder counts its beat up; who waits watches the beat by
its own monotonic clock, and takes the lease when the beat has stood still for `LEASE_SECONDS` in which the
database answered. Each taking is a compare-and-set on the beat, so one of several wins. The holder counts
from before it sent its beat, so it ceases to believe in its lease before anybody else may take it; one
that was frozen asks `held` when it thaws, before it acts. What it had begun before is for the user of
the lease to make harmless: `before_taking` hears from whom it is taken (see `outbox.py`).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from canheal_process.errors import Conflict, Duplicate, Unreachable
from canheal_process.store import Store
from canheal_process.telemetry import log

LEASES = "leases"
LEASE_SECONDS = 3.0
BEAT_SECONDS = 1.0
NOBODY = ""


class Lease:
    """One process's view of a lease."""

    def __init__(
        self,
        store: Store,
        name: str,
        holder: str,
        before_taking: Callable[[str], Awaitable[None]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`holder` is the process's slot: its successor there takes the lease over at once."""
        self.holder = holder
        self._store = store
        self._name = name
        self._before_taking = before_taking
        self._monotonic = monotonic
        self._mine: dict[str, Any] | None = None
        self._beat_at = 0.0
        self._seen: dict[str, Any] | None = None
        self._seen_at = 0.0

    @property
    def held(self) -> bool:
        """Whether this process may act now; asked anew before each act."""
        return self._mine is not None and self._monotonic() - self._beat_at < LEASE_SECONDS

    async def keep(self, when_taken: Callable[[], None]) -> None:
        """Beat for ever."""
        while True:
            held = self.held
            try:
                if await self.beat() and not held:
                    when_taken()
            except (Unreachable, Conflict):
                self._seen = None  # a beat that could not be written or read did not stand still
            await asyncio.sleep(BEAT_SECONDS)

    async def beat(self) -> bool:
        """Renew the lease, or take it if nobody holds it; whether it is held now.

        Raises:
            Unreachable: the database does not answer.
        """
        began = self._monotonic()
        if self._mine is not None:
            if not await self._move(self._mine, {**self._mine, "beat": self._mine["beat"] + 1}, began):
                self._mine = None
                log("lease-lost", why="another process took it")
            return self.held
        found = await self._store.record(LEASES, self._name)
        if found is None:
            return await self._be_first(began)
        if self._is_free(found, began):
            await self._take(found, began)
        return self.held

    async def release(self) -> None:
        """Give it back, so that the next one need not wait."""
        if self._mine is not None:
            mine, self._mine = self._mine, None
            await self._move(mine, {**mine, "holder": NOBODY}, self._monotonic())
            self._mine = None

    def _is_free(self, found: dict[str, Any], now: float) -> bool:
        if found["holder"] in {NOBODY, self.holder}:
            return True
        if found != self._seen:
            self._seen, self._seen_at = found, now
        return now - self._seen_at >= LEASE_SECONDS

    async def _take(self, found: dict[str, Any], began: float) -> None:
        if found["holder"] not in {NOBODY, self.holder}:
            await self._before_taking(found["holder"])
        taken = {**found, "holder": self.holder, "term": found["term"] + 1, "beat": 0}
        if await self._move(found, taken, began):
            log("lease-taken", count=taken["term"])

    async def _be_first(self, began: float) -> bool:
        first = {"_id": self._name, "holder": self.holder, "term": 1, "beat": 0}
        try:
            await self._store.single.insert(LEASES, first)
        except Duplicate:
            return False
        self._mine, self._beat_at = first, began
        return True

    async def _move(self, known: dict[str, Any], to: dict[str, Any], began: float) -> bool:
        """Write the document if it still is as it is known here."""
        expected = {name: known[name] for name in ("holder", "term", "beat")}
        changed = {name: to[name] for name in ("holder", "term", "beat")}
        if not await self._store.change(LEASES, self._name, changed, only_if=expected):
            return False
        self._mine, self._beat_at = to, began
        return True
