"""A stack of its own for every test that starts, kills or freezes workers."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from canheal_cli.embedded.database import EmbeddedDatabase
from canheal_cli.embedded.kafka import EmbeddedKafka
from canheal_cli.topics import apply_topics
from chassis_parts import Parts, open_parts
from worker_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A stack of its own: groups, ledgers and topics start from nothing."""
    broker, database = EmbeddedKafka(tmp_path), EmbeddedDatabase(tmp_path)
    broker.start()
    database.start()
    bench = Bench(broker.bootstrap, database.uri, tmp_path)
    try:
        broker.wait_ready()
        database.wait_ready()
        apply_topics(broker.bootstrap)
        yield bench
    finally:
        for worker in bench.workers:
            worker.kill()
            worker.wait()
        broker.kill()
        database.kill()


@pytest.fixture
async def parts(database: EmbeddedDatabase, tmp_path: Path) -> AsyncIterator[Parts]:
    """A service put together by hand on the session's database; nothing of it is left behind."""
    async with open_parts(database.uri, tmp_path) as parts:
        yield parts
