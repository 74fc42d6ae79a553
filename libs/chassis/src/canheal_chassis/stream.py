"""How one event is handled: seven steps, in the order in which they stand here.

Whatever fails, one of three things is true afterwards: the outcome is stored and said, the event is a dead
letter, or the process is gone and the event comes again.
"""

import asyncio
import random
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from canheal_process.clock import utc_now
from canheal_process.errors import (
    Conflict,
    CrashedWorker,
    Duplicate,
    Erased,
    EventRefused,
    HandlerFailed,
    Undecodable,
    UnknownEventType,
    Unreachable,
)
from canheal_process.telemetry import (
    ADOPTED,
    END_TO_END_SECONDS,
    FAILED,
    HANDLED,
    HANDLING_SECONDS,
    PASSED_ON,
    RETRIED,
    WITHHELD,
    bind,
    log,
)
from canheal_schemas import EVENTS, Envelope, Event, Lane, Provenance, ReportIssued, ReportStatus, heavy_topic
from canheal_schemas.identifiers import event_id
from canheal_vault.keys import PLATFORM
from pydantic import ValidationError

from canheal_chassis.consent import ConsentProjection
from canheal_chassis.deadletters import DeadLetters, Origin
from canheal_chassis.erasure import Target, Traces
from canheal_chassis.ledger import Entry, Ledger, entry_key
from canheal_chassis.message import Message, Record, envelope_of, places
from canheal_chassis.outcome import Handler, Handlers, Outcome
from canheal_chassis.outgoing import Says, head, say, set_head
from canheal_chassis.workplace import Bench, Workplace, unsealing

MAX_STARTS = 3
"""Starts of one event that ended without an outcome; at the next it is a dead letter."""
MAX_PAUSE_SECONDS = 1.0
LEAVING = frozenset({ReportIssued.topic.name})
"""Topics for subscribers: consent is asked once more before anything is said there."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What `deliver` works with."""

    service: str
    handlers: Handlers
    tries: int
    ledger: Ledger
    consent: ConsentProjection
    place: Workplace
    publisher: Says
    deadletters: DeadLetters
    traces: Traces
    now: Callable[[], datetime] = utc_now
    lane: Lane = Lane.COMMON
    one_suspect: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class Task:
    """A decoded event and its handler."""

    event: Event
    envelope: Envelope
    handler: Handler[Any]

    @property
    def key(self) -> str:
        return entry_key(self.envelope.event_type, self.envelope.root_id)

    @property
    def subject(self) -> str | None:
        return getattr(self.event, "subject", None)

    @property
    def sample(self) -> UUID | None:
        return getattr(self.event, "sample", None)


async def deliver(record: Record, hands: Hands, acknowledge: Callable[[], Awaitable[None]]) -> bool:
    """Handle one event to its end; only what nobody foresaw escapes, and then the process must end.

    Returns whether the event had no end before: its outcome was made here, or it was given up.
    """
    bind()  # nothing of the event before
    attempt, new = 0, True
    while True:
        try:
            new = await _seven_steps(record, hands)
            break
        except EventRefused as error:
            if await _kept(record, error, hands):
                break
        except (Unreachable, Conflict, Erased) as error:  # erased: until this process has heard of it
            RETRIED.labels(hands.service, error.slug).inc()
            log("retrying", error=error.slug, attempt=attempt)
            record = replace(record, first=False)  # a start counts once, however often it is begun anew
        await asyncio.sleep(_pause(attempt))
        attempt += 1
    await acknowledge()  # 7. acknowledge
    return new


async def _seven_steps(record: Record, hands: Hands) -> bool:
    """Whether the outcome was made here; else the stored one was said again, or another lane makes it."""
    began = time.perf_counter()
    task = decode(record, hands)  # 1. decode
    bind(event_type=task.envelope.event_type, correlation_id=str(task.envelope.correlation_id))
    if hands.lane is Lane.COMMON and task.handler.heavy(task.event):
        await _pass_on(record, task, hands)
        return False
    entry = await hands.ledger.find(task.key)  # 2. ledger
    new = entry is None
    if entry is None:
        async with _start(record, task, hands):
            entry = await _make(task, hands)  # 3. consent, 4. run, 5. store
        HANDLED.labels(hands.service, task.envelope.event_type).inc()
        if record.first:
            await hands.ledger.forget_starts(task.key)
    else:
        ADOPTED.labels(hands.service, task.envelope.event_type).inc()
    await _say(task, entry, hands)  # 6. erasure and consent once more, publish
    await _measure(task, hands, began)
    return new


