"""The whole platform as child processes of this one: broker, database, topics, then `processes.py`."""

import base64
import fcntl
import os
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx
from canheal_vault.secretfiles import secret

from canheal_cli.child import ProcessSpec, last_words
from canheal_cli.embedded.database import EmbeddedDatabase
from canheal_cli.embedded.kafka import EmbeddedKafka
from canheal_cli.embedded.part import EmbeddedPart
from canheal_cli.errors import AlreadyRunningError, NotReadyError
from canheal_cli.portplan import choose_ports
from canheal_cli.ports import LOOPBACK
from canheal_cli.processes import PROCESSES, Process
from canheal_cli.state import LOCK_FILE, Addresses, withdraw
from canheal_cli.supervisor import Slot, Supervisor
from canheal_cli.topics import apply_topics

KEY_BYTES = 32
READY_SECONDS = 60.0
HOPELESS_RESTARTS = 5
"""A service that ends as often while it is waited for will not get ready by waiting."""
EMBEDDED_NOTICE = (
    "The embedded Kafka and database (SecantusDB, GPL-2.0, as a process of its own) are for demo and tests:"
    " one node each, nothing replicated, no access control. For production name your own in"
    " KAFKA_BOOTSTRAP_SERVERS and MONGODB_URI."
)


class Stack:
    """Everything that runs on one data folder: state, keys, logs, the embedded parts' files.

    A context manager: started on entry, services stopped before broker and database on exit.
    """

    def __init__(
        self,
        data: Path,
        say: Callable[[str], None],
        processes: Sequence[Process] = PROCESSES,
        stores: tuple[str | None, str | None] | None = None,
        *,
        own_ports: bool = False,
    ) -> None:
        """Processes to run; `stores` are bootstrap servers and database URI, None for an embedded one.

        Without `stores` they are what KAFKA_BOOTSTRAP_SERVERS and MONGODB_URI name. With `own_ports`
        the public services are where `processes.py` puts them, if that is free: links then outlive a restart.
        """
        self.data = data.resolve()
        self.processes = processes
        self.supervisor = Supervisor(say)
        self.addresses = Addresses("", "", {})
        self._say = say
        self._named = stores or (os.environ.get("KAFKA_BOOTSTRAP_SERVERS"), os.environ.get("MONGODB_URI"))
        self._own_ports = own_ports
        self._stores: list[str] = []
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as started:
            self.data.mkdir(parents=True, exist_ok=True)
            self._take_folder(started)
            withdraw(self.data)  # of a platform that was killed
            started.callback(self._stop)
            bootstrap, uri = self._start_stores()
            apply_topics(bootstrap)
            self._start_services(bootstrap, uri)
            self._exit = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def wait_ready(self, timeout_seconds: float = READY_SECONDS) -> None:
        """Return when every service says that it is ready; then other commands find the addresses.

        Raises:
            NotReadyError: one did not in time; with the end of its log.
        """
        deadline = time.monotonic() + timeout_seconds
        slots = {slot_id: self.supervisor.slots[slot_id] for slot_id in self.addresses.services}
        enough = {slot_id: slot.restarts + HOPELESS_RESTARTS for slot_id, slot in slots.items()}
        while waiting := [
            slots[slot_id] for slot_id, url in self.addresses.services.items() if not _ready(url)
        ]:
            if hopeless := [slot for slot in waiting if slot.restarts >= enough[slot.name]]:
                raise NotReadyError(_why(hopeless, "ended again and again"))
            if time.monotonic() > deadline:
                raise NotReadyError(_why(waiting, f"not ready after {timeout_seconds:.0f} s"))
            time.sleep(0.05)
        self.addresses.write(self.data)

    def _take_folder(self, started: ExitStack) -> None:
        lock = started.enter_context((self.data / LOCK_FILE).open("w"))
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(
                f"A platform already runs on {self.data}. Stop it, or name another folder with --data."
            ) from None

    def _start_stores(self) -> tuple[str, str]:
        """Broker and database: those that are named, else embedded ones, started side by side."""
        bootstrap, uri = self._named
        embedded: list[EmbeddedPart] = []
        if not bootstrap:
            embedded.append(broker := EmbeddedKafka(self.data))
            bootstrap = broker.bootstrap
        if not uri:
            embedded.append(database := EmbeddedDatabase(self.data))
            uri = database.uri
        if embedded:
            self._say(EMBEDDED_NOTICE)
        for part in embedded:
            self._stores.append(part.name)
            self.supervisor.start([part.spec()])
        for part in embedded:
            part.wait_ready()
        return bootstrap, uri

    def _start_services(self, bootstrap: str, uri: str) -> None:
        slots = [(process, slot_id) for process in self.processes for slot_id in process.ids]
        homes = {process.ids[0]: process.port for process in self.processes if process.port}
        wanted = homes if self._own_ports else {}
        ports = choose_ports([slot_id for _, slot_id in slots], wanted, self.data, self._say)
        urls = {slot_id: f"http://{LOOPBACK}:{port}" for slot_id, port in ports.items()}
        self.addresses = Addresses(bootstrap, uri, urls)
        shared = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "MONGODB_URI": uri,
            "CANHEAL_PLATFORM_KEY": platform_key(self.data),
            "CANHEAL_HTTP_HOST": LOOPBACK,
            "CANHEAL_SCRATCH": str(self.data / "scratch"),
        }
        self.supervisor.start(
            ProcessSpec(
                id=slot_id,
                argv=process.argv,
                folder=self.data,
                env={
                    **shared,
                    "CANHEAL_INSTANCE_ID": slot_id,
                    "CANHEAL_LANE": process.lane,
                    "CANHEAL_HTTP_PORT": str(ports[slot_id]),
                },
            )
            for process, slot_id in slots
        )

    def _stop(self) -> None:
        withdraw(self.data)
        self.supervisor.stop(
            _others(self.supervisor.slots, self._stores)
        )  # while broker and database still serve
        self.supervisor.stop()


def platform_key(data: Path) -> str:
    """The platform's key in base64: from the environment, else made once for this data folder."""
    named = secret("CANHEAL_PLATFORM_KEY")
    if named:
        return named.get_secret_value()
    path = data / "platform.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n")
    return path.read_text().strip()


def _others(ids: Iterable[str], left_out: Sequence[str]) -> list[str]:
    return [slot_id for slot_id in ids if slot_id not in left_out]


def _why(slots: Sequence[Slot], what: str) -> str:
    names, log = ", ".join(slot.name for slot in slots), slots[0].child.spec.log
    return f"{names} {what}. {log} ends with:\n{last_words(log)}"


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=1).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
