"""A service's parts in memory, for thousands of events; each person allows own care."""

from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from canheal_chassis.consent import ConsentProjection
from canheal_process.errors import Duplicate
from canheal_schemas import Consent, Purpose
from canheal_vault.blobs import BlobStore
from canheal_vault.keys import KeyRing
from chassis_parts import Parts
from vault_parts import PLATFORM_KEY, MemoryKeys


class MemoryStore:
    """What the chassis asks of `Store`, in dictionaries."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)

    @property
    def single(self) -> "MemoryStore":
        return self

    async def insert(self, collection: str, record: dict[str, Any]) -> None:
        if record["_id"] in self.kept[collection]:
            raise Duplicate("there is one")
        await self.put(collection, record)

    async def put(self, collection: str, record: dict[str, Any]) -> None:
        self.kept[collection][record["_id"]] = record

    async def record(self, collection: str, key: str) -> dict[str, Any] | None:
        return self.kept[collection].get(key)

    async def records(self, collection: str, equals: Mapping[str, Any], *, limit: int = 0) -> list[Any]:
        return [record for record in self.kept[collection].values() if equals.items() <= record.items()]

    async def count_up(self, collection: str, key: str) -> int:
        record = self.kept[collection].setdefault(key, {"_id": key, "count": 0})
        record["count"] += 1
        return int(record["count"])

    async def delete(self, collection: str, keys: Iterable[str]) -> None:
        for key in keys:
            self.kept[collection].pop(key, None)


class MemoryFiles:
    """Sealed blobs in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[UUID, bytes] = {}

    async def find(self, blob_id: UUID, hmac_sha256: str) -> Mapping[str, Any] | None:
        return {"blob_id": blob_id} if blob_id in self.kept else None

    async def write(self, blob_id: UUID, pieces: AsyncIterator[bytes], metadata: dict[str, Any]) -> None:
        self.kept[blob_id] = b"".join([piece async for piece in pieces])

    async def read(self, file: Mapping[str, Any]) -> AsyncGenerator[bytes]:
        yield self.kept[file["blob_id"]]

    async def remove(self, blob_id: UUID) -> None:
        self.kept.pop(blob_id, None)


class Willing(ConsentProjection):
    """Everybody's consent is known, at whatever version an event names."""

    async def at_least(self, subject: str, version: int) -> tuple[Consent, int]:
        return Consent(permitted=(Purpose.OWN_CARE,)), version


def memory_parts() -> Parts:
    """A service that keeps everything in memory."""
    store: Any = MemoryStore()
    files: Any = MemoryFiles()
    keys = KeyRing(PLATFORM_KEY, MemoryKeys())
    blobs = BlobStore(files, keys, "memory")
    return Parts("memory", store, files, keys, blobs, Path("/nonexistent"), None, projection=Willing())
