"""A service's lanes: what would hold the others up goes by a road of its own."""

from enum import StrEnum

from canheal_schemas.topic import Topic


class Lane(StrEnum):
    """Which of a service's inputs a worker takes."""

    COMMON = "common"
    """All of them; one that is too heavy is passed on."""
    HEAVY = "heavy"
    """What the common lane passed on."""


def heavy_topic(service: str) -> Topic:
    """Where a service's common lane passes on what is too heavy for it, type, root and id unchanged."""
    return Topic(
        name=f"canheal.{service}.heavy.v1",
        key="sample",
        meaning=f"samples too heavy for the common lane of {service}: genomes",
    )
