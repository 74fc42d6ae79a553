"""A service's own `main`, in a process whose clock a storm can shift.

Started as `python service_in_storm.py CLOCKS MODULE ...` instead of `python -m MODULE ...`. The file
CLOCKS/<instance> holds by how many seconds this process is wrong about the time; absent: by none. Of
annotate, the handler ends its process for every sample whose label begins with ABORT.
"""

import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from canheal_process import clock

ABORTS = "ABORT"


def shift_clock(file: Path) -> None:
    """Every way in which our code and the libraries' ask for the time of day; before they are imported."""
    right, right_ns = time.time, time.time_ns

    def wrong_by() -> float:
        try:
            return float(file.read_text() or 0)
        except FileNotFoundError:
            return 0.0

    time.time = lambda: right() + wrong_by()
    time.time_ns = lambda: right_ns() + int(wrong_by() * 1e9)
    clock.utc_now = lambda: datetime.now(UTC) + timedelta(seconds=wrong_by())


def aborting(made: Any) -> Any:
    """annotate's handlers, as they are made, but one label ends the process."""

    def handlers(settings: Any) -> Any:
        (event, handler), *others = made(settings).items()

        async def handle(sample: Any, work: Any) -> Any:
            if sample.context.label.startswith(ABORTS):
                os.abort()
            return await handler.handle(sample, work)

        return {event: replace(handler, handle=handle), **dict(others)}

    return handlers


def main() -> None:
    _, clocks, name, *arguments = sys.argv
    sys.argv = [name, *arguments]
    shift_clock(Path(clocks) / os.environ["CANHEAL_INSTANCE_ID"])
    module = import_module(name)
    if name == "canheal_annotate.main":
        module.handlers = aborting(module.handlers)
    module.main()


if __name__ == "__main__":
    main()
