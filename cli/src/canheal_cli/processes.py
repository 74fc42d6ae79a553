"""Every process of the platform on one screen.

`canheal up` and the pipeline tests run this table; docker-compose.yml and k8s/ are held to it.
"""

import sys
from dataclasses import dataclass

from canheal_schemas import Lane


@dataclass(frozen=True)
class Process:
    """A service and how many of its processes run on one host."""

    service: str
    instances: int = 1
    public: bool = False
    """People and hospitals use its HTTP; the others serve only /healthz, /readyz and /metrics."""
    port: int | None = None
    """Where `canheal up` puts the first instance when the port is free: links then outlive a restart."""
    lane: Lane = Lane.COMMON

    @property
    def name(self) -> str:
        return f"{self.service}-{self.lane}" if self.lane is Lane.HEAVY else self.service

    @property
    def module(self) -> str:
        return f"canheal_{self.service}.main"

    @property
    def argv(self) -> tuple[str, ...]:
        return (sys.executable, "-m", self.module)

    @property
    def ids(self) -> tuple[str, ...]:
        """The static id of each slot."""
        return tuple(f"{self.name}-{number}" for number in range(self.instances))


PROCESSES = (
    Process("ingest", public=True, port=8400),  #  a VCF comes in         -> sample.received, consent.changed
    Process("annotate"),  #                        sample.received        -> variants.annotated
    Process("annotate", lane=Lane.HEAVY),  #       the same of genomes
    Process("prs"),  #                             variants.annotated     -> risk.scored
    Process("prs", lane=Lane.HEAVY),  #            the same of genomes
    Process("report", public=True, port=8401),  #  all parts of a sample  -> report.issued
)
