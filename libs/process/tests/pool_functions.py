"""What the pool's tests run in its children."""

import os
import signal
import time
from pathlib import Path


def warm(folder: Path) -> None:
    (folder / f"warm-{os.getpid()}").touch()


def fails_to_warm() -> None:
    raise FileNotFoundError("no bundle")


def double(number: int) -> int:
    return 2 * number


def pid() -> int:
    return os.getpid()


def raises(words: str) -> None:
    raise ValueError(words)


def told_to_stop_ignores_sigint() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def begins_and_waits(folder: Path, name: str, seconds: float) -> str:
    """Say that it began and in which process, then wait."""
    with (folder / f"{name}-began").open("a") as begun:
        begun.write(f"{os.getpid()}\n")
    time.sleep(seconds)
    return name


def kills_itself(folder: Path) -> None:
    with (folder / "guilty-began").open("a") as begun:
        begun.write(f"{os.getpid()}\n")
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGKILL)
