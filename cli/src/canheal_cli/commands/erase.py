"""`canheal erase subject|sample|receipt`: what a hospital sent goes again, and the receipt says so."""

import getpass
import json
import time
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import typer

from canheal_cli import services
from canheal_cli.commands.options import AsJson, Data, tell
from canheal_cli.readable import lines
from canheal_cli.state import DEFAULT_DATA, service_url

app = typer.Typer(add_completion=False, no_args_is_help=True)

PATIENCE_SECONDS = 30.0
ASK_SECONDS = 0.25

By = Annotated[str, typer.Option(help="Who asks, for the audit log.", default_factory=getpass.getuser)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")]


@app.command("subject")
def subject(
    pseudonym: Annotated[str, typer.Argument(help="The hospital's pseudonym of the person.")],
    site: Annotated[str, typer.Option(help="The hospital's site code, e.g. BE-UZG.")],
    by: By,
    yes: Yes = False,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Everything of a person goes from every service. It cannot be taken back."""
    _sure(yes, f"Erase everything of {pseudonym} of {site}?")
    _erase(f"/v1/subjects/{quote(pseudonym, safe='')}", {"site": site}, by, data, as_json)


@app.command("sample")
def sample(
    identifier: Annotated[UUID, typer.Argument(metavar="SAMPLE", help="The sample's id.")],
    by: By,
    yes: Yes = False,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """One sample goes, with its revisions and what was made of them. It cannot be taken back."""
    _sure(yes, f"Erase sample {identifier}?")
    _erase(f"/v1/samples/{identifier}", {}, by, data, as_json)


@app.command("receipt")
def receipt(
    erasure: Annotated[UUID, typer.Argument(metavar="ERASURE", help="The erasure's id.")],
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Say what each service removed, and what a law makes it keep."""
    _show(_receipt(f"/v1/erasures/{erasure}", data), as_json)


def _sure(yes: bool, question: str) -> None:
    if not yes:
        typer.confirm(question, abort=True, err=True)


def _erase(path: str, asked: dict[str, str], by: str, data: Path, as_json: bool) -> None:
    """Ask for it, and wait for the receipt of every service as long as that is a matter of seconds."""
    answer = services.delete(service_url("ingest", data) + path, asked, by).json()
    deadline = time.monotonic() + PATIENCE_SECONDS
    told = _receipt(answer["receipt"], data)
    while told["state"] != "complete" and time.monotonic() < deadline:
        time.sleep(ASK_SECONDS)
        told = _receipt(answer["receipt"], data)
    _show(told, as_json)
    if told["state"] != "complete":
        waiting = ", ".join(told["waiting_for"])
        tell(f"Not complete yet: {waiting} will say when. canheal erase receipt {told['erasure']}")


def _receipt(path: str, data: Path) -> dict[str, Any]:
    document: dict[str, Any] = services.get(service_url("ingest", data) + path).json()
    return document


def _show(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(document))
        return
    for line in lines(document):
        tell(line)
