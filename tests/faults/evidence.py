"""What is left after a storm, read where others would read it: topics, HTTP, databases."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from canheal_chassis.deadletters import DEADLETTERS
from canheal_chassis.ledger import LEDGER
from canheal_chassis.outbox import OUTBOX
from canheal_process.store import Store, connect
from canheal_report.heads import Head
from canheal_schemas import STREAM_SERVICES
from poison import Expected
from pydantic import SecretStr

from hospital import Hospital, Versions
from wire import Record, records

type Documents = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A sample that the door took: when (seconds since the epoch), and what it is a copy of."""

    sample: UUID
    at: float
    content: str
    """Samples of one content must get one answer."""
    held: frozenset[str] = frozenset()
    """Services that cannot make their part of it, as the storm wants it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the judgement looks at."""

    accepted: Sequence[Accepted]
    wire: Sequence[Record]
    versions: Mapping[UUID, Versions]
    """What the report service answers."""
    heads: Mapping[UUID, Mapping[str, Any]]
    """What it keeps, by sample."""
    ledgers: Mapping[str, Documents]
    """Entries by service."""
    letters: Documents
    """Dead letters as the services keep them."""
    unsaid: Documents
    """Events that ingest's relay has not said."""
    expected: Sequence[Expected] = ()
    """Records that nobody can handle, which the storm put there."""

    def entries(self) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
        """Of each service and input (type and root) its outcomes."""
        found: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
        for service, entries in self.ledgers.items():
            for entry in entries:
                found[service, f"{entry['input_type']}/{entry['root_id']}"].append(entry)
        return dict(found)


async def gather(
    bootstrap: str, uri: str, hospital: Hospital, accepted: Sequence[Accepted], expected: Sequence[Expected]
) -> Evidence:
    """Read everything; nothing is going on any more."""
    async with _databases(uri, ("ingest", *STREAM_SERVICES)) as stores:
        return Evidence(
            accepted=accepted,
            wire=records(bootstrap),
            versions={one.sample: await hospital.versions(one.sample) for one in accepted},
            heads=_by_id(await stores["report"].records(Head.collection, {})),
            ledgers={service: await stores[service].records(LEDGER, {}) for service in STREAM_SERVICES},
            letters=[
                letter
                for service in STREAM_SERVICES
                for letter in await stores[service].records(DEADLETTERS, {})
            ],
            unsaid=await stores["ingest"].records(OUTBOX, {}),
            expected=expected,
        )


def _by_id(documents: Documents) -> dict[UUID, Mapping[str, Any]]:
    return {UUID(document["_id"]): document for document in documents}


@asynccontextmanager
async def _databases(uri: str, services: Iterable[str]) -> AsyncIterator[dict[str, Store]]:
    client = connect(SecretStr(uri))
    try:
        yield {service: Store(client, f"canheal_{service}") for service in services}
    finally:
        client.close()
