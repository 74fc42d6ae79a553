"""The consent in force, as this process knows it, and the gate that asks it."""

import asyncio
import math
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from canheal_process.clock import utc_now
from canheal_process.errors import ConsentOutOfDate
from canheal_process.telemetry import CONSENT_IN_FORCE_SECONDS, log
from canheal_schemas import (
    Consent,
    ConsentChanged,
    ConsentState,
    Envelope,
    ErasureRequested,
    Event,
    Purpose,
)

PATIENCE_SECONDS = 10.0
"""After this long without a consent that an event names, the wait is logged (it goes on)."""
DOUBT_SECONDS = 0.2
"""How often a handler that waits for a reachable broker looks again."""


class ConsentProjection:
    """The newest consent of every subject, and the samples that were erased; fed by the look-up consumer."""

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._age: Callable[[], float] = float
        self._max_age_seconds = float("inf")
        self._readable_from: dict[str, int] = {}
        self._newest: dict[str, ConsentChanged] = {}
        self._erased_samples: set[UUID] = set()
        self._changed = asyncio.Condition()
        self._waking: set[asyncio.Task[None]] = set()

    def bound(self, age_seconds: Callable[[], float], max_age_seconds: float) -> None:
        """From now on what is known counts only while `age_seconds` stays within the limit."""
        self._age, self._max_age_seconds = age_seconds, max_age_seconds

    @property
    def up_to_date(self) -> bool:
        """Whether what is known here was all there was, a bounded time ago."""
        return self._age() <= self._max_age_seconds

    def doubt(self, key: bytes) -> None:
        """A subject's newest consent cannot be read: until a newer one comes nothing is allowed."""
        subject = key.decode("ascii", "replace")
        if not self.erased(subject):
            known = self._newest.pop(subject, None)
            floor = known.consent_version + 1 if known else 0
            self._readable_from[subject] = max(floor, self._readable_from.get(subject, 0))

    def apply(self, event: Event, envelope: Envelope) -> None:
        """Take a consent over unless a newer one is known, or an erasure: nothing brings a subject back."""
        if isinstance(event, ErasureRequested) and event.sample is not None:
            self._erased_samples.add(event.sample)
        if not isinstance(event, ConsentChanged):
            return
        known = self._newest.get(event.subject)
        if known is not None and known.consent_version >= event.consent_version:
            return
        if self.erased(event.subject) or event.consent_version < self._readable_from.get(event.subject, 0):
            return
        self._newest[event.subject] = event
        if self.up_to_date and not math.isinf(self._age()):  # not while old ones are read after a start
            took = self._now() - envelope.occurred_at
            CONSENT_IN_FORCE_SECONDS.observe(max(0.0, took.total_seconds()))
        waking = asyncio.get_running_loop().create_task(self._wake())
        self._waking.add(waking)
        waking.add_done_callback(self._waking.discard)

    def current(self, subject: str) -> ConsentChanged | None:
        """The newest consent known here."""
        return self._newest.get(subject)

    def all(self) -> list[ConsentChanged]:
        """The newest consent of every subject."""
        return list(self._newest.values())

    def permits(self, subject: str, purpose: Purpose) -> bool:
        """Whether the consent in force allows this use; without any consent nothing is allowed."""
        known = self._newest.get(subject)
        return known is not None and known.consent.at(self._now()).permits(purpose)

    def in_force(self, subject: str) -> ConsentChanged | None:
        """The consent that a read of personal data must ask, as it stands at this moment.

        Raises:
            ConsentOutOfDate: another one may be in force; nothing may be shown.
        """
        if not self.up_to_date:
            raise ConsentOutOfDate(self._age())
        known = self._newest.get(subject)
        return known and known.model_copy(update={"consent": known.consent.at(self._now())})

    def erased(self, subject: str | None, sample: UUID | None = None) -> bool:
        """Whether the subject was erased, or this sample of theirs."""
        known = self._newest.get(subject) if subject else None
        gone = known is not None and known.consent.state is ConsentState.ERASED
        return gone or sample in self._erased_samples

    async def at_least(self, subject: str, version: int) -> tuple[Consent, int]:
        """The consent in force and its version, once up to date and no older than `version` (or erased)."""
        while True:
            known = self._newest.get(subject)
            if known is not None and self.erased(subject):
                return known.consent, known.consent_version
            if not self.up_to_date:
                await asyncio.sleep(DOUBT_SECONDS)
                continue
            if known is not None and known.consent_version >= version:
                return known.consent.at(self._now()), known.consent_version
            async with self._changed:
                try:
                    await asyncio.wait_for(self._changed.wait(), PATIENCE_SECONDS)
                except TimeoutError:
                    log("consent-awaited", consent_version=version)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()
