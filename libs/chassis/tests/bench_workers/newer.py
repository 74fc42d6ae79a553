"""A worker of a later version: its reader of `sample.received` knows an optional field more.

Started as `python newer.py FOLDER`; what it read in the new field it writes to FOLDER/<instance>.wards.
"""

import sys
from pathlib import Path

from canheal_chassis.outcome import Handler, Outcome
from canheal_chassis.service import Service, run
from canheal_chassis.work import Work
from canheal_process.settings import ServiceSettings
from canheal_schemas import EVENTS, PartStatus, Purpose, SampleReceived, VariantsAnnotated

ABOUT = {"sample", "revision", "subject", "consent_version", "site", "country"}


class NewerSample(SampleReceived):
    """The next version of the event's model, on the same topic: compatible, for it only adds."""

    ward: str | None = None


def main() -> None:
    wards = Path(sys.argv[1])
    settings = ServiceSettings()
    EVENTS[NewerSample.topic.name] = NewerSample

    async def annotate(sample: NewerSample, _: Work) -> Outcome:
        with (wards / f"{settings.instance_id}.wards").open("a") as file:
            file.write(f"{sample.context.label} {sample.ward}\n")
        said = VariantsAnnotated(
            **sample.model_dump(include=ABOUT),
            status=PartStatus.DONE,
            context=sample.context,
            expects=sample.expects,
            reason=f"newer {settings.instance_id}",
        )
        return Outcome(publish=(said,))

    run(
        Service("annotate", {NewerSample: Handler(annotate, Purpose.OWN_CARE, withheld=lambda *_: None)}),
        settings,
    )


if __name__ == "__main__":
    main()
