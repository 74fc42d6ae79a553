"""Ingest's process: the composition root."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from canheal_chassis.clock import utc_now
from canheal_chassis.errors import PlatformError
from canheal_chassis.http import add_health, serve
from canheal_chassis.lookup import Lookup
from canheal_chassis.outbox import Outbox
from canheal_chassis.resources import Resources, open_resources, running
from canheal_chassis.service import listen_for_stop, until_told_to_stop
from canheal_chassis.telemetry import log, set_up_logs
from canheal_chassis.workplace import private_folder
from canheal_vault.errors import VaultError
from fastapi import FastAPI

from canheal_ingest.api import Desk, mount
from canheal_ingest.progress import TOPICS, Progress
from canheal_ingest.reception import Lanes, Reception
from canheal_ingest.samples import Samples, Stores
from canheal_ingest.settings import Settings
from canheal_ingest.subjects import Subjects


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[FastAPI, list[asyncio.Task[None]]]]:
    """The application, and the tasks that run beside it.

    Raises:
        Unreachable: broker or database does not answer.
        KeyUnusable: the platform's key is malformed.
    """
    async with open_resources("ingest", settings) as resources:
        outbox = Outbox(resources.store, resources.publisher)
        progress = Progress()
        news = Lookup(settings.kafka_bootstrap_servers, TOPICS, progress.apply)
        lanes = Lanes(settings)
        try:
            async with running(outbox.run(), news.run()) as tasks:
                app = _application(settings, resources, outbox, lanes, progress, news)
                yield app, [*tasks, *resources.tasks]
        finally:
            lanes.close()


def _application(
    settings: Settings,
    resources: Resources,
    outbox: Outbox,
    lanes: Lanes,
    progress: Progress,
    news: Lookup,
) -> FastAPI:
    app = FastAPI(title="CAN.HEAL ingest", docs_url=None, redoc_url=None)
    subjects = Subjects(resources.store, resources.keys.subject_hmac_key, outbox, utc_now)
    stores = Stores(resources.store, resources.blobs, resources.keys, outbox, utc_now)
    samples = Samples(stores, subjects)
    scratch = private_folder(settings.scratch, settings.instance_id)
    reception = Reception.of(settings, scratch, lanes, samples)
    mount(app, Desk(reception, samples, subjects, progress, news.caught_up))
    warming = asyncio.ensure_future(lanes.ready())

    async def missing() -> list[str]:
        waiting = await resources.missing()
        waiting += [] if news.caught_up.is_set() else ["the other services' events"]
        warm = warming.done() and warming.exception() is None
        return waiting + ([] if warm else ["the reference data"])

    add_health(app, missing)
    return app


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
