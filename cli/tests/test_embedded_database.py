import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from canheal_cli.embedded.database import EmbeddedDatabase, pings
from canheal_cli.ports import free_ports
from pymongo import MongoClient
from pymongo.errors import ConnectionFailure
from pymongo.write_concern import WriteConcern

pytestmark = pytest.mark.stack


def test_acknowledged_documents_survive_a_kill_of_the_database(database: EmbeddedDatabase) -> None:
    with MongoClient(database.uri) as client:
        table = client.get_database("trial", write_concern=WriteConcern("majority", j=True))["survivors"]
        table.insert_many([{"_id": number} for number in range(500)])
        before = database.pid
        database.kill()
        database.start()
        database.wait_ready()
    with MongoClient(database.uri) as client:
        assert client["trial"]["survivors"].count_documents({}) == 500
    assert database.pid != before


def transactions_until_it_dies(uri: str, writer: str, acknowledged: list[str]) -> None:
    durable = WriteConcern("majority", j=True)
    with MongoClient(uri) as client, suppress(ConnectionFailure):
        for number in range(10_000):
            with client.start_session() as session, session.start_transaction(write_concern=durable):
                for table in ("first", "second"):
                    client["units"][table].insert_one({"_id": f"{writer}/{number}"}, session=session)
            acknowledged.append(f"{writer}/{number}")


@pytest.mark.parametrize("attempt", range(3))
def test_acknowledged_transactions_survive_a_kill_under_load(
    database: EmbeddedDatabase, attempt: int
) -> None:
    acknowledged: list[str] = []
    with ThreadPoolExecutor(4) as writers:
        for writer in range(4):
            name = f"{attempt}/{writer}"
            writers.submit(transactions_until_it_dies, database.uri, name, acknowledged)
        time.sleep(0.5)
        database.kill()
    database.start()
    database.wait_ready()
    with MongoClient(database.uri) as client:
        kept = {record["_id"] for record in client["units"]["second"].find()}
    assert acknowledged
    assert not set(acknowledged) - kept


def test_the_database_is_a_process_of_its_own_that_we_never_import(database: EmbeddedDatabase) -> None:
    assert database.pid is not None
    assert not any(name == "secantus" or name.startswith("secantus.") for name in sys.modules)


def test_nothing_answers_where_no_database_runs() -> None:
    (port,) = free_ports(1)
    assert not pings(port)
