"""The desk of a service: the routes by which people look after its dead letters and its audit log."""

from canheal_chassis.resources import Resources
from fastapi import FastAPI

from canheal_desk.audit_routes import audit_routes
from canheal_desk.deadletter_desk import Desk
from canheal_desk.deadletter_routes import deadletter_routes


def mount_desk(web: FastAPI, resources: Resources) -> None:
    """Serve the desk beside health and metrics."""
    web.include_router(deadletter_routes(Desk.of(resources)))
    web.include_router(audit_routes(resources.audit, resources.store))
