"""The ledger: one entry an input, which holds its outcome. Present: done; absent: not done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from canheal_process.document import Document
from canheal_process.store import Store
from canheal_schemas import Provenance

from canheal_chassis.message import Message
from canheal_chassis.outgoing import set_head

LEDGER = "ledger"
STARTS = "starts"


@dataclass(frozen=True, slots=True)
class Entry:
    """The outcome of one input of one service."""

    input_type: str
    root_id: UUID
    subject: str | None
    sample: str | None
    consent_version: int | None
    messages: tuple[Message, ...]
    documents: tuple[Document, ...] = ()
    blobs: tuple[UUID, ...] = ()
    provenance: Provenance | None = None
    state: str = "done"

    @property
    def key(self) -> str:
        return entry_key(self.input_type, self.root_id)

    def to_record(self, stored_at: datetime) -> dict[str, Any]:
        """As the database keeps it: documents that nobody else changes live inside their entry."""
        return {
            "_id": self.key,
            "input_type": self.input_type,
            "root_id": str(self.root_id),
            "subject": self.subject,
            "sample": self.sample,
            "consent_version": self.consent_version,
            "messages": [message.to_record() for message in self.messages],
            "documents": [
                document.model_dump(mode="json")
                | {"_id": str(document.id), "collection": document.collection}
                for document in self.documents
                if not document.shared
            ],
            "blobs": [str(blob) for blob in self.blobs],
            "provenance": self.provenance.model_dump() if self.provenance else None,
            "state": self.state,
            "stored_at": stored_at,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Self:
        return cls(
            input_type=record["input_type"],
            root_id=UUID(record["root_id"]),
            subject=record["subject"],
            sample=record.get("sample"),
            consent_version=record["consent_version"],
            messages=tuple(Message.from_record(message) for message in record["messages"]),
            blobs=tuple(UUID(blob) for blob in record["blobs"]),
            state=record["state"],
        )


def blank() -> dict[str, Any]:
    """The fields of an entry whose content an erasure took: that there was one stays."""
    return {"state": "erased", "sample": None, "messages": [], "documents": [], "blobs": []}


def entry_key(input_type: str, root_id: UUID) -> str:
    """One input of one service: its type and what it is about."""
    return f"{input_type}/{root_id}"


class Ledger:
    """A service's ledger."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, key: str) -> Entry | None:
        """The stored outcome of an input."""
        record = await self._store.record(LEDGER, key)
        return Entry.from_record(record) if record else None

    async def starts(self, key: str) -> int:
        """Count one more start of an input that had no outcome when its partition was assigned."""
        return await self._store.count_up(STARTS, key)

    async def was_started(self, key: str) -> bool:
        """Whether a worker ended with this input in hand."""
        return await self._store.record(STARTS, key) is not None

    async def forget_starts(self, key: str) -> None:
        """The count begins afresh: the input has an outcome, or a person looks at it."""
        await self._store.delete(STARTS, [key])

    async def insert(self, entry: Entry, revisions: Sequence[int], stored_at: datetime) -> None:
        """Store an outcome: one write, or one transaction where a shared document or a head changes too.

        `revisions` are those at which the entry's shared documents were read, in their order.

        Raises:
            Duplicate: the input has an outcome already.
            Conflict: a shared document changed meanwhile.
        """
        shared = [document for document in entry.documents if document.shared]
        heads = [message for message in entry.messages if message.compacted]
        record = entry.to_record(stored_at)
        if not shared and not heads:
            await self._store.single.insert(LEDGER, record)
            return
        async with self._store.transaction() as unit:
            await unit.insert(LEDGER, record)
            for document, revision in zip(shared, revisions, strict=True):
                await unit.save(document, revision)
            for message in heads:
                await set_head(unit, message)
