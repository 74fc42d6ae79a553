"""`docs/errors.md`: every error that a person or program may meet, from the members' error trees."""

import re
import sys
from types import ModuleType

from pages.markdown import HEAD, table
from pages.modules import classes_of, meaning, modules_named

INTRODUCTION = """# Errors

One `slug` names an error everywhere: in the `type` of an HTTP problem document (RFC 9457), in a dead letter,
in the log and on the command line. `retried` means that the stream tries the event again by itself.
Source: `errors.py` of each member.
"""
COLUMNS = ("slug", "HTTP", "retried", "exit code", "meaning", "class")


def pages() -> dict[str, str]:
    """The page by its path."""
    sections = [f"## {member}\n\n{_table(module)}" for member, module in modules_named("errors")]
    return {"docs/errors.md": "\n".join([HEAD + INTRODUCTION, *sections])}


def error_meaning(error: type[Exception]) -> str:
    """What the class's own docstring says, else its line in the tree that the module draws."""
    tree = sys.modules[error.__module__].__doc__ or ""
    drawn = re.search(rf"^\W*{error.__name__}[ ]{{2,}}(.+)$", tree, re.MULTILINE)
    root = "Any error of this member." if error.__base__ is Exception else ""
    return meaning(error) or (drawn[1] if drawn else root)


def _table(module: ModuleType) -> str:
    errors = [error for error in classes_of(module, Exception) if hasattr(error, "slug")]
    return table(COLUMNS, (_row(error) for error in errors))


def _row(error: type[Exception]) -> tuple[str, ...]:
    status, retryable, exit_code = (
        getattr(error, name, None) for name in ("status", "retryable", "exit_code")
    )
    return (
        f"`{error.__dict__.get('slug', '')}`" if "slug" in error.__dict__ else "(as its parent)",
        "" if status is None else str(status),
        "yes" if retryable else "",
        "" if exit_code is None else str(exit_code),
        error_meaning(error),
        f"`{error.__name__}`",
    )
