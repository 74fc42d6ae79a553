"""The process pool: science runs beside the event loop, reference data warm, and may die without loss."""

import asyncio
import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial

from canheal_process.errors import ChildDied
from canheal_process.telemetry import log

type Warm = Callable[[], object]
PR_SET_PDEATHSIG = 1
THREADS = ("POLARS_MAX_THREADS", "RAYON_NUM_THREADS")
"""A child counts with one thread unless its environment says more: samples run side by side in processes, and
threads that wait for each other cost a small sample a tenth."""


def _begin(warm: Warm, nice: int) -> None:
    """In the child: live no longer than the worker, leave its signals to it, open the reference data."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is None or os.getppid() != parent.pid:  # it died before the line above
        os._exit(1)
    # What is sent to the worker's group is the worker's to answer. SIGTERM keeps its meaning: with it the
    # executor ends what is left of a broken pool.
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(nice)
    warm()


def _ready() -> None:
    """Nothing to do: that it runs shows that the child is warm."""


class Pool:
    """Runs pure functions in warm child processes."""

    def __init__(self, processes: int, warm: Warm, *, lasting: bool = True, nice: int = 0) -> None:
        """Without `lasting` each call has a child of its own: between two of them no memory is held.

        `nice` is how far its children give way to other processes.
        """
        self._nice = nice
        self._processes = processes
        self._warm = warm
        self._lasting = lasting
        self._executor = self._fresh(processes)
        self._alone = asyncio.Lock()

    async def ready(self) -> None:
        """Wait until the first child that stays is warm."""
        if self._lasting:
            await self.run(_ready)

    async def run[**P, R](self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `function` in a child.

        A child that dies breaks every call in flight, so each of them runs again, alone in a pool of its own:
        only the call that kills that one too is to blame.

        Raises:
            ChildDied: the function ended its process again.
        """
        call = partial(function, *args, **kwargs)
        executor = self._executor
        try:
            if self._lasting:
                return await asyncio.wrap_future(executor.submit(call))
            return await self._by_itself(call)
        except BrokenProcessPool:
            self._renew(executor)
        async with self._alone:
            try:
                return await self._by_itself(call)
            except BrokenProcessPool as error:
                raise ChildDied("the function ended its process twice, the second time alone") from error

    async def _by_itself[R](self, call: Callable[[], R]) -> R:
        executor = self._fresh(1)
        try:
            return await asyncio.wrap_future(executor.submit(call))
        finally:
            executor.shutdown(wait=False)

    def close(self) -> None:
        """End the children once they have finished."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _renew(self, broken: ProcessPoolExecutor) -> None:
        if self._executor is broken:
            log("pool-renewed")
            self._executor = self._fresh(self._processes)

    def _fresh(self, processes: int) -> ProcessPoolExecutor:
        # A spawned child imports the main module again; ours is a whole worker that science does not need.
        main = sys.modules["__main__"]
        main.__spec__ = None
        main.__dict__.pop("__file__", None)
        for name in THREADS:
            os.environ.setdefault(name, "1")
        return ProcessPoolExecutor(
            processes,
            multiprocessing.get_context("spawn"),
            initializer=_begin,
            initargs=(self._warm, self._nice),
        )
