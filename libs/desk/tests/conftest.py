"""A service put together by hand, as the chassis' own tests have it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from canheal_cli.embedded.database import EmbeddedDatabase
from chassis_parts import Parts, open_parts


@pytest.fixture
async def parts(database: EmbeddedDatabase, tmp_path: Path) -> AsyncIterator[Parts]:
    """A service with a database of its own."""
    async with open_parts(database.uri, tmp_path) as parts:
        yield parts
