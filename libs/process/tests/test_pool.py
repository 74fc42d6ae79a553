"""Science runs in warm children; one may die without a loss for the others, and none outlives the worker."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest
from canheal_process.errors import ChildDied
from canheal_process.pool import Pool
from pool_functions import (
    begins_and_waits,
    double,
    fails_to_warm,
    kills_itself,
    pid,
    raises,
    told_to_stop_ignores_sigint,
    warm,
)

PARENT = Path(__file__).parent / "pool_parent.py"


@contextmanager
def opened(processes: int, folder: Path) -> Iterator[Pool]:
    pool = Pool(processes, partial(warm, folder))
    try:
        yield pool
    finally:
        pool.close()


def until(true: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"it did not come in {seconds} s"
        time.sleep(0.02)


def begun(folder: Path, name: str) -> list[int]:
    """The processes in which a call of this name began."""
    path = folder / f"{name}-began"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def warmed(folder: Path) -> set[int]:
    return {int(path.name.removeprefix("warm-")) for path in folder.glob("warm-*")}


def lives(process: int) -> bool:
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_function_runs_in_a_child_that_was_warmed_once(tmp_path: Path) -> None:
    with opened(1, tmp_path) as pool:
        await pool.ready()
        assert await asyncio.gather(*(pool.run(double, number) for number in range(5))) == [0, 2, 4, 6, 8]
        assert {await pool.run(pid) for _ in range(3)} == warmed(tmp_path) != {os.getpid()}
        with pytest.raises(ValueError, match="the function's own"):
            await pool.run(raises, "the function's own")
        assert await pool.run(told_to_stop_ignores_sigint)
        assert len(warmed(tmp_path)) == 1


async def test_without_children_that_last_each_call_has_one_of_its_own_and_none_is_left(
    tmp_path: Path,
) -> None:
    pool = Pool(1, partial(warm, tmp_path), lasting=False)
    await pool.ready()
    assert not warmed(tmp_path)
    assert len({await pool.run(pid) for _ in range(2)} | warmed(tmp_path)) == 2
    await asyncio.to_thread(until, lambda: not any(map(lives, warmed(tmp_path))))
    with pytest.raises(ChildDied):
        await pool.run(kills_itself, tmp_path)
    assert len(begun(tmp_path, "guilty")) == 2
    pool.close()


async def test_a_killed_child_costs_no_innocent_call_anything_and_blames_the_guilty(tmp_path: Path) -> None:
    with opened(2, tmp_path) as pool:
        innocent = asyncio.ensure_future(pool.run(begins_and_waits, tmp_path, "innocent", 1.0))
        guilty = asyncio.ensure_future(pool.run(kills_itself, tmp_path))
        answers = await asyncio.gather(innocent, guilty, return_exceptions=True)
        assert answers[0] == "innocent"
        assert isinstance(answers[1], ChildDied)
        assert len(begun(tmp_path, "guilty")) == 2
        assert await pool.run(double, 4) == 8
        first_children = {*begun(tmp_path, "innocent")[:1], *begun(tmp_path, "guilty")}
        await asyncio.to_thread(until, lambda: not any(map(lives, first_children)))


async def test_a_child_killed_from_outside_with_two_calls_in_flight_fails_neither(tmp_path: Path) -> None:
    with opened(2, tmp_path) as pool:
        calls = [asyncio.ensure_future(pool.run(begins_and_waits, tmp_path, name, 0.4)) for name in "ab"]
        await asyncio.to_thread(until, lambda: all(begun(tmp_path, name) for name in "ab"))
        before = warmed(tmp_path)
        os.kill(begun(tmp_path, "a")[0], signal.SIGKILL)
        assert await asyncio.gather(*calls) == ["a", "b"]
        await asyncio.to_thread(until, lambda: not any(map(lives, before)))


async def test_a_pool_that_cannot_be_warmed_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    pool = Pool(1, fails_to_warm)
    try:
        with pytest.raises(ChildDied):
            await pool.ready()
    finally:
        pool.close()
    assert "no bundle" in capfd.readouterr().err


@contextmanager
def parent(folder: Path, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    path = os.pathsep.join([str(PARENT.parent), *sys.path])
    process = subprocess.Popen(
        [sys.executable, str(PARENT), str(folder), *words],
        env=os.environ | {"PYTHONPATH": path},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_killed_the_worker_takes_its_children_along_and_its_main_module_ran_once(tmp_path: Path) -> None:
    with parent(tmp_path) as process:
        until(lambda: all(begun(tmp_path, name) for name in "ab"))
        children = warmed(tmp_path)
        assert len(children) == 2
        assert all(map(lives, children))
        process.kill()
        process.wait()
        until(lambda: not any(map(lives, children)), 5)
    assert (tmp_path / "main-imports").read_text() == "x"


def test_killed_while_its_children_still_start_it_leaves_none(tmp_path: Path) -> None:
    with parent(tmp_path, "at-once") as process:
        until((tmp_path / "started").exists)
        family = psutil.Process(process.pid)
        until(lambda: len(family.children()) >= 2)
        children = [child.pid for child in family.children()]
        process.kill()
        process.wait()
        until(lambda: not any(map(lives, children)), 10)
