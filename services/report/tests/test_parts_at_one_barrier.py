"""Two parts of one sample, released at one barrier: one final report, and it is the last on the wire."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from canheal_chassis.consent import ConsentProjection
from canheal_chassis.deadletters import DeadLetters
from canheal_chassis.erasure import Traces
from canheal_chassis.ledger import Ledger
from canheal_chassis.message import Message, Record
from canheal_chassis.outcome import Handler, Outcome
from canheal_chassis.stream import Hands, deliver
from canheal_chassis.testing import envelope_of
from canheal_chassis.work import Work
from canheal_chassis.workplace import Workplace
from canheal_cli.embedded.database import EmbeddedDatabase
from canheal_cli.testing import PLATFORM_KEY
from canheal_process.pool import Pool
from canheal_process.store import BlobFiles, Store, connect
from canheal_report.versions import ReportVersion
from canheal_report.worker import handlers
from canheal_schemas import (
    Assay,
    AssayType,
    Consent,
    ConsentChanged,
    Event,
    GenomeBuild,
    Part,
    PartStatus,
    Purpose,
    ReportIssued,
    ReportStatus,
    RiskScored,
    RiskStatus,
    SampleContext,
    SampleKind,
    VariantsAnnotated,
)
from canheal_schemas.identifiers import sample_id
from canheal_vault.blobs import BlobStore
from canheal_vault.keys import KeyRing
from pydantic import SecretStr

pytestmark = pytest.mark.stack
ROUNDS = 200
SUBJECT = "b" * 64


class Wire:
    """What was published, in order."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def forget(self, topic: str, key: bytes) -> None:
        """Nobody is erased here."""
        raise AssertionError(f"{topic} was told to forget {key!r}")

    async def publish(self, message: Message) -> None:
        await asyncio.sleep(0)
        self.messages.append(message)


def parts(number: int) -> tuple[VariantsAnnotated, RiskScored]:
    context = SampleContext(
        label=f"barrier-{number}",
        kind=SampleKind.TUMOUR,
        assay=Assay(type=AssayType.PANEL),
        build=GenomeBuild.GRCH38,
    )
    common = {
        "sample": sample_id("BE-TEST", context.label),
        "revision": 1,
        "subject": SUBJECT,
        "consent_version": 1,
        "site": "BE-TEST",
        "country": "BE",
        "context": context,
        "expects": (Part.VARIANTS, Part.RISK),
    }
    return (
        VariantsAnnotated(**common, status=PartStatus.DONE),
        RiskScored(**common, status=RiskStatus.NOT_APPLICABLE, reason="a tumour"),
    )


def record_of(event: Event) -> Record:
    message = Message.of(event, envelope_of(event))
    return Record(message.topic, 0, 0, message.key, message.value, message.headers)


def meeting(barrier: asyncio.Barrier) -> Callable[[Handler], Handler]:
    """A handler that waits once, all read and nothing stored, until the other is there too."""

    def meets(handler: Handler) -> Handler:
        met = False

        async def handle(event: Event, work: Work) -> Outcome:
            nonlocal met
            outcome = await handler.handle(event, work)
            if not met:
                met = True
                await barrier.wait()
            return outcome

        return Handler(handle, handler.purpose, handler.withheld)

    return meets


def hands_of(client: Any, folder: Path, wire: Wire, wrap: Callable[[Handler], Handler]) -> Hands:
    """The hands of one process, over a connection of its own."""
    store, files = Store(client, "canheal_barrier"), BlobFiles(client)
    keys = KeyRing(PLATFORM_KEY, files)
    blobs = BlobStore(files, keys, "report")
    consent = ConsentProjection()
    changed = ConsentChanged(
        subject=SUBJECT, consent_version=1, consent=Consent(permitted=(Purpose.OWN_CARE,)), site="BE-TEST"
    )
    consent.apply(changed, envelope_of(parts(0)[0]))
    return Hands(
        service="report",
        handlers={kind: wrap(handler) for kind, handler in handlers().items()},
        tries=3,
        ledger=Ledger(store),
        consent=consent,
        place=Workplace("report", store, blobs, Pool(1, int), folder),
        publisher=wire,
        deadletters=DeadLetters("report", store, blobs, wire),
        traces=Traces("report", store, files, wire, keys.forget),
    )


async def no_acknowledgement() -> None:
    """The broker is not part of this test."""


async def deliver_at_once(hands: tuple[Hands, Hands], events: tuple[Event, Event]) -> None:
    works: list[Awaitable[None]] = [
        deliver(record_of(event), its_hands, no_acknowledgement)
        for event, its_hands in zip(events, hands, strict=True)
    ]
    await asyncio.wait_for(asyncio.gather(*works), 30)


async def test_two_parts_at_one_barrier_make_one_final_report_200_times(
    database: EmbeddedDatabase, tmp_path: Path
) -> None:
    clients = [connect(SecretStr(database.uri)) for _ in range(2)]
    try:
        for number in range(ROUNDS):
            await one_round(number, clients, tmp_path)
    finally:
        for client in clients:
            client.close()


async def one_round(number: int, clients: list[Any], folder: Path) -> None:
    wire, barrier = Wire(), asyncio.Barrier(2)
    events = parts(number)
    one, other = (hands_of(client, folder, wire, meeting(barrier)) for client in clients)
    await deliver_at_once((one, other), events)

    versions = await one.place.store.find(ReportVersion, sample=str(events[0].sample))
    final = [version for version in versions if version.status is ReportStatus.FINAL]
    assert len(final) == 1
    assert len(final[0].parts) == 2
    assert len(versions) <= 2
    last = ReportIssued.model_validate_json(wire.messages[-1].value)
    assert (last.report_id, last.status) == (final[0].id, ReportStatus.FINAL)
    ids: dict[UUID, set[bytes]] = {}
    for message in wire.messages:
        ids.setdefault(message.event_id, set()).add(message.value)
    assert all(len(values) == 1 for values in ids.values())
