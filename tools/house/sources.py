"""Our Python sources, each read and parsed once.

A room is a folder with its own part in the house: a member (a folder with a `pyproject.toml`) or `tools`.
"""

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MEMBER_PATTERNS = ("*/pyproject.toml", "libs/*/pyproject.toml", "services/*/pyproject.toml")


@dataclass(frozen=True)
class Source:
    """One Python file: where it stands, in which room, and what is in it."""

    path: str
    room: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def says_nothing(self) -> bool:
        """A package marker: at most a docstring. It would pull every median down."""
        body = self.tree.body
        return not body or (len(body) == 1 and ast.get_docstring(self.tree) is not None)


def members(root: Path) -> list[Path]:
    """Every folder below the root that can be installed on its own."""
    return sorted(found.parent for pattern in MEMBER_PATTERNS for found in root.glob(pattern))


def sources(root: Path) -> list[Source]:
    """What runs: the `src` of every member, and `tools`."""
    folders = [(member / "src", member) for member in members(root)]
    return _read(root, [*folders, (root / "tools", root / "tools")])


def checks(root: Path) -> list[Source]:
    """What checks it: the `tests` of every member, and the tree's own."""
    folders = [(member / "tests", member) for member in members(root)]
    return _read(root, [*folders, (root / "tests", root / "tests")])


def _read(root: Path, folders: list[tuple[Path, Path]]) -> list[Source]:
    return [
        Source(path.relative_to(root).as_posix(), room.relative_to(root).as_posix(), path.read_text("utf-8"))
        for folder, room in folders
        for path in sorted(folder.rglob("*.py"))
    ]
