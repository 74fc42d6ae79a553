"""What a killed process left open is ended by its successor, not after the server's minute."""

import time
from collections.abc import Iterator
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from canheal_cli.embedded.database import EmbeddedDatabase
from canheal_process.document import Document
from canheal_process.errors import Conflict
from canheal_process.store import Store, connect
from pydantic import SecretStr

pytestmark = pytest.mark.stack


class Sheet(Document):
    collection: ClassVar[str] = "sheets"
    shared: ClassVar[bool] = True

    words: int = 0


@pytest.fixture
def stores(database: EmbeddedDatabase) -> Iterator[list[Store]]:
    """Three processes' views of one service's database."""
    name, clients = f"take_over_{uuid4().hex[:8]}", [connect(SecretStr(database.uri)) for _ in range(3)]
    yield [Store(client, name) for client in clients]
    for client in clients:
        client.close()


def sheet(words: int) -> Sheet:
    return Sheet(id=UUID(int=1), subject="s", words=words)


async def in_a_unit(store: Store, written: Sheet) -> None:
    async with store.transaction() as unit:
        await unit.save(written, 1)


async def test_a_successor_writes_at_once_what_an_open_transaction_of_its_slot_held(
    stores: list[Store],
) -> None:
    former, other, successor = stores
    await former.take_over("annotate-0")
    await other.take_over("annotate-1")
    await former.single.save(sheet(0), 0)

    async def frozen_in_a_unit() -> None:
        async with former.transaction() as unit:
            await unit.save(sheet(1), 1)
            with pytest.raises(Conflict):  # held, by a slot that is not its own
                await in_a_unit(other, sheet(2))
            began = time.monotonic()
            await successor.take_over("annotate-0")
            await in_a_unit(successor, sheet(3))
            assert time.monotonic() - began < 1

    with pytest.raises(Conflict):
        await frozen_in_a_unit()
    assert await former.read(Sheet, UUID(int=1)) == (sheet(3), 2)


async def test_taking_over_leaves_another_slots_transaction_alone(stores: list[Store]) -> None:
    living, successor, _ = stores
    await living.take_over("annotate-1")
    async with living.transaction() as unit:
        await unit.save(sheet(1), 0)
        await successor.take_over("annotate-0")
    assert await successor.read(Sheet, UUID(int=1)) == (sheet(1), 1)
