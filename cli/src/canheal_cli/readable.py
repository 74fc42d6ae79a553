"""JSON documents as a person reads them: a name and its value on a line, what belongs to it below."""

from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 18
INDENT = "  "


def lines(document: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """The document's fields line by line; what a list or a field's own document holds is indented."""
    for name, value in document.items():
        yield from _field(name, value, depth)


def words(value: Any) -> str:
    """A value that is no document."""
    match value:
        case None | [] | {}:
            return "none"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(words(item) for item in value)
        case _:
            return str(value)


def _field(name: str, value: Any, depth: int) -> Iterator[str]:
    space = INDENT * depth
    match value:
        case {} if value:
            yield f"{space}{name}"
            yield from lines(value, depth + 1)
        case [{}, *_]:
            yield f"{space}{name}"
            for item in value:
                first, *others = [*lines(item)] or ["none"]
                yield f"{space}{INDENT}- {first}"
                yield from (f"{space}{INDENT}{INDENT}{line}" for line in others)
        case _:
            first, *others = words(value).splitlines() or [""]
            yield f"{space}{name:<{WIDTH - len(space)}} {first}"
            yield from (f"{' ' * WIDTH} {line}" for line in others)
