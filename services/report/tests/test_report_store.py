"""The report's documents in the real database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from canheal_process.document import Document
from canheal_process.errors import Conflict
from canheal_process.store import Store, connect
from canheal_report.dossier import Dossier, join
from canheal_report.heads import Head, moved
from canheal_report.versions import ReportVersion, reports_due
from canheal_schemas import VariantCounts
from pydantic import SecretStr

pytestmark = pytest.mark.stack


@asynccontextmanager
async def opened(uri: str) -> AsyncIterator[Store]:
    client = connect(SecretStr(uri))
    yield Store(client, f"report_test_{uuid4().hex[:8]}")
    client.close()


async def save(store: Store, *documents: tuple[Document, int]) -> None:
    async with store.transaction() as unit:
        for document, revision in documents:
            await unit.save(document, revision)


def made(stream: Any, **kwargs: Any) -> tuple[Dossier, ReportVersion, Head]:
    event = stream.annotated(**kwargs)
    dossier = join(None, event, stream.envelope(event))
    assert dossier is not None
    version = reports_due(None, dossier)
    assert version is not None
    return dossier, version, moved(None, dossier, version)


async def test_what_is_read_back_is_what_was_saved_whatever_a_filter_is_called(
    stream: Any, database: Any
) -> None:
    odd = {"q.10": 1, "$low": 2, ".": 3, "a;b c": 4}
    counts = VariantCounts(records=10, alleles=10, filtered=odd)
    dossier, version, head = made(stream, counts=counts)
    async with opened(database.uri) as store:
        await save(store, (dossier, 0), (version, 0), (head, 0))
        assert await store.read(Dossier, dossier.id) == (dossier, 1)
        assert await store.get(ReportVersion, version.id) == version
        assert await store.find(Head, limit=5) == [head]
        event = stream.annotated(counts=counts)
        kept = await store.get(Dossier, dossier.id)
        assert join(kept, event, stream.envelope(event)) is kept


async def test_of_two_parts_at_once_one_meets_a_conflict_and_nothing_of_it_stays(
    stream: Any, database: Any
) -> None:
    dossier, version, head = made(stream)
    other = stream.scored()
    second = join(None, other, stream.envelope(other))
    assert second is not None
    late = reports_due(None, second)
    assert late is not None
    async with opened(database.uri) as store:
        await save(store, (dossier, 0), (version, 0), (head, 0))
        with pytest.raises(Conflict):
            await save(store, (late, 0), (second, 0))
        assert await store.get(ReportVersion, late.id) is None
