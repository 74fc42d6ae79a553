"""A service's process: what its composition root says, and the run of it."""

import asyncio
import os
import signal
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, cast

from canheal_process.errors import PlatformError
from canheal_process.http import add_health, install_problems, serve
from canheal_process.pool import Pool, Warm
from canheal_process.settings import ServiceSettings
from canheal_process.telemetry import LAG, log, set_up_logs
from canheal_schemas import (
    INPUTS,
    STREAM_SERVICES,
    DeadLettered,
    Lane,
    deadletter_topic,
    heavy_topic,
    retry_topic,
)
from canheal_vault.errors import VaultError
from fastapi import FastAPI
from faust.types import TP

from canheal_chassis.consumer import App, Take, consume, make_app
from canheal_chassis.deadletters import DEADLETTERS, DeadLetters
from canheal_chassis.ledger import LEDGER, Ledger
from canheal_chassis.message import Record
from canheal_chassis.outcome import Handlers
from canheal_chassis.resources import KeepsIn, Resources, open_resources, running
from canheal_chassis.stream import Hands, deliver
from canheal_chassis.workplace import Workplace, private_folder

LAG_SECONDS = 1.0
FATAL = 70
"""Exit code after an error that nobody foresaw: the process starts again, the event comes again."""
HEAVY_NICE = 10


def _no_reference_data() -> None:
    """A service without reference data has nothing to warm."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a service is."""

    name: str
    handlers: Handlers
    warm: Warm = _no_reference_data
    mount: Callable[[FastAPI, Resources], None] | None = field(default=None)
    """Adds the service's own routes to those that every process serves."""
    keeps: KeepsIn | None = field(default=None)
    """What the service keeps of an erased person for the law's sake."""

    def group(self, lane: Lane) -> str:
        """The consumer group of the service's workers on this lane."""
        return f"canheal-{self.name}" + (f"-{lane}" if lane is Lane.HEAVY else "")

    def topics(self, lane: Lane) -> list[str]:
        """What the service's workers on this lane consume."""
        if lane is Lane.HEAVY:
            return [heavy_topic(self.name).name]
        topics = [event.topic.name for event in INPUTS[self.name]] + [retry_topic(self.name).name]
        if DeadLettered in self.handlers:
            topics += [deadletter_topic(other).name for other in STREAM_SERVICES if other != self.name]
        return topics


def run(service: Service, settings: ServiceSettings) -> None:
    """Run a service's worker until SIGTERM; the event in hand is finished first.

    Raises:
        SystemExit: with the error's exit code when the process cannot start.
    """
    set_up_logs(settings.log_level, service=service.name, instance=settings.instance_id)
    if settings.lane is Lane.HEAVY:
        _give_way()
    try:
        asyncio.run(_work(service, settings))
    except (PlatformError, VaultError) as error:
        log("fatal", error=error.slug, why=str(error))
        raise SystemExit(error.exit_code) from error


def _give_way() -> None:
    """A heavy lane uses what the common ones leave over; its pool's children inherit this."""
    os.nice(HEAVY_NICE)


def listen_for_stop() -> asyncio.Event:
    """What SIGTERM and SIGINT set; asked for before anything is in hand, so that neither ends the process."""
    told = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, told.set)
    return told


