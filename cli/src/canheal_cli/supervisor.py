"""Keeps processes alive: each slot's process is started again for ever, with the same static id."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Self

from canheal_cli.child import Child, ProcessSpec
from canheal_cli.errors import AlreadyRunningError

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0
"""A process that lived as long was well: its next restart is quick again."""
LOOK_SECONDS = 2.0
"""How often a process that can tell is asked whether it is broken."""


class Slot(threading.Thread):
    """One static id and the process that has it."""

    def __init__(self, spec: ProcessSpec, say: Callable[[str], None]) -> None:
        super().__init__(name=spec.id, daemon=True)
        self.child = Child(spec)
        self.restarts = 0
        self._say = say
        self._down_seconds = 0.0
        self._stopping = threading.Event()
        self._starting = threading.Lock()

    def run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            began = time.monotonic()
            ending = self._live_once()
            if self._stopping.is_set():
                return
            self._say(f"{self.name} {ending}; starting it again (log: {self.child.spec.log})")
            self.restarts += 1
            lived_well = time.monotonic() - began > STEADY_SECONDS
            pause = FIRST_PAUSE_SECONDS if lived_well else min(2 * pause, LONGEST_PAUSE_SECONDS)
            rest, self._down_seconds = max(pause, self._down_seconds), 0.0
            self._stopping.wait(rest)

    def kill(self, down_seconds: float = 0.0) -> None:
        """SIGKILL, as a fault would; started again after so long."""
        self._down_seconds = down_seconds
        self.child.kill()

    def ask_to_stop(self) -> None:
        """SIGTERM now, and no more restarts."""
        self._stopping.set()
        with self._starting:
            self.child.terminate()

    def finish(self, deadline: float) -> None:
        """Wait for the process until then (`time.monotonic`), kill it after."""
        if self.child.wait(max(0.0, deadline - time.monotonic())) is None:
            self.child.kill()
        self.join()

    def _live_once(self) -> str:
        try:
            with self._starting:
                if self._stopping.is_set():
                    return "was not started"
                self.child.start()
        except AlreadyRunningError as error:
            return str(error)
        code = self._ending()
        return f"was ended by signal {-code}" if code and code < 0 else f"ended with exit code {code}"

    def _ending(self) -> int | None:
        """The exit code, once the process has ended by itself or, since it was broken, by us."""
        broken = self.child.spec.broken
        if broken is None:
            return self.child.wait()
        while (code := self.child.wait(LOOK_SECONDS)) is None:
            if not self._stopping.is_set() and broken():
                self._say(f"{self.name} answers, but can do nothing any more (is its disk full?): killing it")
                self.child.kill()
        return code


class Supervisor:
    """All slots. `say` gets a line for a person whenever a process had to be started again."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.slots: dict[str, Slot] = {}

    def start(self, specs: Iterable[ProcessSpec]) -> None:
        """Start and keep these, beside those already kept."""
        for spec in specs:
            slot = self.slots[spec.id] = Slot(spec, self._say)
            slot.start()

    def kill(self, slot_id: str, down_seconds: float = 0.0) -> None:
        """SIGKILL to the slot's process, as a fault would; it is started again after so long."""
        self.slots[slot_id].kill(down_seconds)

    def stop(self, ids: Iterable[str] | None = None) -> None:
        """Stop these (or all) together: SIGTERM, each one's grace, then SIGKILL."""
        chosen = [self.slots.pop(slot_id) for slot_id in list(self.slots if ids is None else ids)]
        began = time.monotonic()
        for slot in chosen:
            slot.ask_to_stop()
        for slot in chosen:
            slot.finish(began + slot.child.spec.grace_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
