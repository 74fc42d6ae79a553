"""What an older release wrote into the database, this one reads: real documents, one of a kind."""

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bson.json_util import JSONOptions, loads
from canheal_chassis.deadletters import DEADLETTERS
from canheal_chassis.ledger import LEDGER, STARTS, Entry
from canheal_chassis.letters import Letter
from canheal_chassis.message import Message
from canheal_chassis.outbox import OUTBOX
from canheal_chassis.outgoing import HEADS
from canheal_process.document import Document
from canheal_schemas import EVENTS, Envelope

DOCUMENTS = Path(__file__).parent / "documents"
RELEASES = sorted(path.name for path in DOCUMENTS.iterdir())
SERVICES = ("canheal_ingest", "canheal_annotate", "canheal_prs", "canheal_report")
FILES = sorted(path.relative_to(DOCUMENTS).as_posix() for path in DOCUMENTS.rglob("*.json"))
AS_STORED = JSONOptions(tz_aware=True)
YOUNGER = {"erasure_requests": "v2", "care_records": "v2"}
"""Collections that came with a release, which no older one could write."""


def models() -> dict[str, type[Document]]:
    """Every document model of every service, by its collection."""
    for service in SERVICES:
        package = importlib.import_module(service)
        for module in pkgutil.iter_modules(package.__path__):
            if module.name != "main":
                importlib.import_module(f"{service}.{module.name}")
    found = [kind for kind in Document.__subclasses__() if kind.__module__.startswith(SERVICES)]
    return {kind.collection: kind for kind in found}


MODELS = models()


def read_message(record: dict[str, Any]) -> None:
    """An event that was stored to be said: what it says is today's contract still."""
    message = Message.from_record(record)
    envelope = Envelope.from_headers(message.headers)
    event = EVENTS[envelope.event_type].model_validate_json(message.value)
    assert event.key == message.key
    assert message.event_id == envelope.event_id


def read_entry(record: dict[str, Any]) -> None:
    entry = Entry.from_record(record)
    assert entry.key == record["_id"]
    for message in record["messages"]:
        read_message(message)
    for document in record["documents"]:
        read_document(document, document["collection"])


def read_document(record: dict[str, Any], collection: str) -> None:
    read = MODELS[collection].model_validate(record)
    assert str(read.id) == record["_id"]
    said = read.model_dump(mode="json")
    lost = {name for name in record if name not in said and not name.endswith("_")} - {"_id", "collection"}
    assert not lost, f"this version drops {lost}"


def read_said(record: dict[str, Any]) -> None:
    read_message(record["message"])


def read_letter(record: dict[str, Any]) -> None:
    read_message(record["message"])
    assert str(Letter.of(record).id) == record["_id"]


def read_start(record: dict[str, Any]) -> None:
    assert int(record["count"]) > 0


def read_file(record: dict[str, Any]) -> None:
    """What a blob is found by, and what an erasure finds it by."""
    assert {"blob_id", "hmac_sha256", "owner", "subject", "root"} <= record["metadata"].keys()


READERS: dict[str, Callable[[dict[str, Any]], None]] = {
    LEDGER: read_entry,
    DEADLETTERS: read_letter,
    HEADS: read_said,
    OUTBOX: read_said,
    STARTS: read_start,
    "blobs.files": read_file,
}


def documents(file: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = loads((DOCUMENTS / file).read_text(), json_options=AS_STORED)
    return found


@pytest.mark.parametrize("file", FILES)
def test_this_version_reads_what_an_older_one_wrote(file: str) -> None:
    collection = Path(file).stem.partition(".")[2]
    kept = documents(file)
    assert kept
    for record in kept:
        if collection in MODELS:
            read_document(record, collection)
        else:
            READERS[collection](record)


@pytest.mark.parametrize("release", RELEASES)
def test_every_collection_of_a_service_has_a_document_of_each_release_that_knew_it(release: str) -> None:
    shown = {path.stem.partition(".")[2] for path in (DOCUMENTS / release).iterdir()}
    nested = {
        document["collection"]
        for file in FILES
        if file.startswith(release) and file.endswith(f".{LEDGER}.json")
        for entry in documents(file)
        for document in entry["documents"]
    }
    known = {name for name in MODELS if YOUNGER.get(name, RELEASES[0]) <= release}
    assert known - shown - nested == set()


def test_a_document_that_lost_a_required_field_is_not_read() -> None:
    record = documents("v1/ingest.subjects.json")[0]
    del record["consent_version"]
    with pytest.raises(ValueError, match="consent_version"):
        read_document(record, "subjects")
