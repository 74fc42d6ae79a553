"""The platform that a storm strikes, and how each kind of fault is done to it."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from canheal_cli.child import Child
from canheal_cli.processes import PROCESSES, Process
from canheal_cli.stack import Stack
from canheal_schemas import Lane

ENTRY: Final = Path(__file__).with_name("service_in_storm.py")
ROOM_MB: Final = 8192
"""Of the small file system under the database; only what is used of it is memory."""
STARTED: Final = '"event": "started"'
LOOK_SECONDS: Final = 0.05
PATIENCE_SECONDS: Final = 120.0
READY_SECONDS: Final = 180.0
"""Others may be at work on the same cores."""


class CannotBeDone(Exception):
    """This machine does not let us do this fault to it."""


@dataclass(frozen=True)
class StormProcess(Process):
    """A process of the table, started through `service_in_storm.py`."""

    clocks: Path = Path()

    @property
    def argv(self) -> tuple[str, ...]:
        _, _, *module = super().argv  # python -m MODULE ...
        return (sys.executable, str(ENTRY), str(self.clocks), *module)


class Victim:
    """A platform of its own, broker and database included. A context manager."""

    def __init__(self, folder: Path, say: Callable[[str], None], *, own_disk: bool) -> None:
        """With `own_disk` the database lies on a file system of its own, where root can mount one."""
        self._clocks = folder / "clocks"
        self._disk = Disk(folder / "database") if own_disk else None
        processes = [_in_storm(process, self._clocks) for process in PROCESSES]
        self.stack = Stack(folder, say, processes, stores=(None, None))
        self._twins: list[Child] = []

    @property
    def bootstrap(self) -> str:
        return self.stack.addresses.kafka_bootstrap_servers

    @property
    def services(self) -> list[str]:
        """Slots that a storm strikes; a lane for genomes would only be struck while it waits."""
        common = (process for process in self.stack.processes if process.lane is Lane.COMMON)
        return [slot for process in common for slot in process.ids]

    def __enter__(self) -> Self:
        self._clocks.mkdir(parents=True)
        if self._disk:
            self._disk.mount()
        try:
            self.stack.__enter__()
            self.stack.wait_ready(READY_SECONDS)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for twin in self._twins:
            twin.kill()
        self.stack.__exit__(kind, error, trace)
        if self._disk:
            self._disk.unmount()

    async def kill(self, slot: str, down_seconds: float = 0.0) -> None:
        await self._living(slot)
        await asyncio.to_thread(self.stack.supervisor.kill, slot, down_seconds)
        await asyncio.sleep(down_seconds)

    async def ask_to_end(self, slot: str) -> None:
        os.kill(await self._living(slot), signal.SIGTERM)

    async def freeze(self, slot: str, seconds: float) -> None:
        pid = await self._living(slot)
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(seconds)
        with suppress(ProcessLookupError):  # another fault ended it meanwhile
            os.kill(pid, signal.SIGCONT)

    async def kill_pool_child(self, slot: str) -> None:
        """A child that works for the slot's process."""
        parent = self.stack.supervisor.slots[slot].child  # whose process may be another one by then
        (child, *_) = await _once(lambda: _pool_children(parent.pid) if parent.pid else None)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    async def twin(self, slot: str, seconds: float) -> None:
        """A second process with the slot's id, as if started by hand: both live so long."""
        spec = self.stack.supervisor.slots[slot].child.spec
        elsewhere = spec.folder / f"twin-{len(self._twins)}"
        twin = Child(replace(spec, folder=elsewhere, env={**spec.env, "CANHEAL_HTTP_PORT": "0"}))
        self._twins.append(twin)
        await asyncio.to_thread(twin.start)
        await _once(lambda: twin.spec.log.read_text().count(STARTED) or not twin.alive)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(twin.kill)

    async def shift_clock(self, slot: str, hours: float, seconds: float) -> None:
        """Jump there, and jump back."""
        file = self._clocks / slot
        draft = file.with_suffix(".new")
        draft.write_text(str(hours * 3600))
        draft.replace(file)
        await asyncio.sleep(seconds)
        file.unlink()

    async def fill_disk(self, seconds: float) -> None:
        """
        Raises:
            CannotBeDone: the database has no disk of its own.
        """
        if self._disk is None:
            raise CannotBeDone("the database lies on the machine's own disk in this storm")
        await self._living("database")
        self._disk.fill()
        await asyncio.sleep(seconds)
        self._disk.make_room()

    async def _living(self, slot: str) -> int:
        """The slot's process, once it lives: what is down already cannot be struck."""
        child = self.stack.supervisor.slots[slot].child
        return await _once(lambda: child.pid if child.alive else None)


async def _once[T](found: Callable[[], T | None]) -> T:
    """What is looked for, once it is there."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if there := found():
                return there
            await asyncio.sleep(LOOK_SECONDS)


class Disk:
    """A file system in memory that can become full at once: its size is set to what is used."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._why_not: str | None = None

    def mount(self) -> None:
        """Where that cannot be done, the folder stays on the machine's disk, and `fill` says so."""
        self._place.mkdir(parents=True)
        if os.geteuid() != 0 or not shutil.which("mount"):
            self._why_not = "only root can mount a small file system"
            return
        self._why_not = _refused("mount", "-t", "tmpfs", "-o", f"size={ROOM_MB}m", "tmpfs", str(self._place))

    def unmount(self) -> None:
        if self._why_not is None:
            _refused("umount", "-l", str(self._place))

    def fill(self) -> None:
        """
        Raises:
            CannotBeDone: there is no file system of its own; with the reason.
        """
        if self._why_not is not None:
            raise CannotBeDone(self._why_not)
        found = os.statvfs(self._place)
        used_kb = (found.f_blocks - found.f_bfree) * found.f_frsize // 1024
        self._resize(f"{used_kb}k")

    def make_room(self) -> None:
        self._resize(f"{ROOM_MB}m")

    def _resize(self, size: str) -> None:
        why_not = _refused("mount", "-o", f"remount,size={size}", str(self._place))
        if why_not:
            raise CannotBeDone(why_not)


def _refused(*command: str) -> str | None:
    """Do it; why it was not done."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr.strip() or f"{command[0]} failed"


def _in_storm(process: Process, clocks: Path) -> StormProcess:
    known = {field.name: getattr(process, field.name) for field in fields(process)}
    return StormProcess(**known, clocks=clocks)


def _pool_children(parent: int) -> list[int]:
    """Children of a process that `multiprocessing` spawned to work; not its bookkeeper."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended while we looked
            _, ppid = status.read_text().rpartition(")")[2].split()[:2]
            command = status.with_name("cmdline").read_bytes()
            if int(ppid) == parent and b"spawn_main" in command:
                found.append(int(status.parent.name))
    return sorted(found)
