"""What is in git: no address of a registry, no path of a machine, one configuration, unique tests."""

import re
import subprocess
from collections import Counter
from pathlib import Path

from house.sources import checks

ROOT = Path(__file__).parents[2]
# Written in two halves, so that this file does not find itself.
REGISTRIES = [
    "files.python" + "hosted.org",
    "pypi" + ".org",
    "registry.npm" + "js.org",
    "repo1." + "mav" + "en.org",
    "repo.mav" + "en.apache.org",
    "static.crates" + ".io",
    "proxy.go" + "lang.org",
    "deb.deb" + "ian.org",
    "--index" + "-url",
    "--extra-index" + "-url",
]
MACHINE_PATHS = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/tm" + "p/w/"]
FORBIDDEN = re.compile(
    "|".join([*map(re.escape, REGISTRIES), *(rf"(?<![\w.$}}*-]){path}" for path in MACHINE_PATHS)]).encode()
)
CONFIGURATIONS = re.compile(r"(^|/)(\.?(ruff|mypy|pytest)\.(toml|ini)|setup\.cfg|tox\.ini|\.importlinter)$")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    paths = (ROOT / name for name in listed.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def test_no_tracked_file_names_a_registry_or_a_path_of_a_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0].decode()}"
        for path in tracked()
        if (match := FORBIDDEN.search(path.read_bytes()))
    ]
    assert found == []


def test_there_is_one_tool_configuration() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in tracked()]
    assert [name for name in names if CONFIGURATIONS.search(name)] == []
    configured = [
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if path.name == "pyproject.toml"
        and re.search(r"^\[tool\.(ruff|mypy|pytest)", path.read_text(), re.MULTILINE)
    ]
    assert configured == ["pyproject.toml"]


def test_test_files_have_unique_names_and_stand_in_no_package() -> None:
    names = Counter(Path(source.path).name for source in checks(ROOT))
    assert [name for name, count in names.items() if count > 1 and name != "conftest.py"] == []
    assert names["__init__.py"] == 0


def test_no_large_file_is_tracked() -> None:
    assert [path for path in tracked() if path.stat().st_size > 12_000_000] == []
