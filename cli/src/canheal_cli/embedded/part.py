"""What the embedded broker and database have in common: a child process with its files under one folder."""

import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from canheal_cli.child import Child, ProcessSpec, last_words
from canheal_cli.errors import NotReadyError


class EmbeddedPart(ABC):
    """A part that can be started, waited for, stopped, killed, and started again on the same ports."""

    name: ClassVar[str]
    title: ClassVar[str]
    """What a person calls it."""
    ready_seconds: ClassVar[float]

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @abstractmethod
    def spec(self) -> ProcessSpec:
        """The process, its folder made ready for it."""

    @abstractmethod
    def serves(self) -> bool:
        """Whether it does its work."""

    def start(self, spec: ProcessSpec | None = None) -> None:
        """Start it, or start it again: same folder, same ports. Returns at once; then `wait_ready`."""
        self._child = Child(spec or self.spec())
        self._child.start()

    def wait_ready(self, timeout_seconds: float | None = None) -> None:
        """Return when it does its work.

        Raises:
            NotReadyError: it ended, or did not answer in time; with the end of its log.
        """
        deadline = time.monotonic() + (timeout_seconds or self.ready_seconds)
        while not self.serves():
            ended = self._child is not None and not self._child.alive
            if ended or time.monotonic() > deadline:
                log = self.folder / "logs" / f"{self.name}.log"
                raise NotReadyError(
                    f"The embedded {self.title} {'ended while it started' if ended else 'does not answer'};"
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
