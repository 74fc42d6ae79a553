"""Every figure of the tree beside its limit, and the places that cross it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby
from math import ceil, inf
from pathlib import Path
from statistics import median

from house.contracts import broken_contracts
from house.functions import Function, functions
from house.limits import Limits
from house.lint_exceptions import lint_exceptions
from house.repetition import repetitions
from house.sources import Source, checks, sources

EDGE = {"main", "settings", "worker", "api", "commands"}
NAMED = 10  # places named for a figure of the whole tree


@dataclass(frozen=True)
class Figure:
    """One measured number; without a limit it is only shown.

    `crossed` names each place that breaks the limit.
    """

    name: str
    value: float
    limit: float = inf
    crossed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Item:
    """A file or function with one number; `place` is what an exception would name."""

    place: str
    where: str
    value: int


def figures(root: Path, limits: Limits) -> list[Figure]:
    """All figures of the tree at `root`, in the order in which they are printed."""
    code = sources(root)
    written = [source for source in code if not source.says_nothing]
    found = list(chain.from_iterable(functions(source) for source in written))
    files = [Item(source.path, f"{source.path}:1", len(source.lines)) for source in written]
    return [
        *_sizes("file_lines", files, limits),
        _each("file_lines", files, limits),
        *_sizes("function_lines", _items(found, lambda one: one.lines), limits),
        _each("nesting", _items(found, lambda one: one.nesting), limits),
        _each("arguments", _items(found, lambda one: one.arguments), limits),
        _each("complexity", _items(found, lambda one: one.complexity), limits),
        _repeated(written, limits),
        *_edges(code, limits),
        _chassis(code, limits),
        _contracts(root),
        *_lint(root, code, limits),
        _listed(files, found, limits),
        *_of_tests(root),
    ]


def nine_in_ten(values: list[int]) -> int:
    """The 90th percentile by nearest rank; 0 of nothing."""
    return sorted(values)[ceil(0.9 * len(values)) - 1] if values else 0


def _items(found: list[Function], number: Callable[[Function], int]) -> list[Item]:
    return [Item(f"{one.path}:{one.name}", one.where, number(one)) for one in found]


def _sizes(measure: str, items: list[Item], limits: Limits) -> Iterator[Figure]:
    values = [item.value for item in items]
    middle = median(values) if values else 0
    for name, value in (("median", middle), ("nine_in_ten", nine_in_ten(values))):
        limit = limits.limit[f"{measure}_{name}"]
        largest = sorted((item for item in items if item.value > limit), key=lambda item: -item.value)
        crossed = [f"{item.where}: {item.value}" for item in largest[:NAMED]] if value > limit else []
        yield Figure(f"{measure}, {name}", value, limit, crossed)


def _each(measure: str, items: list[Item], limits: Limits) -> Figure:
    over = [item for item in items if item.value > limits.allowed(measure, item.place)]
    crossed = [f"{item.where}: {item.value}, allowed {limits.allowed(measure, item.place)}" for item in over]
    return Figure(measure, max((item.value for item in items), default=0), limits.limit[measure], crossed)


def _repeated(code: list[Source], limits: Limits) -> Figure:
    share, stretches = repetitions(code)
    limit = limits.limit["repeated_percent"]
    crossed = [stretch.where for stretch in stretches[:NAMED]] if share > limit else []
    return Figure("repeated, % of lines", round(share, 1), limit, crossed)


def _edges(code: list[Source], limits: Limits) -> Iterator[Figure]:
    limit = limits.limit["edge_percent"]
    for room, group in groupby(code, key=lambda source: source.room):
        if not room.startswith("services/"):
            continue
        files = [source for source in group if not source.says_nothing]
        edge = [source for source in files if EDGE & set(Path(source.path).with_suffix("").parts)]
        total = _lines(files)
        share = round(100 * _lines(edge) / total, 1) if total else 0.0
        crossed = [f"{source.path}:1 {len(source.lines)} of {total} lines" for source in edge]
        yield Figure(f"edge of {room}, %", share, limit, crossed if share > limit else [])


def _chassis(code: list[Source], limits: Limits) -> Figure:
    files = [source for source in code if source.room == "libs/chassis"]
    limit = limits.limit["chassis_lines"]
    longest = sorted(files, key=lambda source: -len(source.lines))[:NAMED]
    crossed = [f"{source.path}:1 {len(source.lines)} lines" for source in longest]
    return Figure("chassis_lines", _lines(files), limit, crossed if _lines(files) > limit else [])


def _contracts(root: Path) -> Figure:
    broken = broken_contracts(root)
    return Figure(
        "import contracts broken", sum("BROKEN" in line for line in broken) or len(broken), 0, broken
    )


def _lint(root: Path, code: list[Source], limits: Limits) -> Iterator[Figure]:
    found = list(lint_exceptions([*code, *checks(root)]))
    limit = limits.limit["lint_exceptions"]
    yield Figure(
        "lint_exceptions", len(found), limit, [one.where for one in found] if len(found) > limit else []
    )
    bare = [one.where for one in found if not one.has_reason]
    yield Figure("lint exceptions without a reason", len(bare), 0, bare)


def _listed(files: list[Item], found: list[Function], limits: Limits) -> Figure:
    """The exceptions of measures.toml: few, and each one still needed."""
    values = {
        "file_lines": {item.place: item.value for item in files},
        "nesting": {f"{one.path}:{one.name}": one.nesting for one in found},
        "arguments": {f"{one.path}:{one.name}": one.arguments for one in found},
        "complexity": {f"{one.path}:{one.name}": one.complexity for one in found},
    }
    crossed = [
        f"tools/measures.toml: {one.measure} of {one.where} is no longer needed, take it out"
        for one in limits.exceptions
        if values.get(one.measure, {}).get(one.where, 0) <= limits.limit.get(one.measure, 0)
    ]
    most = limits.limit["listed_exceptions"]
    if len(limits.exceptions) > most:
        crossed.append(f"tools/measures.toml: {len(limits.exceptions)} exceptions are listed, {most} may be")
    return Figure("listed_exceptions", len(limits.exceptions), most, crossed)


def _of_tests(root: Path) -> Iterator[Figure]:
    written = checks(root)
    of_functions = [one.lines for source in written for one in functions(source)]
    yield Figure("tests: lines", _lines(written))
    yield Figure("tests: file_lines", max((len(source.lines) for source in written), default=0))
    yield Figure("tests: function_lines, nine_in_ten", nine_in_ten(of_functions))


def _lines(code: Iterable[Source]) -> int:
    return sum(len(source.lines) for source in code)
