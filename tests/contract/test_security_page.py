"""docs/security.md is true: what it names exists, and no topic or collection is missing from its tables."""

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import canheal_chassis
import canheal_desk
import canheal_ingest
import canheal_process
import canheal_report
from canheal_schemas import TOPICS, Cleanup

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
KINDS = "STRIDE"
USES = {
    "change",
    "count_up",
    "delete",
    "index",
    "insert",
    "last",
    "page",
    "put",
    "record",
    "records",
    "count",
}
"""Methods of the store whose first argument is a collection."""


def section(title: str) -> str:
    return re.split(r"^##+ ", PAGE.split(f"## {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def rows(title: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_threat_says_what_is_tested_where_or_that_nothing_is() -> None:
    threats = rows("Threats (STRIDE)")
    assert {row[0] for row in threats} == set(KINDS)
    assert len(threats) >= 30
    for kind, threat, asset, protects, tested, _left in threats:
        assert all((kind, threat, asset, protects)), threat
        assert tested == "not tested" or named(tested), threat
        for path in named(tested):
            assert (ROOT / path).is_file(), f"{threat}: {path} is not there"
            assert "def test_" in (ROOT / path).read_text("utf-8")


def test_every_topic_stands_in_the_table_with_its_retention() -> None:
    table = {named(row[0])[0]: row[2] for row in rows("Topics (Kafka)")}
    assert table.keys() == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        if topic.cleanup is Cleanup.COMPACT:
            assert table[topic.name].startswith("compacted: "), topic.name
        else:
            assert table[topic.name].startswith(f"{topic.retention.days} days"), topic.name


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(package.__path__):
        yield import_module(f"{package.__name__}.{found.name}")


def collections(module: ModuleType) -> Iterator[str]:
    """Every collection that a module names: its documents', the store's, the database's own."""
    for kind in vars(module).values():
        if inspect.isclass(kind) and kind.__module__ == module.__name__ and "collection" in vars(kind):
            yield kind.collection
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        match node:
            case ast.Call(func=ast.Attribute(attr=method), args=[ast.Name(id=name), *_]) if method in USES:
                value = getattr(module, name, None)
                yield from (value,) if isinstance(value, str) else ()
            case ast.Subscript(value=ast.Attribute(attr="_database"), slice=ast.Constant(value=str(value))):
                yield value
            case ast.Subscript(value=ast.Attribute(attr="_database"), slice=ast.Name(id=name)):
                value = getattr(module, name, None)
                yield from (value,) if isinstance(value, str) else ()


def test_every_collection_stands_in_the_table() -> None:
    found = {
        name
        for package in (canheal_process, canheal_chassis, canheal_desk, canheal_ingest, canheal_report)
        for module in modules(package)
        for name in collections(module)
    }
    assert {"ledger", "deadletters", "reports", "subjects", "blobs.files", "care_records"} <= found
    table = {name for row in rows("Collections (MongoDB)") for name in named(row[0])}
    assert table == found
