"""The database: documents with revisions, one transaction a unit of work, and the files of the blob store.

The only file that knows motor. What the driver raises comes out as `Unreachable`, `Duplicate` or `Conflict`.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast
from uuid import UUID

from bson import Binary, ObjectId
from canheal_vault.errors import BlobUnreadable
from canheal_vault.keys import Wrapped
from canheal_vault.sealing import CHUNK_BYTES, TAG_BYTES
from gridfs.errors import NoFile
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorClientSession,
    AsyncIOMotorDatabase,
    AsyncIOMotorGridFSBucket,
)
from pydantic import SecretStr
from pymongo import ASCENDING, DESCENDING, ReturnDocument, WriteConcern
from pymongo.errors import (
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
)

from canheal_process.clock import utc_now
from canheal_process.document import Document
from canheal_process.errors import Conflict, Duplicate, EventTooLarge, PlatformError, Unreachable

type Json = dict[str, Any]

TOO_LARGE = {10334, 17420}
"""BSONObjectTooLarge, and the same after an update: 16 MB are a document's limit."""
WRITE_CONFLICTS = {112, 251, 246, 24}
"""WriteConflict, NoSuchTransaction, SnapshotUnavailable, LockTimeout."""
SERVER_GAVE_UP = {1, 14031}
"""InternalError, OutOfDiskSpace: its storage failed, whatever is asked; it may be well again later."""
SAVED_AT = "saved_at_"
"""When a document was last written, in nanoseconds: lists begin with the newest."""
SESSIONS = "sessions"
KEYS = "keys"
STALL_SECONDS = 60.0
"""A blob's writer waits so long for one chunk; whoever waits for the blob does so as well."""
STALL_PAUSE_SECONDS = 0.25
GRIDFS_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES
READ_AHEAD = 4
"""Pieces of a file that one answer of the database holds: as many are in memory at once."""
WATCH_MS = 1000
"""How long the server may hold a question for changes that there are none of."""
DURABLE = WriteConcern(w="majority", j=True)


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Give the driver's errors the platform's meaning."""
    try:
        yield
    except (PyMongoError, DocumentTooLarge) as error:
        meaning = _meaning(error)
        if meaning is None:
            raise
        raise meaning from error


def _meaning(error: Exception) -> PlatformError | None:
    """What an error of the driver means here; None: nobody foresaw it."""
    kind = type(error).__name__
    match error:
        case DuplicateKeyError():
            return Duplicate("the database holds this key already")
        case ConnectionFailure():
            return Unreachable(f"the database does not answer: {kind}")
        case PyMongoError() if error.has_error_label("TransientTransactionError"):
            return Conflict("another transaction changed the same document")
        case DocumentTooLarge():
            return EventTooLarge("the outcome is too large for the database: 16 MB are its limit")
        case OperationFailure():
            return _meaning_of_code(error)
    return None


def _meaning_of_code(error: OperationFailure) -> PlatformError | None:
    if error.timeout:
        return Unreachable(f"the database does not confirm in time: {type(error).__name__}")
    if error.code in SERVER_GAVE_UP:
        return Unreachable(f"the database cannot do its work: its error {error.code}")
    if error.code in TOO_LARGE:
        return EventTooLarge("the outcome is too large for the database: 16 MB are its limit")
    if error.code in WRITE_CONFLICTS:
        return Conflict("another transaction changed the same document")
    return None


def connect(uri: SecretStr) -> AsyncIOMotorClient[Json]:
    """A client; nothing is asked of the server yet."""
    return AsyncIOMotorClient(uri.get_secret_value(), tz_aware=True, uuidRepresentation="standard")


class Unit:
    """What becomes true together, or not at all."""

    def __init__(
        self, database: AsyncIOMotorDatabase[Json], session: AsyncIOMotorClientSession | None
    ) -> None:
        self._database = database
        self._session = session

    async def insert(self, collection: str, record: Json) -> None:
        """Insert a record; its `_id` must be new.

        Raises:
            Duplicate: there is one already.
        """
        async with translated():
            await self._database[collection].insert_one(record, session=self._session)

    async def save(self, document: Document, revision: int) -> None:
        """Write a document that was read at `revision` (0: that did not exist).

        Raises:
            Conflict: it changed meanwhile.
        """
        collection = self._database[document.collection]
        body = document.model_dump(mode="json") | {"revision_": revision + 1, SAVED_AT: time.time_ns()}
        key = str(document.id)
        try:
            async with translated():
                if revision == 0:
                    await collection.insert_one(body | {"_id": key}, session=self._session)
                    return
                found = await collection.replace_one(
                    {"_id": key, "revision_": revision}, body | {"_id": key}, session=self._session
                )
        except Duplicate as error:
            raise Conflict(f"{document.collection} {key} was made by another event meanwhile") from error
        if found.matched_count == 0:
            raise Conflict(f"{document.collection} {key} was changed by another event meanwhile")

    async def put(self, collection: str, record: Json) -> None:
        """Write a record whether or not there is one."""
        async with translated():
            await self._database[collection].replace_one(
                {"_id": record["_id"]}, record, upsert=True, session=self._session
            )


class Store:
    """A service's own database."""

    def __init__(self, client: AsyncIOMotorClient[Json], name: str) -> None:
        self._client = client
        self._database = client.get_database(name, write_concern=DURABLE)
        self._owner: str | None = None
        self._recorded: set[str] = set()

    async def take_over(self, owner: str) -> None:
        """End the transactions that this slot's former process left open when it was killed.

        The server would keep them, and every document that they wrote, locked for a minute. From here on the
        sessions of this process are recorded under `owner`, so that its successor can do the same.
        """
        left = [UUID(record["_id"]) for record in await self.records(SESSIONS, {"owner": owner})]
        if left:
            async with translated():
                await self._client.admin.command(
                    "killSessions", [{"id": Binary.from_uuid(session)} for session in left]
                )
            await self.delete(SESSIONS, map(str, left))
        self._owner = owner

    async def _record(self, session: AsyncIOMotorClientSession) -> None:
        """Once a session: the driver keeps few and uses them again."""
        key = str(cast("Any", session).session_id["id"].as_uuid())  # motor types a property as a method
        if self._owner and key not in self._recorded:
            await self.single.put(SESSIONS, {"_id": key, "owner": self._owner})
            self._recorded.add(key)

    async def ping(self) -> None:
        """Ask the server to read: one whose storage gave up still answers its `ping`."""
        async with translated():
            await self._database[SESSIONS].find_one({}, projection=["_id"])

    async def index(self, collection: str, *fields: str) -> None:
        """Make an index on these fields unless there is one."""
        async with translated():
            await self._database[collection].create_index([(field, ASCENDING) for field in fields])

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Unit]:
        """A unit of several writes: all of them, or none.

        Raises:
            Conflict: another transaction came first; do the unit again from its reads.
        """
        async with translated(), await self._client.start_session() as session:
            await self._record(session)
            async with session.start_transaction(write_concern=DURABLE):
                yield Unit(self._database, session)

    @property
    def single(self) -> Unit:
        """Writes that each stand alone: one is one round trip and needs no transaction."""
        return Unit(self._database, None)

    async def read[D: Document](self, model: type[D], document_id: UUID) -> tuple[D | None, int]:
        """A document and its revision; (None, 0) when there is none."""
        record = await self.record(model.collection, str(document_id))
        return (model.model_validate(record), int(record["revision_"])) if record else (None, 0)

    async def get[D: Document](self, model: type[D], document_id: UUID) -> D | None:
        """A document as it is now."""
        return (await self.read(model, document_id))[0]

    async def find[D: Document](self, model: type[D], *, limit: int = 0, **equals: str | int) -> list[D]:
        """Documents whose fields equal these, the one last written first."""
        async with translated():
            cursor = self._database[model.collection].find(dict(equals)).sort(SAVED_AT, DESCENDING)
            return [model.model_validate(record) for record in await cursor.limit(limit).to_list(None)]

    async def record(self, collection: str, key: str) -> Json | None:
        """A record by its `_id`."""
        async with translated():
            return await self._database[collection].find_one({"_id": key})

    async def records(self, collection: str, equals: Mapping[str, Any], *, limit: int = 0) -> list[Json]:
        """Records whose fields equal these, in no order: one by time would forgo the index."""
        async with translated():
            return await self._database[collection].find(dict(equals)).limit(limit).to_list(None)

    async def change(self, collection: str, key: str, fields: Json, *, only_if: Json | None = None) -> bool:
        """Set fields of one record; whether there was one (that fits `only_if`)."""
        async with translated():
            result = await self._database[collection].update_one(
                {"_id": key} | (only_if or {}), {"$set": fields}
            )
            return result.matched_count == 1

    async def last(self, collection: str) -> Json | None:
        """The record with the highest `_id`."""
        async with translated():
            return await self._database[collection].find_one({}, sort=[("_id", DESCENDING)])

    async def page(self, collection: str, after: int, limit: int) -> list[Json]:
        """Records behind an `_id`, in its order."""
        async with translated():
            cursor = self._database[collection].find({"_id": {"$gt": after}}).sort("_id", ASCENDING)
            return await cursor.limit(limit).to_list(None)

    async def count_up(self, collection: str, key: str) -> int:
        """Add one to a counter and read it."""
        async with translated():
            record = await self._database[collection].find_one_and_update(
                {"_id": key}, {"$inc": {"count": 1}}, upsert=True, return_document=ReturnDocument.AFTER
            )
            return int(record["count"]) if record else 1

    async def collections(self) -> list[str]:
        """The names of all collections there are."""
        async with translated():
            return await self._database.list_collection_names()

    async def count(self, collection: str, where: Json) -> int:
        """How many records a query finds."""
        async with translated():
            return await self._database[collection].count_documents(where)

    async def change_all(self, collection: str, where: Json, fields: Json) -> None:
        """Set fields of every record that a query finds."""
        async with translated():
            await self._database[collection].update_many(where, {"$set": fields})

    async def delete_all(self, collection: str, where: Json) -> None:
        """Remove every record that a query finds."""
        async with translated():
            await self._database[collection].delete_many(where)

    async def additions(self, collection: str) -> AsyncIterator[None]:
        """An item whenever a record was added; ends when the server ends it or does not answer."""
        added = [{"$match": {"operationType": "insert"}}]
        with suppress(PyMongoError):
            async with self._database[collection].watch(added, max_await_time_ms=WATCH_MS) as stream:
                async for _ in stream:
                    yield

    async def delete(self, collection: str, keys: Iterable[str]) -> None:
        """Remove records by `_id`; those that are not there are no error."""
        await self.delete_all(collection, {"_id": {"$in": list(keys)}})


