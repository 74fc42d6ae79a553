"""The command `canheal`: its own commands, and those that the installed members register.

A command's module is loaded when the command is used, so that `canheal --help` answers at once.
"""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated

import typer
from canheal_process.terminal import plain
from typer.main import get_command

GROUP = "canheal.commands"
DEBUG = "CANHEAL_DEBUG"

OWN = {
    "up": "Start the whole platform and keep it running.",
    "demo": "The platform, three made-up samples, three reports.",
    "submit": "Send VCFs to the platform.",
    "status": "Where a sample is, or how the platform's processes are.",
    "watch": "Every event as it comes.",
    "report": "A report as a page or as data.",
    "topics": "The contract's topics on the broker: make them, compare them.",
    "dlq": "What could not be handled: list, show, try again or mend, give up.",
    "audit": "Who saw, took out or changed what: list it, verify that nothing was tampered with.",
    "keys": "The platform's key: how many data keys it wraps; another one instead.",
    "backup": "Every database and the key ring, sealed, into a folder.",
    "restore": "A backup into an empty database; the erased stay erased.",
    "erase": "Everything of a person, or one sample, must go; the receipt says what is gone.",
    "erasures": "The list of the erased, for the restore of an older backup.",
}

app = typer.Typer(
    name="canheal",
    help="CAN.HEAL: a hospital's VCF in, a harmonised interpretation out. Every command has --json.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _own(name: str) -> Callable[[], typer.Typer]:
    def load() -> typer.Typer:
        loaded: typer.Typer = import_module(f"canheal_cli.commands.{name}").app
        return loaded

    return load


def _add(name: str, text: str, load: Callable[[], typer.Typer]) -> None:
    """A stand-in that hands all its words to the real command, loaded then."""

    @app.command(
        name,
        help=text,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def stand_in(context: typer.Context) -> None:
        code = get_command(load()).main(context.args, prog_name=f"canheal {name}", standalone_mode=False)
        if isinstance(code, int):
            raise typer.Exit(code)


def _summary(entry: EntryPoint) -> str:
    distribution = entry.dist
    return (distribution.metadata["Summary"] if distribution else "") + "."


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"canheal {version('canheal-cli')}")
        raise typer.Exit


@app.callback()
def options(
    version_: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take what belongs to no command."""


def main() -> None:
    """Run; an error reads as a person wrote it (CANHEAL_DEBUG=1 shows where it came from)."""
    for name, text in OWN.items():
        _add(name, text, _own(name))
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        _add(entry.name, _summary(entry), entry.load)
    if not os.environ.get(DEBUG):
        sys.excepthook = _say_what_happened
    try:
        app()
    except Exception as error:
        code = getattr(error, "exit_code", None)  # of the chassis' tree of errors, or of a library's own
        if code is None or os.environ.get(DEBUG):
            raise
        typer.echo(f"canheal: {plain(str(error))}", err=True)
        sys.exit(code)


def _say_what_happened(kind: type[BaseException], error: BaseException, _trace: object) -> None:
    """In place of the traceback of an error that nobody foresaw; the exit code is 1."""
    typer.echo(f"canheal: unexpected {kind.__name__}: {plain(str(error))} ({DEBUG}=1 shows where)", err=True)
