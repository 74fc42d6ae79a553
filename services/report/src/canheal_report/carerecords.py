"""The care record that a law makes a hospital keep although the person wants everything gone.

It holds the closed report versions, sealed under a key of its own that no other part of the platform uses.
No page, no list and no event speaks of it; one route opens it, by the erasure's id, and each opening stands
in the audit log. After the last day that the law names it goes, and its key with it.
"""

import json
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from canheal_process.store import Store
from canheal_schemas import BlobRef, ErasureRequested, Kept, ReportStatus
from canheal_schemas.identifiers import blob_id
from canheal_vault.blobs import BlobStore
from canheal_vault.keys import KeyRing

from canheal_report.errors import NoCareRecord
from canheal_report.versions import ReportVersion

CARE_RECORDS = "care_records"
CLOSED = frozenset({ReportStatus.FINAL, ReportStatus.AMENDED})


def record_key(erasure: UUID) -> str:
    """The name of a care record's own data key."""
    return f"care-record/{erasure}"


@dataclass(frozen=True, slots=True)
class CareRecords:
    """What the report service keeps of the erased: a `Keeper` of the chassis."""

    store: Store
    blobs: BlobStore
    keys: KeyRing

    async def keep(self, request: ErasureRequested) -> tuple[Kept, ...]:
        """Seal the closed versions under the record's key; nothing where there are none or no law asks."""
        versions = await self._closed(request) if request.duty else []
        if not versions or request.duty is None:
            return ()
        documents = [version.model_dump(mode="json") for version in versions]
        key_id = record_key(request.erasure)
        name = blob_id("report", key_id, request.erasure, "care-record")
        sealed = await self.blobs.seal(name, key_id, json.dumps(documents).encode())
        await self.blobs.put(sealed, request.erasure)
        until = request.duty.until
        record = {
            "_id": str(request.erasure),
            "blob": sealed.ref.model_dump(mode="json"),
            "until": until.isoformat() if until else None,
            "basis": request.duty.basis,
        }
        await self.store.single.put(CARE_RECORDS, record)
        what = f"the care record: {len(versions)} report version{'s' if len(versions) > 1 else ''}"
        return (Kept(what=what, basis=request.duty.basis, until=until),)

    async def let_go(self, today: date) -> None:
        """Destroy the records whose last day is over."""
        for record in await self.store.records(CARE_RECORDS, {"until": {"$lt": today.isoformat()}}):
            ref = BlobRef.model_validate(record["blob"])
            await self.keys.destroy(ref.key_id)
            await self.blobs.remove(ref.blob_id)
            await self.store.delete(CARE_RECORDS, [record["_id"]])

    async def opened(self, erasure: UUID) -> bytes:
        """The kept versions as a JSON list.

        Raises:
            NoCareRecord: nothing is kept of this erasure.
        """
        record = await self.store.record(CARE_RECORDS, str(erasure))
        if record is None:
            raise NoCareRecord(erasure)
        return await self.blobs.get(BlobRef.model_validate(record["blob"]))

    async def _closed(self, request: ErasureRequested) -> list[ReportVersion]:
        versions = await self.store.find(ReportVersion, subject=request.subject)
        about = [version for version in versions if request.sample in {None, version.sample}]
        return [version for version in about if version.status in CLOSED]
