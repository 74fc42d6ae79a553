"""A real worker that ends itself with SIGKILL right after a named step of the sample that is called like it.

Started by test_kills.py: `python kill_at.py POINT MARKER`. Settings come from the environment.
"""

import inspect
import os
import signal
import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from canheal_chassis import service as service_module
from canheal_chassis import stream
from canheal_chassis.consent import ConsentProjection
from canheal_chassis.ledger import Ledger
from canheal_chassis.outcome import Handler, Outcome
from canheal_chassis.publisher import Publisher
from canheal_chassis.service import Service, run
from canheal_chassis.work import Work
from canheal_process.settings import ServiceSettings
from canheal_schemas import PartStatus, Purpose, SampleReceived, VariantsAnnotated
from canheal_vault.blobs import BlobStore

STEPS: dict[str, tuple[Any, str]] = {
    "decoded": (stream, "decode"),
    "ledger-asked": (Ledger, "find"),
    "consent-asked": (ConsentProjection, "at_least"),
    "handled": (stream, "_run"),
    "blobs-written": (BlobStore, "put"),
    "stored": (Ledger, "insert"),
    "published": (Publisher, "publish"),
    "acknowledged": (stream, "deliver"),
}
"""The step after which the process dies, and what ends it."""
IN_HAND: ContextVar[str] = ContextVar("in_hand", default="")


async def annotate(sample: SampleReceived, work: Work) -> Outcome:
    """One event and one blob."""
    blob = await work.seal("findings", b"a finding")
    said = VariantsAnnotated(
        **sample.model_dump(include={"sample", "revision", "subject", "consent_version", "site", "country"}),
        status=PartStatus.DONE,
        context=sample.context,
        expects=sample.expects,
        all_findings=blob.ref,
    )
    return Outcome(blobs=(blob,), publish=(said,))


def noting_the_sample(decode: Callable[..., Any]) -> Callable[..., Any]:
    """`decode`, which also notes which sample this task has in hand."""

    def noting(*args: Any) -> Any:
        task = decode(*args)
        IN_HAND.set(task.event.context.label)
        return task

    return noting


def dying_after(step: Callable[..., Any], label: str, marker: Path) -> Callable[..., Any]:
    """The step, and then, with the sample of this label in hand, the end of the process; only once."""

    def die() -> None:
        if IN_HAND.get() == label and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    async def later(*args: Any, **kwargs: Any) -> Any:
        result = await step(*args, **kwargs)
        die()
        return result

    def at_once(*args: Any, **kwargs: Any) -> Any:
        result = step(*args, **kwargs)
        die()
        return result

    return later if inspect.iscoroutinefunction(step) else at_once


def main() -> None:
    point, marker = sys.argv[1], Path(sys.argv[2])
    stream.decode = noting_the_sample(stream.decode)
    if point != "never":
        owner, name = STEPS[point]
        dying = dying_after(getattr(owner, name), point, marker)
        setattr(owner, name, dying)
        if point == "acknowledged":
            service_module.deliver = dying
    handlers = {SampleReceived: Handler(annotate, Purpose.OWN_CARE, withheld=lambda *_: None)}
    run(Service("annotate", handlers), ServiceSettings())


if __name__ == "__main__":
    main()
