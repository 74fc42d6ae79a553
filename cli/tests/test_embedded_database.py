import socket
import struct
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from canheal_cli.embedded.database import EmbeddedDatabase, reads
from canheal_cli.ports import free_ports
from pymongo import MongoClient
from pymongo.errors import ConnectionFailure
from pymongo.write_concern import WriteConcern

pytestmark = pytest.mark.stack
NOT_OK = b"\0" * 20 + b"\x01ok\0" + struct.pack("<d", 0.0)
"""The end of what a server says whose storage gave up: `{ok: 0}`."""


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
    assert reads(port) is None


def test_a_database_that_answers_every_question_with_an_error_is_broken_and_a_silent_one_is_not() -> None:
    database = EmbeddedDatabase(Path("never-started"))
    assert not database.broken()
    with socket.create_server(("127.0.0.1", database.port)) as server, ThreadPoolExecutor(1) as answering:
        answer = answering.submit(answer_once, server, NOT_OK)
        assert database.broken()
        answer.result()
        answer = answering.submit(answer_once, server, b"")
        assert not database.broken()
        answer.result()


def answer_once(server: socket.socket, reply: bytes) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(reply)
