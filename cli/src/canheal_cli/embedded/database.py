"""SecantusDB (MongoDB's wire protocol on WiredTiger) as a process of its own.

It is licensed GPL-2.0: run beside us, never imported. A beta, for demo and tests.
"""

import socket
import struct
import sys
import sysconfig
from pathlib import Path

from canheal_cli.child import ProcessSpec
from canheal_cli.embedded.part import EmbeddedPart
from canheal_cli.errors import EmbeddedError
from canheal_cli.ports import LOOPBACK, free_ports

READY_SECONDS = 30.0
# Else glibc keeps what large documents needed: 2.5 GB instead of 80 MB.
MEMORY = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "65536"}
URI_OPTIONS = (
    "directConnection=true&retryWrites=false&serverSelectionTimeoutMS=2000&connectTimeoutMS=2000"
    "&socketTimeoutMS=5000&heartbeatFrequencyMS=500"
)
OP_MSG = 2013
OK = b"\x01ok\0" + struct.pack("<d", 1.0)


class EmbeddedDatabase(EmbeddedPart):
    """A database whose data and log lie under one folder and whose port stays for this object's life.

    Acknowledged writes survive `kill`.
    """

    name = "database"
    title = "database"
    ready_seconds = READY_SECONDS

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (self.port,) = free_ports(1)

    @property
    def uri(self) -> str:
        return f"mongodb://{LOOPBACK}:{self.port}/?{URI_OPTIONS}"

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
            *(
                "--oplog-retention-seconds",
                "5",
            ),  # its log of changes holds what was erased; nobody reads it here
            "--sync-on-commit",  # else a transaction that was acknowledged with j=true is lost by a kill
        )
        return ProcessSpec(id=self.name, argv=argv, folder=self.folder, env=MEMORY, broken=self.broken)

    def serves(self) -> bool:
        """Whether it reads its data."""
        return reads(self.port) is True

    def broken(self) -> bool:
        """Whether it answers that it cannot read its data: only a new process will."""
        return reads(self.port) is False


def reads(port: int) -> bool | None:
    """Whether the server there can read its data; None: it says nothing.

    Asked by hand (the driver is known to one file only), and not by `ping`: a server whose storage gave up,
    for want of room on its disk, still answers that one.
    """
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(_question())
            reply = connection.recv(4096)
    except OSError:
        return None
    return OK in reply if reply else None


def _question() -> bytes:
    """`{find: "signs", limit: 1, $db: "canheal_life"}` as an OP_MSG."""
    fields = _text("find", "signs") + b"\x10limit\0" + struct.pack("<i", 1) + _text("$db", "canheal_life")
    document = struct.pack("<i", len(fields) + 5) + fields + b"\0"
    body = struct.pack("<iB", 0, 0) + document  # no flags; section of kind 0
    return struct.pack("<iiii", 16 + len(body), 1, 0, OP_MSG) + body


def _text(name: str, value: str) -> bytes:
    said = value.encode() + b"\0"
    return b"\x02" + name.encode() + b"\0" + struct.pack("<i", len(said)) + said


def _program() -> tuple[str, ...]:
    script = Path(sysconfig.get_path("scripts")) / "secantusd-py"
    if not script.exists():
        raise EmbeddedError(
            f"{script} is missing: the embedded database is not installed. Run `make install`, or name"
            " a database of your own in MONGODB_URI."
        )
    return (sys.executable, str(script))
