"""Every database of the platform, read out and put back, as BSON documents.

The order in which collections are read lets what is restored heal by itself (docs/operations.md, Backup): who
comes later in the stream is read before whom it builds on, and what is named after what names it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from canheal_chassis.audit import AUDIT
from canheal_chassis.lease import LEASES
from canheal_process.errors import Unreachable
from canheal_process.store import KEYS, SESSIONS
from canheal_schemas import STREAM_SERVICES
from pydantic import SecretStr
from pymongo import MongoClient, WriteConcern
from pymongo.errors import ConnectionFailure, PyMongoError

from canheal_cli.errors import DatabaseNotEmptyError

PREFIX: Final = "canheal_"
INGEST: Final = "canheal_ingest"
BLOBS: Final = "canheal_blobs"
ORDER: Final = (*(f"{PREFIX}{service}" for service in reversed(STREAM_SERVICES)), INGEST, BLOBS)
"""Whatever a service knows builds on what those before it in the stream said, and names blobs."""
IN_BLOBS: Final = ("blobs.files", "blobs.chunks", KEYS)
"""A file is named by documents, its chunks by the file, the key by all: each is read after what names it."""
PASSING: Final = frozenset({SESSIONS, LEASES})
"""What belongs to living processes only."""
ANSWER_MS: Final = 120_000
"""Nobody waits for an answer here: a large batch on a busy disk may take its time."""
BATCH_DOCUMENTS: Final = 500
BATCH_BYTES: Final = 8 << 20

type Raw = RawBSONDocument
type Place = tuple[str, str]
"""Database and collection."""


class Databases:
    """The platform's databases."""

    def __init__(self, client: MongoClient[dict[str, Any]]) -> None:
        self._client = client
        self._raw: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)

    def places(self) -> list[Place]:
        """Every collection, in the order in which it is read."""
        names = [name for name in self._client.list_database_names() if name.startswith(PREFIX)]
        ordered = sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else -1, name))
        return [(name, collection) for name in ordered for collection in self._collections(name)]

    def _collections(self, database: str) -> list[str]:
        names = self._client[database].list_collection_names()
        kept = sorted(name for name in names if name not in PASSING and not name.startswith("system."))
        if database != BLOBS:
            return kept
        return [name for name in kept if name not in IN_BLOBS] + [name for name in IN_BLOBS if name in kept]

    def read(self, place: Place, where: Mapping[str, Any] | None = None) -> Iterator[Raw]:
        """The documents of a collection."""
        database, collection = place
        yield from self._client[database].get_collection(collection, self._raw).find(dict(where or {}))

    def count(self, place: Place) -> int:
        """How many documents a collection holds."""
        return self._client[place[0]][place[1]].count_documents({})

    def demand_empty(self) -> None:
        """Raises DatabaseNotEmptyError: something is there."""
        full = [".".join(place) for place in self.places() if self.count(place)]
        if full:
            raise DatabaseNotEmptyError(
                f"The database holds a platform already ({len(full)} collections, e.g. {full[0]}). Restore "
                "into an empty one, or say --force: then what it holds is removed first."
            )

    def empty(self, spared: Iterable[Place]) -> None:
        """Remove everything but these."""
        kept = set(spared)
        for place in self.places():
            if place not in kept:
                self._client[place[0]].drop_collection(place[1])

    def longer_audits(self, counts: Mapping[Place, int]) -> list[Place]:
        """The audit logs that hold no less than a backup's: a restore never shortens one."""
        audits = [place for place in self.places() if place[1] == AUDIT]
        return [place for place in audits if self.count(place) >= counts.get(place, 0)]

    def write(self, place: Place, documents: Iterable[Raw]) -> int:
        """Put documents into a collection; how many."""
        target = self._client[place[0]].get_collection(
            place[1], self._raw, write_concern=WriteConcern(w="majority", j=True)
        )
        count = 0
        for batch in _batches(documents):
            target.insert_many(batch, ordered=True)
            count += len(batch)
        return count

    def find(self, place: Place, key: Any) -> dict[str, Any] | None:
        """A document by its `_id`."""
        return self._client[place[0]][place[1]].find_one({"_id": key})

    def put(self, place: Place, document: Raw) -> None:
        """Write a document whether or not there is one."""
        target = self._client[place[0]].get_collection(
            place[1], self._raw, write_concern=WriteConcern(w="majority", j=True)
        )
        target.replace_one({"_id": document["_id"]}, document, upsert=True)


@contextmanager
def databases(uri: SecretStr) -> Iterator[Databases]:
    """The databases at an address.

    Raises:
        Unreachable: nothing answers there.
    """
    client: MongoClient[dict[str, Any]] = MongoClient(
        uri.get_secret_value(), tz_aware=True, uuidRepresentation="standard", socketTimeoutMS=ANSWER_MS
    )
    try:
        yield Databases(client)
    except ConnectionFailure as error:
        raise Unreachable(f"the database does not answer: {type(error).__name__}") from error
    except PyMongoError as error:
        code = getattr(error, "code", None)
        raise Unreachable(f"the database refused: {type(error).__name__} {code or ''}") from error
    finally:
        client.close()


def _batches(documents: Iterable[Raw]) -> Iterator[list[Raw]]:
    batch: list[Raw] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(document.raw)
        if len(batch) >= BATCH_DOCUMENTS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
