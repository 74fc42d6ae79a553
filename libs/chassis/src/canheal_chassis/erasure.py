"""Erasure: what a service holds of a person, or of one sample, goes, and a receipt says so.

No handler and no consumer group: each process reads the erasure list (a look-up topic) from its beginning and
carries out what its service has no receipt of. So an erasure that came while the service was down, or that an
older backup does not know, is carried out before the process serves anything.

1. What was there is counted, what a law keeps is sealed under a key of its own, and both are recorded: the
   receipt stands from here, whatever ends the process. 2. Everything goes; doing it twice is harmless.
3. The receipt is said. An event that is in hand meanwhile meets the erased consent in step 6 of `deliver`,
   which calls `remove` again.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from canheal_process.clock import utc_now
from canheal_process.errors import Conflict, Duplicate, Unreachable
from canheal_process.store import SESSIONS, BlobFiles, Json, Store
from canheal_process.telemetry import log
from canheal_schemas import (
    CHANNELS,
    Cleanup,
    DeadLettered,
    Envelope,
    ErasureRequested,
    Event,
    Kept,
    Removed,
    SubjectErased,
)
from canheal_schemas.identifiers import event_id, sample_root

from canheal_chassis.audit import AUDIT
from canheal_chassis.deadletters import DEADLETTERS
from canheal_chassis.ledger import LEDGER, STARTS, blank
from canheal_chassis.message import Message
from canheal_chassis.outbox import OUTBOX
from canheal_chassis.outgoing import HEADS, Says

ERASURES = "erasures"
RETRY_SECONDS = 0.5
DAY_SECONDS = 24 * 3600
NOT_DOCUMENTS = frozenset({AUDIT, ERASURES, LEDGER, STARTS, SESSIONS, HEADS, OUTBOX, DEADLETTERS})
"""The chassis' own collections; every other holds documents, which name their subject."""


class Keeper(Protocol):
    """What a service keeps of the erased for the law's sake."""

    async def keep(self, request: ErasureRequested) -> tuple[Kept, ...]:
        """Seal, before anything goes, what the request's duty names; the same again is harmless."""
        ...

    async def let_go(self, today: date) -> None:
        """Destroy what no law makes the service keep any longer."""
        ...


class KeepsNothing:
    """A service that holds no care record."""

    async def keep(self, _: ErasureRequested) -> tuple[Kept, ...]:
        return ()

    async def let_go(self, _: date) -> None:
        return


@dataclass(frozen=True, slots=True)
class Target:
    """Whose traces go: a subject's, or those of one of their samples."""

    subject: str
    sample: UUID | None = None
    roots: tuple[UUID, ...] = ()
    """What is said about the sample has one of these roots."""

    @classmethod
    def of(cls, request: ErasureRequested) -> "Target":
        """What a request is about."""
        if request.sample is None:
            return cls(request.subject)
        revisions = range(1, (request.revisions or 1) + 1)
        roots = tuple(sample_root(request.sample, revision) for revision in revisions)
        return cls(request.subject, request.sample, roots)

    @property
    def records(self) -> Json:
        """Finds records of any collection."""
        if self.sample is None:
            return {"subject": self.subject}
        names = [{"sample": str(self.sample)}, {"_id": str(self.sample)}]
        return {"subject": self.subject, "$or": names}


@dataclass(frozen=True, slots=True)
class Traces:
    """Where a service's traces of a person lie."""

    service: str
    store: Store
    files: BlobFiles
    publisher: Says
    forget_key: Callable[[str], None]
    """Drops an open data key from this process's memory."""
    spared: Collection[str] = ()
    """Collections that an erasure leaves: ingest's own list of the erased."""

    async def documents(self) -> list[str]:
        """The collections whose records an erasure removes."""
        names = await self.store.collections()
        return [name for name in names if name not in NOT_DOCUMENTS and name not in self.spared]

    async def what_is_there(self, target: Target) -> Removed:
        """What a removal would find, in numbers."""
        entries = await self.store.records(LEDGER, target.records | {"state": {"$ne": "erased"}})
        documents = [await self.store.count(name, target.records) for name in await self.documents()]
        waiting = [await self.store.count(name, target.records) for name in self._events]
        return Removed(
            documents=sum(documents) + sum(len(entry["documents"]) for entry in entries),
            outcomes=len(entries),
            events=sum(waiting),
            dead_letters=await self.store.count(DEADLETTERS, target.records),
            blobs=len(await self._blobs(target)),
        )

    async def remove(self, target: Target) -> None:
        """Remove every trace; what is not there is no error.

        Raises:
            Unreachable: database or broker does not answer; do it again.
        """
        blobs = await self._blobs(target)
        await self._forget_heads(target)
        entries = await self.store.records(LEDGER, target.records)
        await self.store.delete(STARTS, [entry["_id"] for entry in entries])
        await self.store.change_all(LEDGER, target.records, blank())
        for name in (*self._events, DEADLETTERS, *await self.documents()):
            await self.store.delete_all(name, target.records)
        for blob in blobs:
            await self.files.remove(blob)
        if target.sample is None:
            self.forget_key(target.subject)

    @property
    def _events(self) -> list[str]:
        return [name for name in (HEADS, OUTBOX) if name not in self.spared]

    async def _forget_heads(self, target: Target) -> None:
        """Of every sample that a look-up topic speaks of, say that it is gone, whether or not it was said."""
        records = await self.store.records(HEADS, target.records) if HEADS not in self.spared else []
        samples = {record["sample"] for record in records}
        samples |= {str(target.sample)} if target.sample else set()
        for topic in look_up_topics(self.service):
            for sample in sorted(samples - {None}):
                await self.publisher.forget(topic, sample.encode())

    async def _blobs(self, target: Target) -> list[UUID]:
        """Those that name the subject or the roots, and those that entries and dead letters name."""
        owned = await self.files.owned(
            self.service, target.subject, target.roots if target.sample is not None else None
        )
        entries = await self.store.records(LEDGER, target.records)
        letters = await self.store.records(DEADLETTERS, target.records)
        bodies = [DeadLettered.model_validate_json(bytes(one["message"]["value"])).body for one in letters]
        named = {UUID(blob) for entry in entries for blob in entry["blobs"]}
        return sorted({*owned, *named, *(body.blob_id for body in bodies)})


