"""The consent in force, as this process knows it, and the gate that asks it."""

import asyncio

from canheal_schemas import Consent, ConsentChanged, ConsentState, Envelope, Event, Purpose

from canheal_chassis.telemetry import log

PATIENCE_SECONDS = 10.0
"""After this long without a consent that an event names, the wait is logged (it goes on)."""


class ConsentProjection:
    """The newest consent of every subject, fed by the look-up consumer."""

    def __init__(self) -> None:
        self._newest: dict[str, ConsentChanged] = {}
        self._changed = asyncio.Condition()
        self._waking: set[asyncio.Task[None]] = set()

    def apply(self, event: Event, _envelope: Envelope) -> None:
        """Take a consent over unless a newer one is known, or an erasure: nothing brings a subject back."""
        if not isinstance(event, ConsentChanged):
            return
        known = self._newest.get(event.subject)
        if known is not None and known.consent_version >= event.consent_version:
            return
        if self.erased(event.subject):
            return
        self._newest[event.subject] = event
        waking = asyncio.get_running_loop().create_task(self._wake())
        self._waking.add(waking)
        waking.add_done_callback(self._waking.discard)

    def current(self, subject: str) -> ConsentChanged | None:
        """The newest consent known here."""
        return self._newest.get(subject)

    def permits(self, subject: str, purpose: Purpose) -> bool:
        """Whether the consent in force allows this use; without any consent nothing is allowed."""
        known = self._newest.get(subject)
        return known is not None and known.consent.permits(purpose)

    def erased(self, subject: str | None) -> bool:
        """Whether the subject was erased."""
        known = self._newest.get(subject) if subject else None
        return known is not None and known.consent.state is ConsentState.ERASED

    async def at_least(self, subject: str, version: int) -> tuple[Consent, int]:
        """The consent in force and its version, once it is no older than `version` (or says erased)."""
        while True:
            known = self._newest.get(subject)
            if known is not None and (known.consent_version >= version or self.erased(subject)):
                return known.consent, known.consent_version
            async with self._changed:
                try:
                    await asyncio.wait_for(self._changed.wait(), PATIENCE_SECONDS)
                except TimeoutError:
                    log("consent-awaited", consent_version=version)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()
