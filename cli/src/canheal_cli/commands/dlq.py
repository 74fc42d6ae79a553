"""`canheal dlq list|show|retry|drop`: what could not be handled, and what a person decides on it."""

import getpass
import json
import sys
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer
from canheal_chassis.letters import Letter, LetterState
from canheal_process.clock import utc_now
from canheal_process.errors import Unreachable
from canheal_process.terminal import plain

from canheal_cli import services
from canheal_cli.commands.options import AsJson, Data, tell
from canheal_cli.errors import RefusedError
from canheal_cli.letters import age, everywhere, facts, place_of, table
from canheal_cli.readable import lines
from canheal_cli.state import DEFAULT_DATA

app = typer.Typer(add_completion=False, no_args_is_help=True)

EventId = Annotated[UUID, typer.Argument(metavar="ID", help="The dead letter's id.")]
By = Annotated[
    str, typer.Option(help="Who decides or reads, for the audit log.", default_factory=getpass.getuser)
]


@app.command("list")
def list_(
    state: Annotated[LetterState, typer.Option(help="open, retried, mended or dropped.")] = LetterState.OPEN,
    every: Annotated[bool, typer.Option("--all", help="Whatever was decided.")] = False,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """List the dead letters that wait for a person (or `--state`, or `--all`), the oldest first."""
    found = everywhere(data, None if every else state.value)
    now = utc_now()
    if as_json:
        for letter in found.letters:
            typer.echo(json.dumps({**letter.model_dump(mode="json"), "age": age(letter.kept_at, now)}))
    else:
        nothing = "No dead letter." if every else f"No {state} dead letter."
        for line in table(found.letters, now) if found.letters else [nothing]:
            tell(line)
    if found.silent:
        told = "\n  ".join(f"{service}: {why}" for service, why in found.silent.items())
        raise Unreachable(f"The list is not whole; some services do not answer:\n  {told}")


@app.command("show")
def show(
    identifier: EventId,
    by: By,
    body: Annotated[
        bool, typer.Option("--body", help="Decrypt and show what could not be handled; the view is audited.")
    ] = False,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Show what a dead letter says, what its error means and what to do."""
    place = place_of(identifier, data)
    letter = Letter.model_validate(services.get(place).json())
    content = services.get(f"{place}/body", by=by).content if body else None
    if as_json:
        shown = {} if content is None else {"body": content.decode("utf-8", "replace")}
        typer.echo(json.dumps(letter.model_dump(mode="json") | shown))
        return
    for line in lines(facts(letter, utc_now())):
        tell(line)
    if content is not None:
        text = _readable(content)
        typer.echo(plain(text) if sys.stdout.isatty() else text)


@app.command("retry")
def retry(
    identifier: EventId,
    by: By,
    body: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The mended event in JSON, sent instead of what came."),
    ] = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Send a dead letter to its service once more: as it came, or mended.

    As it came, it keeps its id. Mended, it is a new event: the contract checks it first, and consent is asked
    anew. `canheal dlq show ID --body > FILE` writes what came, to be mended.
    """
    place = place_of(identifier, data)
    if body is None:
        answer = services.post(f"{place}/retry", by)
    else:
        answer = services.post(f"{place}/mend", by, content=_read(body))
    _decided(answer, as_json, "takes it up again; `canheal watch` shows what comes of it.")


@app.command("drop")
def drop(
    identifier: EventId,
    by: By,
    why: Annotated[
        str,
        typer.Option(
            prompt="Why is nothing to come of it? (the report says it; name no person)",
            help="The reason; the report, the sample's status and the audit log say it. Name no person.",
        ),
    ],
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Give a dead letter up for good: it is kept, and the report says that nothing will come of that part."""
    answer = services.post(f"{place_of(identifier, data)}/drop", by, json={"why": why})
    _decided(answer, as_json, "lets it be; the sample's report and status say why.")


def _decided(answer: httpx.Response, as_json: bool, what: str) -> None:
    if as_json:
        typer.echo(json.dumps(answer.json()))
    letter: dict[str, Any] = answer.json()
    tell(f"{letter['state']}: {letter['service']} {what}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RefusedError(f"{path}: {error.strerror}.") from error


def _readable(content: bytes) -> str:
    """JSON a field a line; what is no JSON as it is, what is no text by its bytes."""
    try:
        return json.dumps(json.loads(content), indent=2, ensure_ascii=False)
    except ValueError:
        return content.decode("utf-8", "backslashreplace")
