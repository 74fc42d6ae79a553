"""What every process of the platform opens at start and closes at its end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from canheal_process.errors import Unreachable
from canheal_process.settings import ServiceSettings
from canheal_process.store import BlobFiles, Store, connect
from canheal_schemas import ConsentChanged, Envelope, ErasureRequested, Event
from canheal_vault.blobs import BlobStore
from canheal_vault.keys import KeyRing

from canheal_chassis.audit import Audit
from canheal_chassis.consent import ConsentProjection
from canheal_chassis.erasure import Eraser, Keeper, Traces
from canheal_chassis.lookup import Lookup
from canheal_chassis.publisher import Publisher, open_publisher
from canheal_chassis.topics import demand

IN_FORCE = (ConsentChanged.topic.name, ErasureRequested.topic.name)
"""The topics that say what may be used at all."""


@dataclass(frozen=True, slots=True)
class Resources:
    """A process's connections and projections."""

    settings: ServiceSettings
    store: Store
    keys: KeyRing
    blobs: BlobStore
    audit: Audit
    consent: ConsentProjection
    consents: Lookup
    publisher: Publisher
    eraser: Eraser
    tasks: tuple[asyncio.Task[None], ...]
    """What runs beside the process's work; if one ends, the process must."""

    async def missing(self) -> list[str]:
        """Why this process cannot work yet, in words; empty when it can."""
        reasons = [] if self.consents.caught_up.is_set() else ["the consents in force"]
        if not reasons and not self.consent.up_to_date:
            reasons.append(f"the broker: consent may be out of date by {self.consents.age_seconds():.0f} s")
        try:
            await self.store.ping()
        except Unreachable:
            reasons.append("the database")
        return reasons

    async def may_serve(self) -> None:
        """Return when this process knows every consent, and has carried out every erasure there is."""
        await self.consents.caught_up.wait()
        await self.eraser.settled()


type KeepsIn = Callable[[Store, BlobStore, KeyRing], Keeper]
"""What a service keeps for the law's sake, given where it lies."""


@asynccontextmanager
async def open_resources(
    name: str, settings: ServiceSettings, keeps: KeepsIn | None = None, spared: Collection[str] = ()
) -> AsyncIterator[Resources]:
    """Connect a process; the consent projection is kept current and erasures are carried out meanwhile.

    `keeps` and `spared` say what an erasure leaves, see `erasure`.

    Raises:
        Unreachable: broker or database does not answer.
        TopicsAbsent: the broker has not the topics of the contract.
        KeyUnusable: the platform's key is malformed, or not the one of this database.
    """
    client = connect(settings.mongodb_uri)
    store = Store(client, f"canheal_{name}")
    files = BlobFiles(client)
    keys = KeyRing(settings.platform_key, files, settings.platform_key_former)
    blobs = BlobStore(files, keys, name)
    consent = ConsentProjection()
    try:
        await store.take_over(settings.instance_id)
        await files.index()
        await keys.open()
        audit = Audit(name, settings.instance_id, store, keys)
        await audit.show_head()
        async with open_publisher(settings.kafka_bootstrap_servers) as publisher:
            demand(name, await publisher.topics())
            traces = Traces(name, store, files, publisher, keys.forget, spared)
            eraser = Eraser(traces, keeps(store, blobs, keys) if keeps else None)

            def apply(event: Event, envelope: Envelope) -> None:
                consent.apply(event, envelope)
                eraser.apply(event, envelope)

            consents = Lookup(settings.kafka_bootstrap_servers, IN_FORCE, apply, consent.doubt)
            consent.bound(consents.age_seconds, settings.consent_max_age_seconds)
            async with running(consents.run(), eraser.run(), eraser.let_go()) as tasks:
                yield Resources(
                    settings, store, keys, blobs, audit, consent, consents, publisher, eraser, tuple(tasks)
                )
    finally:
        client.close()


@asynccontextmanager
async def running(*works: Coroutine[Any, Any, None]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Run these beside the block, and end them with it."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