async def until_told_to_stop(told: asyncio.Event, *others: asyncio.Task[None]) -> None:
    """Return when told to stop, or raise what ended one of the other tasks."""
    waiting = asyncio.ensure_future(told.wait())
    done, _ = await asyncio.wait({waiting, *others}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done - {waiting}:
        task.result()


async def _work(service: Service, settings: ServiceSettings) -> None:
    told = listen_for_stop()
    async with open_resources(service.name, settings, service.keeps) as resources:
        await _indexes(resources)
        pool = Pool(settings.pool_processes, service.warm, lasting=settings.lane is Lane.COMMON)
        hands = _hands(service, resources, pool)
        group = service.group(settings.lane)
        app = make_app(group, settings.kafka_bootstrap_servers, settings.instance_id)
        consume(app, service.topics(settings.lane), taking(hands))
        web = FastAPI(title=f"CAN.HEAL {service.name}", docs_url=None, redoc_url=None)

        async def missing() -> list[str]:
            return await resources.missing() + ([] if app.consumer.assignment() else ["its partitions"])

        _mount(web, service, resources, missing)
        try:
            await asyncio.gather(pool.ready(), resources.may_serve())
            async with running(_stay_member(app)) as watching:
                await until_told_to_stop(told, asyncio.ensure_future(app.start()), *watching)
                log("started")
                serving = serve(web, settings.http_host, settings.http_port)
                beside = (*watching, *resources.tasks)
                await _until_stopped(told, beside, serving, _watch_lag(app, service.name))
        finally:
            await app.stop()
            pool.close()
            log("stopped")


async def _until_stopped(
    told: asyncio.Event, beside: Iterable[asyncio.Task[None]], *works: Coroutine[Any, Any, None]
) -> None:
    """Run the works until told to stop, or until one of them or of those beside ends."""
    async with running(*works) as tasks:
        await until_told_to_stop(told, *tasks, *beside)


def taking(hands: Hands) -> Take:
    """`deliver`, and the end of the process where something escapes it: faust would acknowledge and go on.

    A heavy lane has one event in hand: two genomes at once would only take twice the memory and the disk.
    """
    turn = asyncio.Semaphore(1) if hands.lane is Lane.HEAVY else nullcontext()

    async def take(record: Record, acknowledge: Callable[[], Awaitable[None]]) -> bool:
        try:
            async with turn:
                return await deliver(record, hands, acknowledge)
        except Exception as error:  # noqa: BLE001 nobody foresaw it: the event must come again
            log("fatal", error=type(error).__name__, topic=record.topic, offset=record.offset)
            traceback.print_tb(error.__traceback__)  # without the message: it may name values
            os._exit(FATAL)

    return take


def _hands(service: Service, resources: Resources, pool: Pool) -> Hands:
    settings = resources.settings
    scratch = private_folder(settings.scratch, settings.instance_id)
    deadletters = DeadLetters(service.name, resources.store, resources.blobs, resources.publisher)
    return Hands(
        service=service.name,
        handlers=service.handlers,
        tries=settings.handler_tries,
        ledger=Ledger(resources.store),
        consent=resources.consent,
        place=Workplace(service.name, resources.store, resources.blobs, pool, scratch),
        publisher=resources.publisher,
        deadletters=deadletters,
        traces=resources.eraser.traces,
        lane=settings.lane,
    )


def _mount(
    web: FastAPI,
    service: Service,
    resources: Resources,
    missing: Callable[[], Awaitable[list[str]]],
) -> None:
    install_problems(web)
    add_health(web, missing)
    if service.mount:
        service.mount(web, resources)


async def _indexes(resources: Resources) -> None:
    await resources.store.index(LEDGER, "documents._id")
    await resources.store.index(LEDGER, "subject")
    await resources.store.index(DEADLETTERS, "input", "state")
    await resources.store.index(DEADLETTERS, "state")


async def _stay_member(app: App) -> None:
    while True:
        await asyncio.sleep(LAG_SECONDS)
        app.demand_membership()


async def _watch_lag(app: App, service: str) -> None:
    while True:
        await asyncio.sleep(LAG_SECONDS)
        behind: dict[str, int] = {}
        for place in app.consumer.assignment():
            behind[place.topic] = behind.get(place.topic, 0) + _behind(app, place)
        for topic, count in behind.items():
            LAG.labels(service, topic).set(count)


def _behind(app: App, place: TP) -> int:
    end = app.consumer.highwater(place)
    committed: int | None = cast("Any", app.consumer)._committed_offset[place]  # noqa: SLF001 no public way
    return 0 if end is None else max(0, end - (committed or 0))
