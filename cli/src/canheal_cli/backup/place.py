"""Where a backup is read from or put back to: named stores, a running platform's, or a stopped one's."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from canheal_vault.secretfiles import secret
from pydantic import SecretStr

from canheal_cli.embedded.database import EmbeddedDatabase
from canheal_cli.embedded.kafka import EmbeddedKafka
from canheal_cli.embedded.part import EmbeddedPart
from canheal_cli.errors import NotRunningError, StillRunningError
from canheal_cli.state import LOCK_FILE, read_addresses

PATIENCE_SECONDS = 120.0
"""Nobody waits for an answer here: a busy machine may take its time."""


@dataclass(frozen=True)
class StorePlaces:
    """Addresses of database and broker; no broker is known where only the database is named."""

    database: SecretStr
    broker: str | None


@contextmanager
def to_read(data: Path) -> Iterator[StorePlaces]:
    """The stores that a backup is made of; a stopped platform's are started for it."""
    if not secret("MONGODB_URI") and _runs(data):
        found = read_addresses(data)
        yield StorePlaces(SecretStr(found.mongodb_uri), found.kafka_bootstrap_servers)
        return
    with at_rest(data, broker=False) as places:
        yield places


@contextmanager
def at_rest(data: Path, *, broker: bool = True) -> Iterator[StorePlaces]:
    """The stores while no service runs; embedded ones are started for this, a `broker` only where asked.

    Raises:
        StillRunningError: a platform runs on this folder.
        NotRunningError: neither the environment nor the folder names any store.
    """
    uri, bootstrap = secret("MONGODB_URI"), os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if uri:
        yield StorePlaces(uri, bootstrap)
        return
    if not data.is_dir():
        raise NotRunningError(f"There is no {data.resolve()}: name the database in MONGODB_URI, or --data.")
    database = EmbeddedDatabase(data)
    kafka = EmbeddedKafka(data) if broker and not bootstrap else None
    with _alone(data), _started(database, *filter(None, [kafka])):
        yield StorePlaces(SecretStr(database.uri), kafka.bootstrap if kafka else bootstrap)


def _runs(data: Path) -> bool:
    if not data.is_dir():
        return False
    try:
        with _alone(data):
            return False
    except StillRunningError:
        return True


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Hold the folder as `canheal up` does, so that no platform starts on it meanwhile."""
    with (data / LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StillRunningError(f"A platform runs on {data.resolve()}: stop it first.") from None
        yield


@contextmanager
def _started(*parts: EmbeddedPart) -> Iterator[None]:
    try:
        for part in parts:
            part.start()
        for part in parts:
            part.wait_ready(PATIENCE_SECONDS)
        yield
    finally:
        for part in parts:
            part.stop()
