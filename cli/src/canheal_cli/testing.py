"""Pytest fixtures for every member: one real broker and one real database a test session.

The root `conftest.py` registers this module. The objects can be killed and started again (same ports); a test
that does so leaves them running.
"""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from canheal_cli.embedded.database import EmbeddedDatabase
from canheal_cli.embedded.kafka import EmbeddedKafka
from canheal_cli.stack import Stack

SHARED_DATA = "CANHEAL_TEST_DATA"
PLATFORM_KEY = SecretStr(base64.b64encode(b"p" * 32).decode())
"""The key of the session's database: it has one key ring, so whoever writes there uses this one."""


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """The session's broker, ready; `.bootstrap` is its address."""
    broker = EmbeddedKafka(tmp_path_factory.mktemp("broker"))
    broker.start()
    try:
        broker.wait_ready()
        yield broker
    finally:
        broker.kill()  # nobody needs its data any more


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedDatabase]:
    """The session's database, ready; `.uri` is its address."""
    server = EmbeddedDatabase(tmp_path_factory.mktemp("database"))
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Every process of `processes.py`, ready, on a broker and a database that no other test writes to.

    `.addresses` says where they are, `.supervisor.kill("annotate-0")` is a fault.
    """
    embedded = (None, None)
    with Stack(tmp_path_factory.mktemp("platform"), print, stores=embedded) as stack:
        stack.wait_ready()
        yield stack


@pytest.fixture(scope="session")
def test_data(request: pytest.FixtureRequest) -> Path:
    """The folder of shared test data: CANHEAL_TEST_DATA, or ../shared/data beside the repository."""
    named = os.environ.get(SHARED_DATA)
    folder = Path(named) if named else request.config.rootpath.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"shared test data is absent: {folder} (name it in {SHARED_DATA})")
    return folder
