"""The service's composition root."""

from functools import partial

from canheal_chassis.resources import Resources
from canheal_chassis.service import Service, run
from fastapi import FastAPI

from canheal_report.api import routes
from canheal_report.knowledge import Knowledge, knowledge_of
from canheal_report.settings import Settings
from canheal_report.worker import handlers


def mount(web: FastAPI, resources: Resources, *, knowledge: Knowledge) -> None:
    """Serve reports from the process that assembles them."""
    web.include_router(routes(resources.store, resources.consent, knowledge))


def main() -> None:
    """Run until told to stop."""
    settings = Settings()
    run(
        Service(
            name="report",
            handlers=handlers(),
            mount=partial(mount, knowledge=knowledge_of(settings.bundle)),
        ),
        settings,
    )


if __name__ == "__main__":  # a spawned pool child imports this module and must not start a second worker
    main()
