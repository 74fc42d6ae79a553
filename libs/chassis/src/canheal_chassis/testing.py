"""An in-memory `Work`, so that a handler's test needs no broker and no database."""

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from uuid import UUID, uuid5

from canheal_process.document import Document
from canheal_schemas import BlobRef, Envelope, Event, SampleEvent
from canheal_schemas.identifiers import NAMESPACE, event_id, sample_root
from canheal_vault.blobs import NewBlob

from canheal_chassis.outcome import Outcome


class _Scratch:
    """A folder that goes with its owner, without a warning when nobody closed it."""

    def __init__(self) -> None:
        self.name = tempfile.mkdtemp(prefix="canheal-work-")
        self._remove = weakref.finalize(self, shutil.rmtree, self.name, ignore_errors=True)

    def cleanup(self) -> None:
        self._remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cleanup()


class MemoryWork:
    """Holds blobs and documents in dictionaries; `apply` makes an outcome true."""

    def __init__(self, envelope: Envelope) -> None:
        self.envelope = envelope
        self.blobs: dict[UUID, bytes] = {}
        self.documents: dict[tuple[type[Document], UUID], Document] = {}
        self._scratch = _Scratch()

    async def blob(self, ref: BlobRef) -> Path:
        path = Path(self._scratch.name) / str(ref.blob_id)
        path.write_bytes(self.blobs[ref.blob_id])
        return path

    async def seal(self, name: str, data: bytes) -> NewBlob:
        digest = hashlib.sha256(data).hexdigest()
        ref = BlobRef(
            blob_id=uuid5(NAMESPACE, f"{self.envelope.root_id}/{name}"),
            size=len(data),
            key_id="memory",
            hmac_sha256=digest,
        )
        return NewBlob(ref, data)

    async def read[D: Document](self, model: type[D], document_id: UUID) -> D | None:
        found = self.documents.get((model, document_id))
        return found if isinstance(found, model) else None

    async def run[**P, R](self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    def put(self, data: bytes, name: str = "vcf") -> BlobRef:
        """Store bytes as an earlier service would have, and give their reference."""
        ref = BlobRef(
            blob_id=uuid5(NAMESPACE, f"put/{name}"),
            size=len(data),
            key_id="memory",
            hmac_sha256=hashlib.sha256(data).hexdigest(),
        )
        self.blobs[ref.blob_id] = data
        return ref

    def apply(self, outcome: Outcome) -> None:
        """Make an outcome true, as the chassis would."""
        self.blobs |= {blob.ref.blob_id: blob.data for blob in outcome.blobs}
        self.documents |= {(type(document), document.id): document for document in outcome.save}


def envelope_of(event: Event, service: str = "test") -> Envelope:
    """An envelope as the chassis would write it for an event about a sample."""
    if not isinstance(event, SampleEvent):
        msg = f"{type(event).__name__} is not about a sample; write its envelope in the test"
        raise TypeError(msg)
    root = sample_root(event.sample, event.revision)
    return Envelope(
        event_id=event_id(root, service, "", event.event_type),
        root_id=root,
        event_type=event.event_type,
        correlation_id=root,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        site=event.site,
    )