def look_up_topics(service: str) -> list[str]:
    """The topics on which a service keeps the newest event of each sample."""
    return [
        channel.topic.name
        for channel in CHANNELS
        if service in channel.said_by
        and channel.topic.cleanup is Cleanup.COMPACT
        and channel.topic.key == "sample"
    ]


class Eraser:
    """Carries out the erasure list in one service."""

    def __init__(
        self, traces: Traces, keeper: Keeper | None = None, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.traces = traces
        self._keeper = keeper or KeepsNothing()
        self._now = now
        self.heard: set[UUID] = set()
        """The erasures that the stream knows."""
        self._waiting: asyncio.Queue[tuple[ErasureRequested, Envelope]] = asyncio.Queue()

    def apply(self, event: Event, envelope: Envelope) -> None:
        """Take an erasure up: what the look-up consumer calls."""
        if isinstance(event, ErasureRequested):
            self.heard.add(event.erasure)
            self._waiting.put_nowait((event, envelope))

    async def settled(self) -> None:
        """Return when everything taken up so far is carried out."""
        await self._waiting.join()

    async def run(self) -> None:
        """Carry out what was taken up, for ever."""
        while True:
            request, envelope = await self._waiting.get()
            await self._until_done(partial(self.carry_out, request, envelope))
            self._waiting.task_done()

    async def let_go(self) -> None:
        """Once a day, and at start, destroy what no law keeps any longer."""
        while True:
            await self._until_done(lambda: self._keeper.let_go(self._now().date()))
            await asyncio.sleep(DAY_SECONDS)

    async def _until_done(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await work()
            except (Unreachable, Conflict) as error:
                log("erasure-interrupted", error=error.slug)
            await asyncio.sleep(RETRY_SECONDS)

    async def carry_out(self, request: ErasureRequested, cause: Envelope) -> None:
        """Erase what this service holds, and say the receipt; done before, it does nothing."""
        store, key = self.traces.store, str(request.erasure)
        self.traces.forget_key(request.subject)
        record = await store.record(ERASURES, key) or await self._begin(request, cause)
        if record["said"]:
            return
        await self.traces.remove(Target.of(request))
        await self.traces.publisher.publish(Message.from_record(record["message"]))
        await store.change(ERASURES, key, {"said": True})
        log("erased")

    async def _begin(self, request: ErasureRequested, cause: Envelope) -> Json:
        """Count, keep what the law keeps, and record both; another process's record counts as ours."""
        receipt = SubjectErased(
            erasure=request.erasure,
            scope=request.scope,
            service=self.traces.service,
            removed=await self.traces.what_is_there(Target.of(request)),
            kept=await self._keeper.keep(request),
        )
        message = Message.of(receipt, self._envelope(receipt, cause))
        record: dict[str, Any] = {
            "_id": str(request.erasure),
            "begun_at": self._now(),
            "message": message.to_record(),
            "said": False,
        }
        try:
            await self.traces.store.single.insert(ERASURES, record)
        except Duplicate:
            return await self.traces.store.record(ERASURES, record["_id"]) or record
        return record

    def _envelope(self, receipt: SubjectErased, cause: Envelope) -> Envelope:
        """After a restore the same erasure removes other things: its receipt is then another event."""
        ordinal = hashlib.sha256(receipt.to_bytes()).hexdigest()
        service, root = self.traces.service, cause.root_id
        return Envelope(
            event_id=event_id(root, service, cause.event_type, receipt.event_type, ordinal),
            root_id=root,
            event_type=receipt.event_type,
            correlation_id=cause.correlation_id,
            causation_id=cause.event_id,
            occurred_at=self._now(),
            site=cause.site,
            traceparent=cause.traceparent,
        )
