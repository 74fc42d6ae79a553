"""Ingest's process: the composition root."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, Self

from canheal_chassis.lookup import Lookup
from canheal_chassis.outbox import Outbox
from canheal_chassis.outgoing import HEADS
from canheal_chassis.resources import Resources, open_resources, running
from canheal_chassis.service import listen_for_stop, until_told_to_stop
from canheal_chassis.workplace import private_folder
from canheal_desk.audit_routes import audit_routes
from canheal_process.clock import utc_now
from canheal_process.errors import PlatformError
from canheal_process.http import add_health, serve
from canheal_process.telemetry import log, set_up_logs
from canheal_schemas import Envelope, Event
from canheal_vault.errors import VaultError
from fastapi import FastAPI

from canheal_ingest.api import Desk, mount
from canheal_ingest.erasure_routes import erasure_routes
from canheal_ingest.erasures import Erasures
from canheal_ingest.progress import TOPICS, Progress
from canheal_ingest.reception import Lanes, Reception
from canheal_ingest.reconcile import reconcile
from canheal_ingest.records import ErasureRecord, SubjectRecord
from canheal_ingest.samples import Samples, Stores
from canheal_ingest.settings import Settings
from canheal_ingest.subjects import Subjects

SPARED: Final = (SubjectRecord.collection, ErasureRecord.collection, HEADS)
"""What an erasure leaves: the list of the erased, by HMAC, and what was said of it."""


@dataclass(frozen=True, slots=True)
class Door:
    """The parts of an open door."""

    settings: Settings
    resources: Resources
    outbox: Outbox
    subjects: Subjects
    erasures: Erasures
    progress: Progress
    news: Lookup
    lanes: Lanes

    @classmethod
    def of(cls, settings: Settings, resources: Resources) -> Self:
        """Put the door together; nothing runs yet."""
        outbox = Outbox(resources.store, resources.publisher, settings.instance_id)
        subjects = Subjects(resources.store, resources.keys.subject_hmac_key, outbox, utc_now)
        erasures = Erasures(resources.store, outbox, resources.keys, subjects, utc_now)
        progress = Progress()

        def apply(event: Event, envelope: Envelope) -> None:
            progress.apply(event, envelope)
            erasures.apply(event, envelope)

        news = Lookup(settings.kafka_bootstrap_servers, TOPICS, apply)
        return cls(settings, resources, outbox, subjects, erasures, progress, news, Lanes(settings))

    def application(self) -> FastAPI:
        """The routes over the parts."""
        app = FastAPI(title="CAN.HEAL ingest", docs_url=None, redoc_url=None)
        held, settings = self.resources, self.settings
        erased = partial(held.consent.erased, None)
        samples = Samples(
            Stores(held.store, held.blobs, held.keys, self.outbox, erased, utc_now), self.subjects
        )
        scratch = private_folder(settings.scratch, settings.instance_id)
        reception = Reception.of(settings, scratch, self.lanes, samples)
        mount(
            app,
            Desk(reception, samples, self.subjects, self.progress, held.audit, self.news.caught_up, utc_now),
        )
        app.include_router(audit_routes(held.audit, held.store))
        app.include_router(erasure_routes(self.erasures, held.audit, utc_now))
        warming = asyncio.ensure_future(self.lanes.ready())

        async def missing() -> list[str]:
            waiting = await held.missing()
            waiting += [] if self.news.caught_up.is_set() else ["the other services' events"]
            warm = warming.done() and warming.exception() is None
            return waiting + ([] if warm else ["the reference data"])

        add_health(app, missing)
        return app


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[FastAPI, list[asyncio.Task[None]]]]:
    """The application, and the tasks that run beside it.

    Raises:
        Unreachable: broker or database does not answer.
        KeyUnusable: the platform's key is malformed.
    """
    async with open_resources("ingest", settings, spared=SPARED) as resources:
        door = Door.of(settings, resources)
        try:
            await resources.may_serve()
            await reconcile(resources.store, door.outbox, resources.consent, resources.eraser)
            async with running(door.outbox.run(), door.news.run(), door.erasures.run()) as tasks:
                yield door.application(), [*tasks, *resources.tasks]
        finally:
            door.lanes.close()


async def _run(settings: Settings) -> None:
    told = listen_for_stop()
    async with opened(settings) as (app, tasks):
        log("started")
        async with running(serve(app, settings.http_host, settings.http_port)) as serving:
            await until_told_to_stop(told, *serving, *tasks)
        log("stopped")


def main() -> None:
    """Serve until SIGTERM.

    Raises:
        SystemExit: with the error's exit code when the process cannot start.
    """
    settings = Settings()
    set_up_logs(settings.log_level, service="ingest", instance=settings.instance_id)
    try:
        asyncio.run(_run(settings))
    except (PlatformError, VaultError) as error:
        log("fatal", error=error.slug, why=str(error))
        raise SystemExit(error.exit_code) from error


if __name__ == "__main__":
    main()
