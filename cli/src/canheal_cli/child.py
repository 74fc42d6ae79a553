"""One operating-system process of ours: how it is started, stopped and killed."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from canheal_cli import guard
from canheal_cli.errors import AlreadyRunningError

# A worker finishes the event in hand on SIGTERM; the longest takes 30 s.
GRACE_SECONDS = 40.0

# "Dies with its parent" means, to the kernel, with the thread that forked: this one lives as long as we do.
_SPAWNER = ThreadPoolExecutor(1, thread_name_prefix="spawner")


@dataclass(frozen=True)
class ProcessSpec:
    """A process to be: its slot's static id, its program (an absolute path first), where it writes."""

    id: str
    argv: Sequence[str]
    folder: Path
    """Holds `logs/<id>.log` and `run/<id>.lock`."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to our own environment."""
    grace_seconds: float = GRACE_SECONDS
    broken: Callable[[], bool] | None = None
    """Says of a living process that it will never do its work again; then it is killed and started anew."""

    @property
    def log(self) -> Path:
        return self.folder / "logs" / f"{self.id}.log"

    @property
    def lock(self) -> Path:
        return self.folder / "run" / f"{self.id}.lock"


class Child:
    """A running process of a slot; at most one lives at a time.

    The process itself holds the slot's lock file (it inherits the descriptor), so the slot is free exactly
    when the process is gone, whoever started it and however that one ended. On Linux it dies with us.
    """

    def __init__(self, spec: ProcessSpec) -> None:
        self.spec = spec
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, wait_for_slot_seconds: float = 5.0) -> None:
        """Start it once the slot's former process is gone."""
        spec = self.spec
        spec.log.parent.mkdir(parents=True, exist_ok=True)
        spec.lock.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(spec.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _take(lock, spec, time.monotonic() + wait_for_slot_seconds)
            self._process = _SPAWNER.submit(_spawn, spec, lock).result()
            os.truncate(lock, 0)
            os.pwrite(lock, f"{self._process.pid}\n".encode(), 0)
        finally:
            os.close(lock)

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """Its exit code, or None when it lives on after the time."""
        if self._process is None:
            return None
        try:
            return self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return None

    def terminate(self) -> None:
        if self._process and self.alive:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> int | None:
        """SIGTERM, the grace, then SIGKILL; returns when it is gone."""
        self.terminate()
        if self.wait(self.spec.grace_seconds) is None:
            self.kill()
        return self.wait()

    def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        process = self._process  # a supervisor may put a new one in its place meanwhile
        if process is not None:
            process.kill()
            process.wait()


def last_words(log: Path, lines: int = 12) -> str:
    """The end of a process's log, for a message about why it did not start."""
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _spawn(spec: ProcessSpec, lock: int) -> subprocess.Popen[bytes]:
    with spec.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own argv, no shell
            [sys.executable, "-I", "-S", guard.__file__, str(os.getpid()), *spec.argv],
            env={**os.environ, **spec.env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[lock],
            start_new_session=True,  # Ctrl-C is for the supervisor, which stops us in order
        )


def _take(lock: int, spec: ProcessSpec, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                holder = os.pread(lock, 32, 0).decode().strip() or "unknown"
                raise AlreadyRunningError(
                    f"{spec.id} already runs as process {holder} on {spec.folder}. Two processes with one"
                    " static id would disturb each other: stop that one, or name another folder with --data."
                ) from None
            time.sleep(0.05)
        else:
            return
