"""A real worker whose handler takes its time, so that a test can stop, freeze or break it in the middle.

Started as `python slow.py SECONDS FOLDER [escape|abort|estranged]`; an event in hand writes
FOLDER/<instance>.in-hand. With `escape` the chassis itself fails once, as nobody foresaw; with `abort` the
sample called "poison" ends the process each time; with `estranged` aiokafka fails as it does on a broker that
answers before it knows itself.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import canheal_chassis.service as service_module
from aiokafka.consumer.group_coordinator import GroupCoordinator
from canheal_chassis.outcome import Handler, Outcome
from canheal_chassis.service import Service, run
from canheal_chassis.work import Work
from canheal_process.settings import ServiceSettings
from canheal_schemas import PartStatus, Purpose, SampleReceived, VariantsAnnotated


async def estranged(_: GroupCoordinator) -> None:
    raise AssertionError("Did we not perform bootstrap?")


def main() -> None:
    seconds, folder = float(sys.argv[1]), Path(sys.argv[2])
    settings = ServiceSettings()

    async def annotate(sample: SampleReceived, _: Work) -> Outcome:
        (folder / f"{settings.instance_id}.in-hand").touch()
        if "abort" in sys.argv and sample.context.label == "poison":
            os.abort()
        await asyncio.sleep(seconds)
        said = VariantsAnnotated(
            **sample.model_dump(
                include={"sample", "revision", "subject", "consent_version", "site", "country"}
            ),
            status=PartStatus.DONE,
            context=sample.context,
            expects=sample.expects,
            reason=settings.instance_id,
        )
        return Outcome(publish=(said,))

    if "escape" in sys.argv:
        handle, escaped = service_module.deliver, folder / "escaped"

        async def failing(*args: Any) -> None:
            if not escaped.exists():
                escaped.touch()
                raise RuntimeError("nobody foresaw this")
            await handle(*args)

        service_module.deliver = failing
    if "estranged" in sys.argv:
        GroupCoordinator.ensure_coordinator_known = estranged
    handlers = {SampleReceived: Handler(annotate, Purpose.OWN_CARE, withheld=lambda *_: None)}
    run(Service("annotate", handlers), settings)


if __name__ == "__main__":
    main()
