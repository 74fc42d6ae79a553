"""A running ingest, and hands to send and look with."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from canheal_chassis.lookup import Lookup
from canheal_chassis.resources import running
from canheal_ingest.main import opened
from canheal_ingest.settings import Settings
from canheal_process.store import connect
from canheal_schemas import ConsentChanged, Envelope, Event, SampleReceived

PATIENCE_SECONDS = 10.0
VCF = (
    "##fileformat=VCFv4.2\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOUR\n"
    "7\t140753336\t.\tA\tT\t.\tPASS\t.\tGT\t0/1\n"
)


def metadata(**more: Any) -> dict[str, Any]:
    """What a hospital says of `VCF`, of a person and sample that no other test knows."""
    unique = uuid4().hex[:12]
    return {
        "site": "BE-TEST",
        "country": "BE",
        "pseudonym": f"person-{unique}",
        "label": f"sample-{unique}",
        "kind": "tumour",
        "assay": {"type": "panel", "size_mb": 1.2},
        "build": "GRCh38",
        "oncotree_code": "COAD",
        "consent": {"permitted": ["own-care"]},
    } | more


@dataclass
class Door:
    """A running ingest and what it leaves behind."""

    client: httpx.AsyncClient
    settings: Settings
    said: list[tuple[Event, Envelope]] = field(default_factory=list)

    async def ready(self) -> None:
        """Return once it says so itself."""
        for _ in range(int(PATIENCE_SECONDS / 0.05)):
            if (answer := await self.client.get("/readyz")).is_success:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(answer.text)

    async def send(self, said: dict[str, Any], vcf: bytes | str = VCF) -> httpx.Response:
        parts = {
            "metadata": (None, json.dumps(said), "application/json"),
            "vcf": ("sample.vcf", vcf.encode() if isinstance(vcf, str) else vcf),
        }
        return await self.client.post("/v1/samples", files=parts)

    async def announced(self, kind: type[Event], count: int, **equals: Any) -> list[tuple[Event, Envelope]]:
        """The events of a kind on the topics, once there are as many."""
        for _ in range(int(PATIENCE_SECONDS / 0.05)):
            found = [
                (event, envelope)
                for event, envelope in self.said
                if isinstance(event, kind) and all(getattr(event, n) == v for n, v in equals.items())
            ]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.05)
        raise AssertionError(f"{count} {kind.__name__} expected, {len(found)} came: {found}")

    async def kept(self) -> dict[str, int]:
        """How many records each collection holds."""
        client = connect(self.settings.mongodb_uri)
        try:
            names = [("canheal_ingest", name) for name in ("samples", "subjects", "outbox", "newest_said")]
            names += [("canheal_blobs", name) for name in ("blobs.files", "blobs.chunks", "keys")]
            return {f"{base}.{name}": await client[base][name].count_documents({}) for base, name in names}
        finally:
            client.close()

    @property
    def scratch(self) -> list[Path]:
        """What lies in the clear."""
        return [path for path in self.settings.scratch.rglob("*") if path.is_file()]


@asynccontextmanager
async def running_door(settings: Settings) -> AsyncIterator[Door]:
    """Ingest, ready."""
    async with opened(settings) as (app, _):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ingest", timeout=60) as client:
            door = Door(client, settings)
            topics = [ConsentChanged.topic.name, SampleReceived.topic.name]
            listening = Lookup(
                settings.kafka_bootstrap_servers,
                topics,
                lambda event, envelope: door.said.append((event, envelope)),
            )
            async with running(listening.run()):
                await door.ready()
                yield door
