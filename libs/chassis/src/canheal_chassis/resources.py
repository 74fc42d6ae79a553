"""What every process of the platform opens at start and closes at its end."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from canheal_schemas import ConsentChanged
from canheal_vault.blobs import BlobStore
from canheal_vault.keys import KeyRing

from canheal_chassis.consent import ConsentProjection
from canheal_chassis.errors import Unreachable
from canheal_chassis.lookup import Lookup
from canheal_chassis.publisher import Publisher, open_publisher
from canheal_chassis.settings import ServiceSettings
from canheal_chassis.store import BlobFiles, Store, connect


@dataclass(frozen=True, slots=True)
class Resources:
    """A process's connections and projections."""

    settings: ServiceSettings
    store: Store
    keys: KeyRing
    blobs: BlobStore
    consent: ConsentProjection
    consents: Lookup
    publisher: Publisher
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


@asynccontextmanager
async def open_resources(name: str, settings: ServiceSettings) -> AsyncIterator[Resources]:
    """Connect a process; the consent projection is kept current meanwhile.

    Raises:
        Unreachable: broker or database does not answer.
        KeyUnusable: the platform's key is malformed, or not the one of this database.
    """
    client = connect(settings.mongodb_uri)
    store = Store(client, f"canheal_{name}")
    files = BlobFiles(client)
    keys = KeyRing(settings.platform_key, files, settings.platform_key_former)
    consent = ConsentProjection()
    topics = [ConsentChanged.topic.name]
    consents = Lookup(settings.kafka_bootstrap_servers, topics, consent.apply, consent.doubt)
    consent.bound(consents.age_seconds, settings.consent_max_age_seconds)
    try:
        await store.take_over(settings.instance_id)
        await files.index()
        await keys.open()
        async with (
            open_publisher(settings.kafka_bootstrap_servers) as publisher,
            running(consents.run()) as tasks,
        ):
            blobs = BlobStore(files, keys, name)
            yield Resources(settings, store, keys, blobs, consent, consents, publisher, tuple(tasks))
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
