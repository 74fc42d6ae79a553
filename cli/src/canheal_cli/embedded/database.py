"""SecantusDB (MongoDB's wire protocol on WiredTiger) as a process of its own.

It is licensed GPL-2.0: run beside us, never imported. A beta, for demo and tests.
"""

import socket
import struct
import sys
import sysconfig
import time
from pathlib import Path

from canheal_cli.child import Child, ProcessSpec, last_words
from canheal_cli.errors import EmbeddedError, NotReadyError
from canheal_cli.ports import LOOPBACK, free_ports

READY_SECONDS = 30.0
# Else glibc keeps what large documents needed: 2.5 GB instead of 80 MB.
MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "65536"}
URI_OPTIONS = (
    "directConnection=true&retryWrites=false&serverSelectionTimeoutMS=2000&connectTimeoutMS=2000"
    "&socketTimeoutMS=5000&heartbeatFrequencyMS=500"
)
OP_MSG = 2013


class EmbeddedDatabase:
    """A database whose data and log lie under one folder and whose port stays for this object's life.

    Acknowledged writes survive `kill`.
    """

    name = "database"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (self.port,) = free_ports(1)
        self._child: Child | None = None

    @property
    def uri(self) -> str:
        return f"mongodb://{LOOPBACK}:{self.port}/?{URI_OPTIONS}"

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def spec(self) -> ProcessSpec:
        """The process, its folder made ready for it."""
        home = self.folder / "database"
        home.mkdir(parents=True, exist_ok=True)
        settings = (
            home / "secantusd.toml"
        )  # named, else it would pick one up from the working folder or the home
        settings.touch()
        argv = (
            *_program(),
            *("--config", str(settings), "--host", LOOPBACK, "--port", str(self.port)),
            *("--storage-path", str(home / "data"), "--cache-size", "128M", "--log-level", "WARNING"),
            "--sync-on-commit",  # else a transaction that was acknowledged with j=true is lost by a kill
        )
        return ProcessSpec(id=self.name, argv=argv, folder=self.folder, env=MEMORY)

    def start(self) -> None:
        """Start it, or start it again: same folder, same port. Returns at once; then `wait_ready`."""
        self._child = Child(self.spec())
        self._child.start()

    def wait_ready(self, timeout_seconds: float = READY_SECONDS) -> None:
        """Return when it answers `ping`.

        Raises:
            NotReadyError: it ended, or did not answer in time; with the end of its log.
        """
        deadline = time.monotonic() + timeout_seconds
        while not pings(self.port):
            ended = self._child is not None and not self._child.alive
            if ended or time.monotonic() > deadline:
                log = self.folder / "logs" / f"{self.name}.log"
                raise NotReadyError(
                    f"The embedded database {'ended while it started' if ended else 'does not answer'};"
                    f" {log} ends with:\n{last_words(log)}"
                )
            time.sleep(0.05)

    def stop(self) -> None:
        if self._child:
            self._child.stop()

    def kill(self) -> None:
        """SIGKILL, as a fault would."""
        if self._child:
            self._child.kill()


def pings(port: int) -> bool:
    """Whether a server there answers MongoDB's `ping` (by hand: the driver is known to one file only)."""
    name = b"admin\0"
    fields = b"\x10ping\0" + struct.pack("<i", 1) + b"\x02$db\0" + struct.pack("<i", len(name)) + name
    document = struct.pack("<i", len(fields) + 5) + fields + b"\0"
    body = struct.pack("<iB", 0, 0) + document  # no flags; section of kind 0
    message = struct.pack("<iiii", 16 + len(body), 1, 0, OP_MSG) + body
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(message)
            reply = connection.recv(4096)
    except OSError:
        return False
    return b"\x01ok\0" + struct.pack("<d", 1.0) in reply


def _program() -> tuple[str, ...]:
    script = Path(sysconfig.get_path("scripts")) / "secantusd-py"
    if not script.exists():
        raise EmbeddedError(
            f"{script} is missing: the embedded database is not installed. Run `make install`, or name"
            " a database of your own in MONGODB_URI."
        )
    return (sys.executable, str(script))
