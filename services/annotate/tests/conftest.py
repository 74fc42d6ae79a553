"""What the tests of annotate share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The shared test data; a test that needs it is skipped where it is absent."""
    root = Path(__file__).parents[3]
    data = Path(os.environ.get("CANHEAL_TEST_DATA", root.parent / "shared" / "data"))
    if not data.is_dir():
        pytest.skip(f"shared data absent: {data}; CANHEAL_TEST_DATA names the folder")
    return data
