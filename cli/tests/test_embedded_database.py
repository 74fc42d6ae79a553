import sys

import pytest
from canheal_cli.embedded.database import EmbeddedDatabase, pings
from canheal_cli.ports import free_ports
from pymongo import MongoClient
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


def test_the_database_is_a_process_of_its_own_that_we_never_import(database: EmbeddedDatabase) -> None:
    assert database.pid is not None
    assert not any(name == "secantus" or name.startswith("secantus.") for name in sys.modules)


def test_nothing_answers_where_no_database_runs() -> None:
    (port,) = free_ports(1)
    assert not pings(port)