def decode(record: Record, hands: Hands) -> Task:
    """Read a record by its headers.

    Raises:
        Undecodable: headers or body are not what the contract says.
        UnknownEventType: this service has no handler for the type.
    """
    envelope = envelope_of(record.headers)
    model = EVENTS.get(envelope.event_type)
    handler = hands.handlers.get(model) if model else None
    if model is None or handler is None:
        raise UnknownEventType(f"{hands.service} does not handle {envelope.event_type}")
    try:
        return Task(model.model_validate_json(record.value), envelope, handler)
    except ValidationError as error:
        raise Undecodable(f"body of {envelope.event_type}: {places(error)}") from error


async def _pass_on(record: Record, task: Task, hands: Hands) -> None:
    """Send it to the heavy lane as it came; type and root are the same, so twice is once."""
    topic = heavy_topic(hands.service).name
    await hands.publisher.publish(Message(topic, record.key, record.value, record.headers, compacted=False))
    PASSED_ON.labels(hands.service, task.envelope.event_type).inc()
    log("passed-on")


@asynccontextmanager
async def _start(record: Record, task: Task, hands: Hands) -> AsyncIterator[None]:
    """Count the start of a partition's first event; one that a worker ended with before is handled alone.

    So of all that were in hand then, only the one that ends the next worker too is counted again.
    """
    async with AsyncExitStack() as alone:
        if record.first and await hands.ledger.was_started(task.key):
            await alone.enter_async_context(hands.one_suspect)
        if record.first and await hands.ledger.starts(task.key) > MAX_STARTS:
            raise CrashedWorker(
                f"{MAX_STARTS} workers ended while they had this {task.envelope.event_type} in hand"
            )
        yield


@dataclass(frozen=True, slots=True)
class Verdict:
    """What consent says of an event: the version asked, and why its use is refused, if it is."""

    consent_version: int | None = None
    refused: str | None = None
    erased: bool = False

    @property
    def state(self) -> str:
        """The state of the entry that follows."""
        if self.erased:
            return "erased"
        return "withheld" if self.refused else "done"


async def _ask_consent(task: Task, hands: Hands) -> Verdict:
    """Step 3: the consent in force, at a version no older than the event names."""
    if task.subject is None:
        return Verdict()
    purpose = task.handler.purpose
    consent, version = await hands.consent.at_least(task.subject, getattr(task.event, "consent_version", 0))
    if hands.consent.erased(task.subject, task.sample):
        return Verdict(version, erased=True)
    if consent.permits(purpose):
        return Verdict(version)
    return Verdict(version, refused=f"consent version {version} does not permit {purpose.value}")


async def _make(task: Task, hands: Hands) -> Entry:
    """Steps 3 to 5: ask consent, run the handler, store the outcome (or adopt the one stored meanwhile)."""
    verdict = await _ask_consent(task, hands)
    async with hands.place.bench(task.envelope, task.subject or PLATFORM) as bench:
        allowed = verdict.state == "done"
        outcome = await _run(task, bench, hands) if allowed else _refusal(task, verdict, hands)
        for blob in outcome.blobs:
            with unsealing():
                await hands.place.blobs.put(blob, task.envelope.root_id)
        revisions = [bench.revision(document) for document in outcome.save if document.shared]
        return await _store(task, outcome, revisions, hands, verdict)


def _refusal(task: Task, verdict: Verdict, hands: Hands) -> Outcome:
    if verdict.refused is None:
        return Outcome()
    WITHHELD.labels(hands.service, task.envelope.event_type).inc()
    said = task.handler.withheld(task.event, verdict.refused)
    return Outcome(publish=(said,) if said else ())


async def _run(task: Task, bench: Bench, hands: Hands) -> Outcome:
    for attempt in range(1, hands.tries + 1):
        try:
            outcome: Outcome = await task.handler.handle(task.event, bench)
        except (Unreachable, Conflict, Erased, EventRefused):
            raise
        except Exception as error:
            FAILED.labels(hands.service, task.envelope.event_type).inc()
            where = _where(error)
            log("handler-failed", error=type(error).__name__, where=where, attempt=attempt)
            if attempt == hands.tries:
                raise HandlerFailed(
                    f"{type(error).__name__} at {where}, on each of {hands.tries} tries"
                ) from error
            await asyncio.sleep(_pause(attempt))
        else:
            return outcome
    raise HandlerFailed("no try was allowed")


