"""What a handler may use: everything that it reads comes through here."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from canheal_schemas import BlobRef, Envelope

if TYPE_CHECKING:
    from canheal_process.document import Document
    from canheal_vault.blobs import NewBlob


class Work(Protocol):
    """One event's workplace."""

    @property
    def envelope(self) -> Envelope:
        """The envelope of the event in hand."""
        ...

    async def blob(self, ref: BlobRef) -> Path:
        """The decrypted blob as a file in this worker's scratch folder, gone after the event.

        Raises:
            BlobDamaged: the bytes are not those that were stored.
        """
        ...

    async def seal(self, name: str, data: bytes) -> "NewBlob":
        """Data for the outcome's `blobs`, and the reference under which it can be published."""
        ...

    async def read[D: Document](self, model: type[D], document_id: UUID) -> D | None:
        """A document of this service; saving it again is refused if another event changed it meanwhile."""
        ...

    async def run[**P, R](self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a pure function in the process pool, where reference data is warm."""
        ...
