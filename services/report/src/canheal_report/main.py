"""The service's composition root."""

from canheal_chassis.resources import Resources
from canheal_chassis.service import Service, run
from canheal_desk.mount import mount_desk
from canheal_process.clock import utc_now
from fastapi import FastAPI

from canheal_report.api import care_record_routes, routes
from canheal_report.carerecords import CareRecords
from canheal_report.knowledge import knowledge_of
from canheal_report.settings import Settings
from canheal_report.worker import handlers


def mount(web: FastAPI, resources: Resources) -> None:
    """Serve the reports and the desk beside health and metrics."""
    mount_desk(web, resources)
    knowledge = knowledge_of(resources.settings.bundle)
    records = CareRecords(resources.store, resources.blobs, resources.keys)
    web.include_router(care_record_routes(records, resources.audit))
    web.include_router(routes(resources.store, resources.consent, resources.audit, knowledge, utc_now))


def main() -> None:
    """Run until told to stop."""
    run(Service(name="report", handlers=handlers(), mount=mount, keeps=CareRecords), Settings())


if __name__ == "__main__":  # a spawned pool child imports this module and must not start a second worker
    main()