def _where(error: BaseException) -> str:
    """The innermost line of ours that an error came through; never its values."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "canheal_" in frame.filename] or frames
    return f"{ours[-1].filename.rpartition('/')[2]}:{ours[-1].lineno}" if ours else "unknown"


async def _store(task: Task, outcome: Outcome, revisions: list[int], hands: Hands, verdict: Verdict) -> Entry:
    moment = hands.now()
    entry = Entry(
        input_type=task.envelope.event_type,
        root_id=task.envelope.root_id,
        subject=task.subject,
        sample=str(task.sample) if task.sample else None,
        consent_version=verdict.consent_version,
        messages=tuple(
            Message.of(event, caused_by(task.envelope, event, hands.service, number, moment))
            for number, event in enumerate(outcome.publish)
        ),
        documents=outcome.save,
        blobs=tuple(blob.ref.blob_id for blob in outcome.blobs),
        provenance=_provenance(outcome),
        state=verdict.state,
    )
    try:
        await hands.ledger.insert(entry, revisions, moment)
    except Duplicate:
        stored = await hands.ledger.find(entry.key)
        if stored is None:
            raise Conflict("a document was made by another event meanwhile") from None
        return stored
    return entry


def _provenance(outcome: Outcome) -> Provenance | None:
    """By which knowledge and rules the outcome was made: its events say it."""
    said = [getattr(event, "provenance", None) for event in outcome.publish]
    return next((provenance for provenance in said if provenance), None)


def caused_by(cause: Envelope, event: Event, service: str, ordinal: int | str, moment: datetime) -> Envelope:
    """The envelope of what `service` says because of `cause`."""
    return Envelope(
        event_id=event_id(cause.root_id, service, cause.event_type, event.event_type, ordinal),
        root_id=cause.root_id,
        event_type=event.event_type,
        correlation_id=cause.correlation_id,
        causation_id=cause.event_id,
        occurred_at=moment,
        site=cause.site,
        traceparent=cause.traceparent,
    )


async def _say(task: Task, entry: Entry, hands: Hands) -> None:
    """Ask erasure once more, and consent for what leaves the platform; then publish the stored bytes."""
    if task.subject is not None:  # an adopted outcome may be said before this process knows any consent
        await hands.consent.at_least(task.subject, getattr(task.event, "consent_version", 0))
    if task.subject is not None and hands.consent.erased(task.subject, task.sample):
        await hands.traces.remove(Target(task.subject, task.sample, (task.envelope.root_id,)))
        return
    for message in entry.messages:
        allowed = await _allowed(task, message, hands)
        if allowed is not None:
            await say(hands.place.store, hands.publisher, allowed, partial(_may_leave, task, hands))


def _may_leave(task: Task, hands: Hands, message: Message) -> bool:
    """Whether consent lets a message out: what stays inside, and the word that nothing is said, may go."""
    if message.topic not in LEAVING or task.subject is None:
        return True
    if hands.consent.permits(task.subject, task.handler.purpose):
        return True
    return ReportIssued.model_validate_json(message.value).status is ReportStatus.WITHHELD


async def _allowed(task: Task, message: Message, hands: Hands) -> Message | None:
    """The message itself, or what is said instead when consent was withdrawn since it was stored.

    Nothing is, when a newer event of the key is stored: what becomes of that one is asked when it is said.
    """
    if task.subject is None or _may_leave(task, hands, message):
        return message
    current = hands.consent.current(task.subject)
    version = current.consent_version if current else 0
    said = task.handler.withheld(task.event, f"consent version {version} withdrew it")
    if said is None:
        return None
    cause = task.envelope
    envelope = caused_by(cause, said, hands.service, f"withheld-{version}", cause.occurred_at)
    instead = Message.of(said, envelope)
    newest = await head(hands.place.store, message)
    if newest is not None and newest.event_id not in {message.event_id, instead.event_id}:
        return None
    await set_head(hands.place.store.single, instead)
    return instead


async def _measure(task: Task, hands: Hands, began: float) -> None:
    labels = (hands.service, task.envelope.event_type)
    seconds = time.perf_counter() - began
    HANDLING_SECONDS.labels(*labels).observe(seconds)
    END_TO_END_SECONDS.labels(*labels).observe((hands.now() - task.envelope.occurred_at).total_seconds())
    log("handled", seconds=round(seconds, 4))


async def _kept(record: Record, error: EventRefused, hands: Hands) -> bool:
    """Whether the dead letter is kept; not yet, when something does not answer. Of the erased none is."""
    about = Origin.of(record).about
    if about is not None and hands.consent.erased(about.subject, about.sample):
        return True
    try:
        with unsealing():
            await hands.deadletters.keep(record, error)
    except (Unreachable, Erased):
        return False
    return True


def _pause(attempt: int) -> float:
    """Seconds before the next attempt: doubling, capped, and spread so that rivals part."""
    longest = min(MAX_PAUSE_SECONDS, 0.02 * 2.0 ** min(attempt, 10))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 no secret
