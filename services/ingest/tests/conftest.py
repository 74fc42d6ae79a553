"""Ingest on the session's real broker and database."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from canheal_cli.embedded.database import EmbeddedDatabase
from canheal_cli.embedded.kafka import EmbeddedKafka
from canheal_cli.testing import PLATFORM_KEY
from canheal_cli.topics import apply_topics
from canheal_ingest.settings import Settings
from ingest_door import Door, running_door
from pydantic import SecretStr


@pytest.fixture(scope="module")
def door_settings(
    kafka: EmbeddedKafka, database: EmbeddedDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    apply_topics(kafka.bootstrap)
    return Settings(
        kafka_bootstrap_servers=kafka.bootstrap,
        mongodb_uri=SecretStr(database.uri),
        platform_key=PLATFORM_KEY,
        instance_id="ingest-0",
        scratch=tmp_path_factory.mktemp("scratch"),
        large_vcf_bytes=1 << 20,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(door_settings: Settings) -> AsyncIterator[Door]:
    async with running_door(door_settings) as door:
        yield door
