"""The members' modules that a page is made of, found by their name."""

import importlib
import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

from house.sources import members

ROOT = Path(__file__).parents[2]


def modules_named(name: str) -> list[tuple[str, ModuleType]]:
    """`canheal_<member>.<name>` of every member that has one, with the member's name."""
    packages = [(member.name, f"canheal_{member.name}.{name}") for member in members(ROOT)]
    return [
        (member, importlib.import_module(module))
        for member, module in packages
        if importlib.util.find_spec(module)
    ]


def classes_of[T](module: ModuleType, kind: type[T]) -> list[type[T]]:
    """The subclasses of `kind` that the module itself defines, in the order in which they stand."""
    own = (
        each
        for each in vars(module).values()
        if isinstance(each, type) and each.__module__ == module.__name__
    )
    return [each for each in own if issubclass(each, kind)]


def meaning(described: type) -> str:
    """The first paragraph of a class's own docstring; empty when it has none."""
    own = vars(described).get("__doc__") or ""
    return inspect.cleandoc(own).split("\n\n")[0]
