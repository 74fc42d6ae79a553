"""What one function asks of its reader: lines, nesting, arguments, paths."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from radon.complexity import cc_visit_ast

from house.sources import Source

Definition = ast.FunctionDef | ast.AsyncFunctionDef
BLOCKS = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
)
OWN_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True)
class Function:
    """One `def`, with its figures; a function inside another is counted by itself too."""

    path: str
    line: int
    name: str
    lines: int
    nesting: int
    arguments: int
    complexity: int

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line} {self.name}"


def functions(source: Source) -> Iterator[Function]:
    """Every function and method of a file, in the order in which they stand."""
    for definition, name in _definitions(source.tree, ""):
        yield Function(
            path=source.path,
            line=definition.lineno,
            name=name,
            lines=(definition.end_lineno or definition.lineno) - definition.lineno + 1,
            nesting=_depth(definition.body),
            arguments=_arguments(definition),
            complexity=_complexity(definition),
        )


def _definitions(node: ast.AST, prefix: str) -> Iterator[tuple[Definition, str]]:
    for child in ast.iter_child_nodes(node):
        inner = prefix
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{prefix}{child.name}."
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child, f"{prefix}{child.name}"
        yield from _definitions(child, inner)


def _depth(body: list[ast.stmt]) -> int:
    return max((_depth_of(statement) for statement in body), default=0)


def _depth_of(node: ast.AST) -> int:
    if isinstance(node, OWN_SCOPES):
        return 0
    inner = max((_depth_of(child) for child in _children(node)), default=0)
    return inner + isinstance(node, BLOCKS)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes one step inside; an `elif` stands beside its `if`, not in it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.If) and [child] == node.orelse and isinstance(child, ast.If):
            yield from _children(child)
        else:
            yield child


def _arguments(definition: Definition) -> int:
    arguments = definition.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return len([name for name in named if name.arg not in ("self", "cls")])


def _complexity(definition: Definition) -> int:
    """Radon's count for this function alone; what is defined inside it is counted by itself."""
    alone = ast.Module([definition], type_ignores=[])
    return int(cc_visit_ast(alone)[0].complexity)
