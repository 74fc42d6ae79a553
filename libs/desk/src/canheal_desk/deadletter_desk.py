"""The desk where a person decides on what could not be handled: read it, send it again, mend it, give it up.

Each dead letter is decided on once. Sent again as it came, the event keeps its type, root and id: it is the
same input. Mended, it is a new event: its root is derived from the dead letter and the new content, so the
same content sent twice is still one event, and consent and erasure are asked anew when it is handled. It
stays an event of the same sample and person; who and where an event is about is not mended here. Given up for
good, the dead letter is kept, and a second event on its topic says so to the report and to ingest.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, Self
from uuid import UUID

from canheal_chassis.deadletters import DEADLETTERS
from canheal_chassis.letters import Letter, LetterState, given_up, said
from canheal_chassis.message import Message, as_headers
from canheal_chassis.outgoing import Says
from canheal_chassis.resources import Resources
from canheal_chassis.workplace import unsealing
from canheal_process.clock import utc_now
from canheal_process.errors import BodyWithheld, Erased, MendRefused, NoSuchDeadLetter
from canheal_process.store import Json, Store
from canheal_schemas import ConsentChanged, DeadLettered, Purpose, SampleEvent, retry_topic
from canheal_vault.auditlog import AuditLog
from canheal_vault.blobs import BlobStore
from canheal_vault.chain import Action

from canheal_desk.mending import mended_event, mended_message, retry_of

LISTED = 1000
"""Dead letters of one answer."""
DECISIONS = {
    LetterState.RETRIED: Action.DEADLETTER_RETRIED,
    LetterState.MENDED: Action.DEADLETTER_MENDED,
    LetterState.DROPPED: Action.DEADLETTER_DROPPED,
}
"""How the audit log names them."""


class ConsentGate(Protocol):
    """What the subjects allow now: the chassis' `ConsentProjection`."""

    def current(self, subject: str) -> ConsentChanged | None: ...

    def in_force(self, subject: str) -> ConsentChanged | None: ...

    def erased(self, subject: str | None, sample: UUID | None = None) -> bool: ...