async def evened(pieces: AsyncIterator[bytes], size: int) -> AsyncGenerator[bytes]:
    """The same bytes in pieces of one size; the last may be shorter."""
    buffer = bytearray()
    async for piece in pieces:
        buffer += piece
        while len(buffer) >= size:
            yield bytes(buffer[:size])
            del buffer[:size]
    if buffer:
        yield bytes(buffer)


class BlobFiles:
    """The blob store's files (GridFS) and wrapped keys; one database for all services."""

    def __init__(self, client: AsyncIOMotorClient[Json]) -> None:
        self._database = client.get_database("canheal_blobs", write_concern=DURABLE)
        self._bucket = AsyncIOMotorGridFSBucket(
            self._database, bucket_name="blobs", chunk_size_bytes=GRIDFS_CHUNK_BYTES
        )

    async def find(self, blob_id: UUID, hmac_sha256: str) -> Json | None:
        """A whole file of this blob with this content: a file's record is written after its last byte."""
        async with translated():
            return await self._database["blobs.files"].find_one(
                {"metadata.blob_id": str(blob_id), "metadata.hmac_sha256": hmac_sha256}
            )

    async def write(self, blob_id: UUID, pieces: AsyncIterator[bytes], metadata: Json) -> None:
        """Write a new file of this blob. Two writers of one blob make two whole files, never a mixed one.

        The layout is GridFS's. Its own writer holds 48 MB back before it sends; this one sends each chunk.
        """
        file_id, number, length = ObjectId(), 0, 0
        try:
            async for chunk in evened(pieces, GRIDFS_CHUNK_BYTES):
                await self._write_chunk({"files_id": file_id, "n": number, "data": Binary(chunk)})
                number, length = number + 1, length + len(chunk)
        except BaseException:
            async with translated():
                await self._database["blobs.chunks"].delete_many({"files_id": file_id})
            raise
        async with translated():
            await self._database["blobs.files"].insert_one(
                {
                    "_id": file_id,
                    "filename": str(blob_id),
                    "length": length,
                    "chunkSize": GRIDFS_CHUNK_BYTES,
                    "uploadDate": utc_now(),
                    "metadata": metadata | {"blob_id": str(blob_id)},
                }
            )

    async def _write_chunk(self, chunk: Json) -> None:
        """A stall of the database in the middle of a large blob is waited out: its chunks are numbered."""
        deadline = time.monotonic() + STALL_SECONDS
        while True:
            try:
                async with translated():
                    await self._database["blobs.chunks"].insert_one(chunk)
            except Duplicate:  # the one before was written, only its confirmation was lost
                return
            except Unreachable:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(STALL_PAUSE_SECONDS)
            else:
                return

    async def read(self, file: Mapping[str, Any]) -> AsyncGenerator[bytes]:
        """The bytes of a file, piece by piece.

        Raises:
            BlobUnreadable: pieces of it are missing.
        """
        number = length = 0
        async with translated():
            chunks = self._database["blobs.chunks"].find({"files_id": file["_id"]}, batch_size=READ_AHEAD)
            async for chunk in chunks.sort("n", ASCENDING):
                if chunk["n"] != number:
                    break
                number, length = number + 1, length + len(chunk["data"])
                yield bytes(chunk["data"])
        if length != file["length"]:
            raise BlobUnreadable(f"blob {file['metadata']['blob_id']} has lost pieces in the store")

    async def owned(self, owner: str, subject: str, roots: Sequence[UUID] | None = None) -> list[UUID]:
        """The blobs that an owner keeps of a subject, or only those about some roots."""
        where: Json = {"metadata.subject": subject, "metadata.owner": owner}
        if roots is not None:
            where["metadata.root"] = {"$in": [str(root) for root in roots]}
        async with translated():
            found = await self._database["blobs.files"].distinct("metadata.blob_id", where)
            return [UUID(blob_id) for blob_id in found]

    async def remove(self, blob_id: UUID) -> None:
        """Remove every file of this blob."""
        async with translated():
            async for file in self._database["blobs.files"].find({"metadata.blob_id": str(blob_id)}):
                with suppress(NoFile):  # somebody else removed it meanwhile
                    await self._bucket.delete(file["_id"])

    async def index(self) -> None:
        """Make the index by which blobs are found."""
        async with translated():
            await self._database["blobs.files"].create_index([("metadata.blob_id", ASCENDING)])
            await self._database["blobs.files"].create_index([("metadata.subject", ASCENDING)])
            await self._database["blobs.chunks"].create_index(
                [("files_id", ASCENDING), ("n", ASCENDING)], unique=True
            )

    async def wrapped_key(self, key_id: str) -> Wrapped | None:
        """A wrapped data key."""
        async with translated():
            record = await self._database[KEYS].find_one({"_id": key_id})
            return _wrapped(record) if record else None

    async def add_wrapped_key(self, key: Wrapped) -> Wrapped:
        """Keep a wrapped data key unless there is one; give the one that is kept."""
        try:
            async with translated():
                await self._database[KEYS].insert_one({"_id": key.key_id} | _wrapping(key))
        except Duplicate:
            kept = await self.wrapped_key(key.key_id)
            if kept is None:
                raise
            return kept
        return key

    async def replace_wrapped_key(self, old: Wrapped, new: Wrapped) -> bool:
        """Put a key, wrapped anew, in the place of the same one as it was read."""
        async with translated():
            result = await self._database[KEYS].update_one(
                {"_id": old.key_id, "wrapped": Binary(old.data or b"")}, {"$set": _wrapping(new)}
            )
            return result.matched_count == 1

    async def destroy_wrapped_key(self, key_id: str) -> None:
        """Leave a record that there is no key any more, so that none is made again."""
        async with translated():
            await self._database[KEYS].replace_one({"_id": key_id}, {"destroyed": True}, upsert=True)

    async def wrapped_keys(self, not_by: str | None, limit: int) -> list[Wrapped]:
        """Some keys, not destroyed, that another platform key wrapped."""
        where = {"wrapped": {"$exists": True}, "by": {"$ne": not_by or ""}}
        async with translated():
            return [_wrapped(record) for record in await self._database[KEYS].find(where).to_list(limit)]

    async def count_wrapped_keys(self) -> dict[str, int]:
        """How many keys each platform key wrapped, and how many are destroyed."""
        async with translated():
            kinds = [{"$group": {"_id": {"by": "$by", "gone": "$destroyed"}, "count": {"$sum": 1}}}]
            found = await self._database[KEYS].aggregate(kinds).to_list(None)
        return {
            "destroyed" if kind["_id"].get("gone") else kind["_id"].get("by") or "": kind["count"]
            for kind in found
        }


def _wrapped(record: Json) -> Wrapped:
    data = record.get("wrapped")
    return Wrapped(record["_id"], None if data is None else bytes(data), record.get("by", ""))


def _wrapping(key: Wrapped) -> Json:
    return {"wrapped": Binary(key.data or b""), "by": key.by}
