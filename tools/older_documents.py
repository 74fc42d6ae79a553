"""Write down what a release keeps: real documents for tests/contract/test_older_documents.py.

Run it beside a platform of that release that has taken the demo samples, before the next release changes a
model: `.venv/bin/python tools/older_documents.py v2 --data .canheal`. Of each collection, and in it of each
kind of event, the shortest and the longest document are taken.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bson.json_util import CANONICAL_JSON_OPTIONS, dumps
from canheal_chassis.audit import AUDIT
from canheal_chassis.lease import LEASES
from canheal_cli.backup.place import to_read
from canheal_process.store import KEYS, SESSIONS
from pymongo import MongoClient

FOLDER: Final = Path(__file__).parents[1] / "tests/contract/documents"
LEFT_OUT: Final = frozenset({SESSIONS, LEASES, KEYS, "blobs.chunks", AUDIT})
"""Passing, secret, or proven elsewhere."""
ANSWER_MS: Final = 60_000
LONGEST: Final = 60_000
"""Characters of one document."""


def main() -> None:
    """Write the documents of one release."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("release", help="e.g. v1")
    parser.add_argument("--data", type=Path, default=Path(".canheal"), help="folder of the platform")
    asked = parser.parse_args()
    with to_read(asked.data) as places:
        uri = places.database.get_secret_value()
        with MongoClient[dict[str, Any]](uri, socketTimeoutMS=ANSWER_MS) as client:
            for name, documents in collections(client):
                write(FOLDER / asked.release / f"{name}.json", documents)


def collections(client: MongoClient[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each collection by `service.collection`, with two documents of each kind in it."""
    for database in client.list_database_names():
        if not database.startswith("canheal_"):
            continue
        for collection in sorted(set(client[database].list_collection_names()) - LEFT_OUT):
            chosen = examples(list(client[database][collection].find()))
            if chosen:
                yield f"{database.removeprefix('canheal_')}.{collection}", chosen


def examples(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each kind the shortest, and the longest that a person can still read."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for document in sorted(documents, key=_length):
        if _length(document) <= LONGEST:
            kinds.setdefault(kind_of(document), []).append(document)
    return [one for of_kind in kinds.values() for one in (*of_kind[:1], *of_kind[1:][-1:])]


def kind_of(document: dict[str, Any]) -> str:
    """What a document is about: the type of the event that it holds, if it holds one."""
    message = document.get("message") or {}
    return str(document.get("input_type") or message.get("topic"))


def _length(document: dict[str, Any]) -> int:
    return len(dumps(document))


def write(path: Path, documents: list[dict[str, Any]]) -> None:
    """One file a collection."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = json.loads(dumps(documents, json_options=CANONICAL_JSON_OPTIONS))
    path.write_text(json.dumps(written, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
