"""Parts for the chassis' own tests: a service put together by hand on the session's database."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from canheal_chassis.audit import StoredEntries
from canheal_chassis.consent import ConsentProjection
from canheal_chassis.deadletters import DeadLetters
from canheal_chassis.erasure import Traces
from canheal_chassis.ledger import LEDGER, Ledger, entry_key
from canheal_chassis.message import Message, Record
from canheal_chassis.outcome import Handler, Outcome
from canheal_chassis.stream import Hands, deliver
from canheal_chassis.work import Work
from canheal_chassis.workplace import Workplace
from canheal_desk.deadletter_desk import Desk
from canheal_process.errors import Unreachable
from canheal_process.store import BlobFiles, Store, connect
from canheal_schemas import (
    Assay,
    AssayType,
    BlobRef,
    Consent,
    ConsentChanged,
    ConsentState,
    DeadLettered,
    Envelope,
    Event,
    GenomeBuild,
    Part,
    PartStatus,
    Purpose,
    ReportIssued,
    ReportLinks,
    ReportStatus,
    SampleContext,
    SampleKind,
    SampleReceived,
    VariantsAnnotated,
    deadletter_topic,
)
from canheal_schemas.identifiers import consent_root, event_id, sample_root
from canheal_vault.auditlog import AuditLog
from canheal_vault.blobs import BlobStore
from canheal_vault.keys import KeyRing
from pydantic import SecretStr
from vault_parts import PLATFORM_KEY

SITE = "BE-TEST"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
CONTEXT = SampleContext(
    label="S1", kind=SampleKind.TUMOUR, assay=Assay(type=AssayType.PANEL), build=GenomeBuild.GRCH38
)


def a_subject() -> str:
    """A subject that no other test knows."""
    return uuid4().hex * 2


def consent(
    subject: str, version: int = 1, *purposes: Purpose, state: ConsentState = ConsentState.ACTIVE
) -> ConsentChanged:
    return ConsentChanged(
        subject=subject,
        consent_version=version,
        consent=Consent(permitted=purposes, state=state),
        site=SITE,
    )


def received(subject: str, *, revision: int = 1, consent_version: int = 1) -> SampleReceived:
    return SampleReceived(
        sample=uuid4(),
        revision=revision,
        subject=subject,
        consent_version=consent_version,
        site=SITE,
        country="BE",
        vcf=BlobRef(blob_id=uuid4(), size=1, key_id=subject, hmac_sha256="0" * 64),
        context=CONTEXT,
    )


def annotated(event: SampleReceived, status: PartStatus = PartStatus.DONE, **more: Any) -> VariantsAnnotated:
    about = event.model_dump(include={"sample", "revision", "subject", "consent_version", "site", "country"})
    return VariantsAnnotated(**about, status=status, context=CONTEXT, expects=(Part.VARIANTS,), **more)


def issued(event: SampleReceived, status: ReportStatus = ReportStatus.FINAL) -> ReportIssued:
    about = event.model_dump(include={"sample", "revision", "subject", "consent_version", "site", "country"})
    return ReportIssued(
        **about,
        report_id=uuid4(),
        status=status,
        kind=SampleKind.TUMOUR,
        parts=(),
        links=ReportLinks(html="/h", json_document="/j"),
    )


def envelope_of(event: Event, ordinal: int | str = 0) -> Envelope:
    if isinstance(event, ConsentChanged):
        root = consent_root(event.subject, event.consent_version)
    else:
        root = sample_root(UUID(str(event.sample)), int(event.revision))  # type: ignore[attr-defined] # a sample's
    return Envelope(
        event_id=event_id(root, "test", "", event.event_type, ordinal),
        root_id=root,
        event_type=event.event_type,
        correlation_id=root,
        occurred_at=MOMENT,
        site=SITE,
    )


def record_of(event: Event, *, first: bool = False) -> Record:
    """The event as it comes from the broker."""
    message = Message.of(event, envelope_of(event))
    return Record(message.topic, 3, 7, message.key, message.value, message.headers, first)


class Wire:
    """A publisher that keeps what was said, and does not answer as often as it is told to."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.forgotten: list[tuple[str, bytes]] = []
        self.silent = 0
        self._grown = asyncio.Event()

    async def publish(self, message: Message) -> None:
        if self.silent:
            self.silent -= 1
            raise Unreachable("the broker does not answer")
        self.messages.append(message)
        self._grown.set()

    async def forget(self, topic: str, key: bytes) -> None:
        self.forgotten.append((topic, key))

    async def until(self, count: int, seconds: float = 5) -> None:
        """Wait until so many messages were said."""
        async with asyncio.timeout(seconds):
            while len(self.messages) < count:
                self._grown.clear()
                await self._grown.wait()

    def said(self, kind: type[Event]) -> list[Any]:
        return [
            kind.model_validate_json(message.value)
            for message in self.messages
            if message.topic == kind.topic.name
        ]

    def on(self, topic: str) -> list[Message]:
        return [message for message in self.messages if message.topic == topic]


