"""How long a changed consent takes to be in force: as its hospital sees it, and by each service itself."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

import httpx
from prometheus_client.parser import text_string_to_metric_families

from hospital import Hospital

LOOK_SECONDS: Final = 0.01
PATIENCE_SECONDS: Final = 30.0
METRIC: Final = "canheal_consent_in_force_seconds"


@dataclass(frozen=True, slots=True)
class Applied:
    """A service's own measure: how many consents it applied, and within how many seconds of their record."""

    buckets: Mapping[float, float] = field(default_factory=dict)

    @property
    def count(self) -> float:
        """All of them."""
        return self.within(float("inf"))

    def within(self, seconds: float) -> float:
        """Those applied within this time."""
        return self.buckets.get(seconds, 0.0)

    def since(self, before: Self) -> "Applied":
        """Those that came after another look."""
        return Applied({edge: number - before.within(edge) for edge, number in self.buckets.items()})


async def consents_applied(services: Mapping[str, str]) -> dict[str, Applied]:
    """The measure of every service, by slot."""
    async with httpx.AsyncClient(timeout=30) as http:
        return {slot: _applied((await http.get(f"{url}/metrics")).text) for slot, url in services.items()}


def _applied(text: str) -> Applied:
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return Applied({float(one.labels["le"]): one.value for one in samples if one.name == f"{METRIC}_bucket"})


async def changes_until_refused(
    hospital: Hospital, site: str, pseudonym: str, page: str, changes: int
) -> list[float]:
    """Withdraw and give back a consent; of each withdrawal the seconds from its answer to a refused read.

    Raises:
        TimeoutError: a read was not refused, or not allowed again, for a long time.
    """
    took = []
    for _ in range(changes):
        (await hospital.consent(site, pseudonym, ["research"])).raise_for_status()
        began = time.perf_counter()
        await _until(hospital, page, httpx.codes.FORBIDDEN)
        took.append(time.perf_counter() - began)
        (await hospital.consent(site, pseudonym, ["own-care"])).raise_for_status()
        await _until(hospital, page, httpx.codes.OK)
    return took


async def _until(hospital: Hospital, page: str, status: int) -> None:
    deadline = time.perf_counter() + PATIENCE_SECONDS
    while True:
        answer = await hospital.ask("GET", page)
        if answer.status_code == status:
            return
        if time.perf_counter() > deadline:
            raise TimeoutError(f"{page} answers {answer.status_code}, {status} was expected")
        await asyncio.sleep(LOOK_SECONDS)
