"""`docs/commands.md`: every command of `canheal` with its arguments and options."""

import importlib.util
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from canheal_cli.main import GROUP, OWN
from typer.main import get_command

from pages.markdown import HEAD, table

INTRODUCTION = """# Commands

People's text goes to stderr, results to stdout.
Source: `cli/src/canheal_cli/commands`, and `commands.py` of each member that has some.
"""
Command = Any  # a command object of the library beneath typer, which publishes no types of its own


def pages() -> dict[str, str]:
    """The page by its path."""
    sections = (section for name, command in roots() for section in _sections(f"canheal {name}", command))
    return {"docs/commands.md": "\n".join([HEAD + INTRODUCTION, *sections])}


def roots() -> Iterator[tuple[str, Command]]:
    """Each command right below `canheal`: its own, then those that the members register."""
    for name in OWN:
        yield name, get_command(import_module(f"canheal_cli.commands.{name}").app)
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        if importlib.util.find_spec(entry.module):
            yield entry.name, get_command(entry.load())


def _sections(name: str, command: Command) -> Iterator[str]:
    parameters = [one for one in command.params if one.name != "help" and not getattr(one, "hidden", False)]
    about = (command.help or "").split("\f")[0].strip()
    rows = table(("argument or option", "default", "meaning"), map(_row, parameters)) if parameters else ""
    yield f"## `{name}`\n\n{about}\n\n{rows}".rstrip() + "\n"
    for inner, child in getattr(command, "commands", {}).items():
        yield from _sections(f"{name} {inner}", child)


def _row(parameter: Command) -> tuple[str, str, str]:
    option = parameter.param_type_name == "option"
    spelled = (
        ", ".join(f"`{name}`" for name in parameter.opts)
        if option
        else f"`{parameter.metavar or parameter.name.upper()}`"
    )
    default = parameter.default
    shown = "" if default in (None, False, ()) or callable(default) else f"`{default}`"
    return spelled, "required" if parameter.required else shown, getattr(parameter, "help", None) or ""