class Desk:
    """A service's dead letters, for people."""

    def __init__(
        self,
        store: Store,
        blobs: BlobStore,
        publisher: Says,
        consent: ConsentGate,
        audit: AuditLog,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._publisher = publisher
        self._consent = consent
        self._audit = audit
        self._now = now

    @classmethod
    def of(cls, resources: Resources) -> Self:
        return cls(resources.store, resources.blobs, resources.publisher, resources.consent, resources.audit)

    async def letters(self, by: str, state: LetterState | None = None) -> list[Letter]:
        """The dead letters in this state, or all, the oldest first."""
        await self._audit.record(Action.DEADLETTERS_VIEWED, by)
        equals = {} if state is None else {"state": state.value}
        found = await self._store.records(DEADLETTERS, equals, limit=LISTED)
        return sorted(map(Letter.of, found), key=lambda letter: letter.kept_at)

    async def letter(self, letter: UUID, by: str) -> Letter:
        """One dead letter.

        Raises:
            NoSuchDeadLetter: there is none with this id.
        """
        record = await self._record(letter)
        await self._written(Action.DEADLETTERS_VIEWED, by, record)
        return Letter.of(record)

    async def body(self, letter: UUID, by: str) -> bytes:
        """What could not be handled, as it came.

        Raises:
            NoSuchDeadLetter: there is none with this id.
            BodyWithheld: consent does not allow that it is read.
            ConsentOutOfDate: the broker was not heard for too long.
            Erased: its person was erased.
        """
        record = await self._record(letter)
        event, _ = said(record)
        self._ask_erasure(event)
        allowed = event.subject is None or self._permits(event.subject)
        outcome = "done" if allowed else BodyWithheld.slug
        await self._written(Action.DEADLETTER_BODY_VIEWED, by, record, outcome)
        if not allowed:
            raise BodyWithheld(
                f"The body of dead letter {letter} is not shown: the person's consent in force does not "
                "allow use for their own care. Retry and drop work without reading it."
            )
        with unsealing():
            return await self._blobs.get(event.body)

    async def retry(self, letter: UUID, by: str) -> Letter:
        """Send it back to its service as it came; the event keeps type, root and id.

        Raises:
            NoSuchDeadLetter: there is none with this id, or it was decided on already.
            Erased: its person was erased.
        """
        record = await self._open(letter)
        event, _ = said(record)
        self._ask_erasure(event)
        with unsealing():
            body = await self._blobs.get(event.body)
        headers = (*as_headers(record["headers"]), retry_of(letter))
        topic = retry_topic(event.service).name
        await self._publisher.publish(Message(topic, bytes(record["key"]), body, headers, compacted=False))
        return await self._decided(letter, LetterState.RETRIED, by)

    async def mend(self, letter: UUID, content: bytes, by: str) -> Letter:
        """Send `content` to the service instead of the body; the new event holds no clock, so twice is once.

        Raises:
            NoSuchDeadLetter: there is none with this id, or it was decided on already.
            MendRefused: the content is no event of the letter's type about the same sample and person.
            Erased: its person was erased.
        """
        event, envelope = said(await self._open(letter))
        self._ask_erasure(event)
        with unsealing():
            mended = mended_event(event, await self._blobs.get(event.body), content)
        self._ask_consent_version(mended)
        await self._publisher.publish(mended_message(letter, event, envelope, mended))
        return await self._decided(letter, LetterState.MENDED, by)

    async def drop(self, letter: UUID, by: str, why: str) -> Letter:
        """Give it up for good: it is kept, with who said so and why, and report and ingest hear of it.

        Raises:
            NoSuchDeadLetter: there is none with this id, or it was sent again.
        """
        record = await self._record(letter)
        if record["state"] == LetterState.OPEN:
            message = given_up(letter, record, why, self._now())
            fields = {"dropped": message.to_record(), "why": why}
            record = await self._note(letter, LetterState.DROPPED, by, **fields)
        if record["state"] != LetterState.DROPPED:
            raise _none_open(letter)
        await self._publisher.publish(Message.from_record(record["dropped"]))  # again, if it was cut off here
        return Letter.of(record)

    async def _decided(self, letter: UUID, state: LetterState, by: str) -> Letter:
        return Letter.of(await self._note(letter, state, by))

    async def _written(self, action: Action, by: str, record: Json, outcome: str = "done") -> None:
        event, envelope = said(record)
        about = {"letter": str(envelope.event_id), "input": event.input_type, "error": event.error}
        about |= {"why": record["why"]} if "why" in record else {}
        await self._audit.record(action, by, subject=event.subject, about=about, outcome=outcome)

    async def _note(self, letter: UUID, state: LetterState, by: str, **more: Any) -> Json:
        decision = {"state": state.value, "decided_at": self._now(), "by": by} | more
        await self._store.change(
            DEADLETTERS, str(letter), decision, only_if={"state": LetterState.OPEN.value}
        )
        record = await self._record(letter)
        await self._written(DECISIONS[state], by, record)
        return record

    async def _open(self, letter: UUID) -> Json:
        record = await self._record(letter)
        if record["state"] != LetterState.OPEN:
            raise _none_open(letter)
        return record

    async def _record(self, letter: UUID) -> Json:
        record = await self._store.record(DEADLETTERS, str(letter))
        if record is None:
            raise _none_open(letter)
        return record

    def _ask_erasure(self, event: DeadLettered | SampleEvent) -> None:
        if self._consent.erased(event.subject, event.sample):
            raise Erased("It was erased; what waits here of it goes too and is not sent again.")

    def _permits(self, subject: str) -> bool:
        consent = self._consent.in_force(subject)
        return consent is not None and consent.consent.permits(Purpose.OWN_CARE)

    def _ask_consent_version(self, mended: SampleEvent) -> None:
        """A consent that nobody gave yet would be waited for for ever."""
        self._ask_erasure(mended)
        known = self._consent.current(mended.subject)
        newest = known.consent_version if known else 0
        if mended.consent_version > newest:
            raise MendRefused(
                f"consent_version: found {mended.consent_version}, expected at most {newest}, "
                "the newest that is known of this person"
            )


def _none_open(letter: UUID) -> NoSuchDeadLetter:
    return NoSuchDeadLetter(
        f"There is no open dead letter {letter} here; `canheal dlq list` shows those there are"
    )
