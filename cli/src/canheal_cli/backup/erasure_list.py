"""The erasure list: who was erased, as a part of a backup or alone, to be applied to an older backup.

It is what ingest keeps of the erased: the record of a subject whose consent says `erased`, and the newest
event of each on the look-up topics. Put into a restored database, ingest says these events again when it
starts, and every service carries the erasures out before it serves anything of theirs.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from bson import encode
from bson.raw_bson import RawBSONDocument
from canheal_chassis.outgoing import HEADS
from canheal_schemas import ConsentChanged, ConsentState, ErasureRequested

from canheal_cli.backup.databases import INGEST, Databases, Place

SUBJECTS: Final[Place] = (INGEST, "subjects")
NEWEST: Final[Place] = (INGEST, HEADS)
LIST: Final[Place] = ("", "erasure-list")
"""How a manifest names the part."""
ERASED: Final = {"consent.state": ConsentState.ERASED.value}


def listed(databases: Databases) -> Iterator[bytes]:
    """The list: documents of ingest's, each with its collection."""
    subjects = list(databases.read(SUBJECTS, ERASED))
    gone = {str(subject["subject"]) for subject in subjects}
    yield from (_item(SUBJECTS, subject) for subject in subjects)
    for head in databases.read(NEWEST):
        topic = str(head["message"]["topic"])
        of_erased = topic == ConsentChanged.topic.name and head["subject"] in gone
        if of_erased or topic == ErasureRequested.topic.name:
            yield _item(NEWEST, head)


def _item(place: Place, document: RawBSONDocument) -> bytes:
    return encode({"collection": place[1], "document": document})


def applied(databases: Databases, items: Iterable[RawBSONDocument]) -> int:
    """Put a list into restored databases; how many erased persons it names.

    An erasure is final: its record replaces whatever the backup knew.
    """
    persons = 0
    for item in items:
        collection = str(item["collection"])
        databases.put((INGEST, collection), item["document"])
        persons += collection == SUBJECTS[1]
    return persons
