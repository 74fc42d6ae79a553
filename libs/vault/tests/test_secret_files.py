"""A secret comes from the environment or from a file that it names, and is shown nowhere."""

import os
from pathlib import Path

import pytest
from canheal_vault.errors import SecretUnreadable
from canheal_vault.secretfiles import LONGEST_SECRET_BYTES, secret

HIDDEN = "hidden-word"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(f"{HIDDEN}\n")
    return path


def test_a_file_that_the_environment_names_is_read_without_its_line_end(file: Path) -> None:
    found = secret("THE_KEY", {"THE_KEY_FILE": str(file)})
    assert found is not None
    assert found.get_secret_value() == HIDDEN
    assert HIDDEN not in f"{found} {found!r}"


@pytest.mark.parametrize("empty", [{}, {"THE_KEY": ""}, {"THE_KEY_FILE": ""}], ids=["none", "value", "file"])
def test_what_is_not_there_is_none(empty: dict[str, str]) -> None:
    assert secret("THE_KEY", empty) is None


def test_the_same_in_both_places_is_one_secret_and_another_is_refused(file: Path) -> None:
    both = {"THE_KEY": HIDDEN, "THE_KEY_FILE": str(file)}
    assert secret("THE_KEY", both) is not None
    with pytest.raises(SecretUnreadable, match="differ") as refused:
        secret("THE_KEY", both | {"THE_KEY": "hidden-other"})
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"x" * (LONGEST_SECRET_BYTES + 1), "longer"),
        (b"\xff\xfe", "no text"),
    ],
    ids=["empty", "blank", "endless", "bytes"],
)
def test_a_file_that_holds_no_secret_is_refused_by_name(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(SecretUnreadable, match=f"THE_KEY_FILE names .*{why}"):
        secret("THE_KEY", {"THE_KEY_FILE": str(path)})


def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(SecretUnreadable, match="THE_KEY_FILE names"):
            secret("THE_KEY", {"THE_KEY_FILE": os.fspath(path)})
