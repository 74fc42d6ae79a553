"""Members are thin, depend on what the lock holds, and do nothing when they are imported."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from house.sources import Source, members, sources

ROOT = Path(__file__).parents[2]
MEMBERS = members(ROOT)
OURS = {f"canheal-{member.name}" for member in MEMBERS}
IMPORT_ALL = Path(__file__).with_name("import_all.py")


def project(member: Path) -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((member / "pyproject.toml").read_text())["project"]
    return found


def canonical(requirement: str) -> str:
    """The package's name alone, as indexes compare it."""
    name = re.split(r"[\s<>=!~;\[]", requirement.strip(), maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def named_in_requirements() -> set[str]:
    lines = (line.split("#")[0].strip() for line in (ROOT / "requirements.in").read_text().splitlines())
    return {canonical(line) for line in lines if line}


def test_the_house_has_its_twelve_members() -> None:
    assert sorted(member.relative_to(ROOT).as_posix() for member in MEMBERS) == [
        "cli",
        "libs/chassis",
        "libs/desk",
        "libs/genome",
        "libs/process",
        "libs/refdata",
        "libs/vault",
        "schemas",
        "services/annotate",
        "services/ingest",
        "services/prs",
        "services/report",
    ]


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_member_is_thin_and_carries_no_tool_configuration(member: Path) -> None:
    text = (member / "pyproject.toml").read_text()
    assert len(text.splitlines()) <= 30
    assert tomllib.loads(text).get("tool", {}).keys() <= {"hatch"}
    assert project(member)["name"] == f"canheal-{member.name}"


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_members_dependencies_are_ours_or_named_in_requirements_in(member: Path) -> None:
    wanted = {canonical(one) for one in project(member)["dependencies"]}
    assert wanted - OURS - named_in_requirements() == set()


def package_of(module: str) -> str:
    return module.partition(".")[0]


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_a_member_names_every_member_that_it_imports(member: Path) -> None:
    own = [source for source in sources(ROOT) if source.room == member.relative_to(ROOT).as_posix()]
    imported = {package_of(module) for source in own for module in imports(source)}
    ours = {name.replace("_", "-") for name in imported if name.startswith("canheal_")}
    declared = {canonical(one) for one in project(member)["dependencies"]}
    assert ours - declared - {f"canheal-{member.name}"} == set()


def imports(source: Source) -> set[str]:
    nodes = list(ast.walk(source.tree))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


def test_every_pin_of_the_lock_has_a_hash_and_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text()
    pins = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(pins) > 50
    assert [pin for pin in pins if "--hash=sha256:" not in pin] == []
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
    assert named_in_requirements() <= {canonical(pin) for pin in pins}


def test_every_public_module_has_a_docstring() -> None:
    bare = [source.path for source in sources(ROOT) if not ast.get_docstring(source.tree)]
    assert [
        path for path in bare if not Path(path).name.startswith("_") or path.endswith("__init__.py")
    ] == []


def test_importing_every_module_of_every_member_does_nothing() -> None:
    """No file is written, no socket opened, no process started, no settings are read."""
    modules = [module_name(source) for source in sources(ROOT) if source.room != "tools"]
    run = subprocess.run(
        [sys.executable, "-B", IMPORT_ALL, *modules],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == []


def module_name(source: Source) -> str:
    inside = source.path.partition("/src/")[2].removesuffix(".py").removesuffix("/__init__")
    return inside.replace("/", ".")


def test_the_import_watch_sees_a_module_that_writes_connects_or_reads_settings(tmp_path: Path) -> None:
    (tmp_path / "busy.py").write_text(
        "import socket\n"
        "from pydantic_settings import BaseSettings\n"
        "class Settings(BaseSettings): pass\n"
        "Settings()\n"
        f"open({str(tmp_path / 'left')!r}, 'w').close()\n"
        "socket.socket().connect_ex(('127.0.0.1', 9))\n"
    )
    run = subprocess.run(
        [sys.executable, "-B", IMPORT_ALL, "busy"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert [happened.split()[1] for happened in json.loads(run.stdout)] == [
        "settings",
        "open",
        "socket.connect",
    ]