@dataclass
class Parts:
    """A service's stores, and a wire that records."""

    name: str
    store: Store
    files: BlobFiles
    keys: KeyRing
    blobs: BlobStore
    folder: Path
    client: Any
    wire: Wire = field(default_factory=Wire)
    projection: ConsentProjection = field(default_factory=ConsentProjection)

    @property
    def deadletters(self) -> DeadLetters:
        return DeadLetters(self.name, self.store, self.blobs, self.wire, lambda: MOMENT)

    @property
    def desk(self) -> Desk:
        return Desk(self.store, self.blobs, self.wire, self.projection, self.audit, lambda: MOMENT)

    @property
    def audit(self) -> AuditLog:
        writer, entries = (self.name, f"{self.name}-0"), StoredEntries(self.store)
        return AuditLog(writer, entries, self.keys, lambda: MOMENT, lambda _head: None)

    @property
    def traces(self) -> Traces:
        return Traces(self.name, self.store, self.files, self.wire, self.keys.forget)

    def hands(self, handle: Callable[[Any, Work], Any], **more: Any) -> Hands:
        """What `deliver` works with when `handle` is the service's only handler."""
        withheld = more.pop("withheld", lambda event, _: annotated(event, PartStatus.WITHHELD))
        pool: Any = None  # no handler here runs anything in the pool
        return Hands(
            service=self.name,
            handlers={SampleReceived: Handler(handle, Purpose.OWN_CARE, withheld)},
            tries=more.pop("tries", 2),
            ledger=Ledger(self.store),
            consent=self.projection,
            place=Workplace(self.name, self.store, self.blobs, more.pop("pool", pool), self.folder),
            publisher=self.wire,
            deadletters=self.deadletters,
            traces=self.traces,
            now=lambda: MOMENT,
        )

    async def count(self, collection: str) -> int:
        return len(await self.store.records(collection, {}))


@asynccontextmanager
async def open_parts(uri: str, folder: Path, key: SecretStr = PLATFORM_KEY) -> AsyncIterator[Parts]:
    """A service with a database of its own."""
    client = connect(SecretStr(uri))
    name = f"t{uuid4().hex[:12]}"
    files = BlobFiles(client)
    keys = KeyRing(key, files)
    try:
        yield Parts(
            name, Store(client, f"canheal_{name}"), files, keys, BlobStore(files, keys, name), folder, client
        )
    finally:
        await client.drop_database(f"canheal_{name}")
        client.close()


async def nothing(*_: Any) -> Outcome:
    """A handler that makes nothing true."""
    return Outcome()


async def says(event: SampleReceived, _: Work) -> Outcome:
    return Outcome(publish=(annotated(event),))


async def handed(record: Record, hands: Hands, seconds: float = 5) -> int:
    """Deliver a record; how often it was acknowledged."""
    count = 0

    async def acknowledge() -> None:
        nonlocal count
        count += 1

    async with asyncio.timeout(seconds):
        await deliver(record, hands, acknowledge)
    return count


def permitted(parts: Parts, event: SampleReceived, *purposes: Purpose, version: int = 1) -> None:
    changed = consent(event.subject, version, *(purposes or (Purpose.OWN_CARE,)))
    parts.projection.apply(changed, envelope_of(changed))


def dead(parts: Parts) -> list[DeadLettered]:
    found = parts.wire.on(deadletter_topic(parts.name).name)
    return [DeadLettered.model_validate_json(message.value) for message in found]


async def entry_of(parts: Parts, event: SampleReceived) -> dict[str, Any] | None:
    return await parts.store.record(LEDGER, entry_key(event.event_type, envelope_of(event).root_id))
