import os
from pathlib import Path

import pytest
from canheal_refdata.bundle import Bundle, open_bundle


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of shared test data; where it is absent, a test that needs it is skipped."""
    folder = Path(os.environ.get("CANHEAL_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"shared test data is absent: {folder} (CANHEAL_TEST_DATA names the folder)")
    return folder


@pytest.fixture(scope="session")
def demo() -> Bundle:
    return open_bundle(every_byte=True)
