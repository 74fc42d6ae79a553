"""What the tests of the whole platform begin with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from canheal_cli.stack import Stack

from cohort import Cohort, read_cohort
from hospital import Hospital

TUMOURS = 200


@pytest.fixture
async def hospital(platform: Stack) -> AsyncIterator[Hospital]:
    """A hospital before the session's platform."""
    async with Hospital(platform.addresses.services) as hospital:
        yield hospital


@pytest.fixture(scope="session")
def cohort(test_data: Path) -> Cohort:
    """200 real tumours."""
    return read_cohort(test_data, TUMOURS)
