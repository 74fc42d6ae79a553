"""A hospital's own system, as the platform meets it: sends samples, asks for reports, tries again.

A POST is idempotent by label and content, so whatever did not answer is simply sent once more.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Final, Self
from uuid import UUID

import httpx
from canheal_schemas import ReportStatus

RETRIED: Final = frozenset({502, 503, 504})
PAUSE_SECONDS: Final = 0.25
ASK_SECONDS: Final = 0.05
CLOSED: Final = frozenset({ReportStatus.FINAL, ReportStatus.AMENDED, ReportStatus.WITHHELD})
"""No further part is awaited."""

type Submission = tuple[Mapping[str, Any], bytes]
"""Metadata and VCF."""
type Versions = list[dict[str, Any]]


class NoReport(TimeoutError):
    """The platform did not do in time what was waited for."""


class Hospital:
    """Speaks with the door and the report service of a running platform."""

    def __init__(
        self, services: Mapping[str, str], patience_seconds: float = 60.0, answer_seconds: float = 30.0
    ) -> None:
        """`services` are base URLs by slot, as `Stack.addresses.services` has them."""
        self.ingest, self.report = services["ingest-0"], services["report-0"]
        self.retries = 0
        self._patience = patience_seconds
        self._http = httpx.AsyncClient(timeout=answer_seconds)

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def send(self, metadata: Mapping[str, Any], vcf: bytes) -> httpx.Response:
        """Submit a sample until the door answers; whatever it answers."""
        parts = {
            "metadata": (None, json.dumps(metadata).encode(), "application/json"),
            "vcf": ("sample.vcf.gz", vcf, "application/octet-stream"),
        }
        return await self.ask("POST", f"{self.ingest}/v1/samples", files=parts)

    async def send_all(
        self, submissions: Iterable[Submission], at_once: int, each: Callable[[int], None] = lambda _: None
    ) -> list[UUID]:
        """Submit samples, so many in flight; `each` hears how many were taken. Returns the samples' ids.

        Raises:
            httpx.HTTPStatusError: the door refused one.
        """
        room = asyncio.Semaphore(at_once)
        taken: list[UUID] = []

        async def submit(metadata: Mapping[str, Any], vcf: bytes) -> None:
            async with room:
                answer = await self.send(metadata, vcf)
            taken.append(UUID(answer.raise_for_status().json()["sample"]))
            each(len(taken))

        async with asyncio.TaskGroup() as group:
            for metadata, vcf in submissions:
                group.create_task(submit(metadata, vcf))
        return taken

    async def consent(self, site: str, pseudonym: str, permitted: list[str]) -> httpx.Response:
        """State what a person allows from now on."""
        url = f"{self.ingest}/v1/subjects/{pseudonym}/consent"
        return await self.ask("PUT", url, params={"site": site}, json={"permitted": permitted})

    async def versions(self, sample: UUID) -> Versions:
        """Every report version of a sample, the newest last; none yet: empty."""
        answer = await self.ask("GET", f"{self.report}/v1/samples/{sample}/reports")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return []
        listed: Versions = answer.raise_for_status().json()["versions"]
        return listed

    async def document(self, version: Mapping[str, Any]) -> dict[str, Any]:
        """A report version as JSON."""
        answer = await self.ask("GET", f"{self.report}{version['json']}")
        document: dict[str, Any] = answer.raise_for_status().json()
        return document

    async def closed(self, samples: Iterable[UUID], within_seconds: float) -> dict[UUID, Versions]:
        """Each sample's versions, once no further part of any is awaited.

        Raises:
            NoReport: one has none in time; with what it has.
        """
        deadline = asyncio.get_running_loop().time() + within_seconds
        return {sample: await self._closed(sample, deadline) for sample in samples}

    async def _closed(self, sample: UUID, deadline: float) -> Versions:
        while True:
            versions = await self.versions(sample)
            if versions and versions[-1]["status"] in CLOSED:
                return versions
            if asyncio.get_running_loop().time() > deadline:
                having = [version["status"] for version in versions]
                raise NoReport(f"sample {sample} has no closed report in time, but {having or 'none at all'}")
            await asyncio.sleep(ASK_SECONDS)

    async def ask(self, method: str, url: str, **arguments: Any) -> httpx.Response:
        """One request, again while nothing answers or a service is not ready."""
        deadline = asyncio.get_running_loop().time() + self._patience
        while True:
            try:
                answer = await self._http.request(method, url, **arguments)
                if answer.status_code not in RETRIED:
                    return answer
                problem = f"{answer.status_code} {answer.text}"
            except httpx.TransportError as error:
                problem = f"{type(error).__name__}: {error}"
            if asyncio.get_running_loop().time() > deadline:
                raise NoReport(f"{method} {url} for {self._patience:.0f} s: {problem}")
            self.retries += 1
            await asyncio.sleep(PAUSE_SECONDS)
