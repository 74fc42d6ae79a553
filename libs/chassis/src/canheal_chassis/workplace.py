"""One event's workplace: the `Work` that a handler sees, over the real stores."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from canheal_process.document import Document
from canheal_process.errors import BlobDamaged, Erased
from canheal_process.pool import Pool
from canheal_process.store import Store
from canheal_schemas import BlobRef, Envelope
from canheal_schemas.identifiers import blob_id
from canheal_vault.blobs import BlobStore, NewBlob
from canheal_vault.errors import BlobUnreadable, KeyDestroyed

from canheal_chassis.ledger import LEDGER


@contextmanager
def unsealing() -> Iterator[None]:
    """Give what the vault raises the meaning that it has for an event.

    Raises:
        BlobDamaged: a blob is absent or not what was stored: the event is a dead letter.
        Erased: the key is destroyed.
    """
    try:
        yield
    except BlobUnreadable as error:
        raise BlobDamaged(str(error)) from error
    except KeyDestroyed as error:
        raise Erased(str(error)) from error


def private_folder(scratch: Path, instance: str) -> Path:
    """A folder of this process alone for decrypted files; what ended processes of its slot left is removed.

    A process holds its folder while it lives: another one that was started with the same id by mistake must
    not take away the files of an event in hand.
    """
    slot = scratch / instance
    slot.mkdir(mode=0o700, parents=True, exist_ok=True)
    turn = os.open(slot, os.O_RDONLY)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for left in slot.iterdir():
            _remove_unless_held(left)
        folder = Path(tempfile.mkdtemp(dir=slot))
        fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)  # until the process ends
    finally:
        os.close(turn)
    return folder


def _remove_unless_held(left: Path) -> None:
    held = os.open(left, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    finally:
        os.close(held)
    if left.is_dir():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink()


class Workplace:
    """What every event of a worker works with."""

    def __init__(self, service: str, store: Store, blobs: BlobStore, pool: Pool, scratch: Path) -> None:
        self.service = service
        self.store = store
        self.blobs = blobs
        self.pool = pool
        self.scratch = scratch

    def bench(self, envelope: Envelope, subject: str) -> "Bench":
        """A place for one event."""
        return Bench(self, envelope, subject)


class Bench:
    """`Work` for the event in hand; a context manager that leaves nothing in the scratch folder."""

    def __init__(self, place: Workplace, envelope: Envelope, subject: str) -> None:
        self.envelope = envelope
        self._place = place
        self._subject = subject
        self._folder: Path | None = None
        self._revisions: dict[tuple[str, UUID], int] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def blob(self, ref: BlobRef) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(dir=self._place.scratch))
        with unsealing():
            return await self._place.blobs.get_file(ref, self._folder / str(ref.blob_id))

    async def seal(self, name: str, data: bytes) -> NewBlob:
        blob = blob_id(self._place.service, self._subject, self.envelope.root_id, name)
        with unsealing():
            return await self._place.blobs.seal(blob, self._subject, data)

    async def read[D: Document](self, model: type[D], document_id: UUID) -> D | None:
        if not model.shared:
            name = {"_id": str(document_id), "collection": model.collection}
            entries = await self._place.store.records(LEDGER, {"documents._id": name["_id"]})
            documents = (document for entry in entries for document in entry["documents"])
            found = next((document for document in documents if name.items() <= document.items()), None)
            return model.model_validate(found) if found else None
        document, revision = await self._place.store.read(model, document_id)
        self._revisions[model.collection, document_id] = revision
        return document

    async def run[**P, R](self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await self._place.pool.run(function, *args, **kwargs)

    def revision(self, document: Document) -> int:
        """The revision at which the handler read this document; 0 where it did not."""
        return self._revisions.get((document.collection, document.id), 0)
