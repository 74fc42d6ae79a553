"""`canheal dlq list|show|retry`: what could not be handled."""

from typing import Annotated
from uuid import UUID

import typer
from canheal_schemas import STREAM_SERVICES, DeadLettered, deadletter_topic
from rich.table import Table

from canheal_cli import services
from canheal_cli.commands.options import AsJson, Data, console
from canheal_cli.errors import NoDeadLetterError
from canheal_cli.events import Feed, Seen
from canheal_cli.state import DEFAULT_DATA, bootstrap_servers, service_url

app = typer.Typer(add_completion=False, no_args_is_help=True)

EventId = Annotated[UUID, typer.Argument(metavar="ID", help="The dead letter's event id.")]


@app.command("list")
def list_(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """List the dead letters that the broker holds, the oldest first."""
    found = dead_letters(bootstrap_servers(data))
    if as_json:
        for seen in found:
            typer.echo(seen.as_json())
        return
    drawn = Table("id", "UTC", "service", "error", "sample", "message")
    for seen in found:
        letter = _letter(seen)
        drawn.add_row(
            str(seen.envelope.event_id),
            f"{seen.recorded_at:%Y-%m-%d %H:%M:%S}",
            letter.service,
            letter.error,
            str(letter.sample or ""),
            letter.message,
        )
    console.print(drawn if found else "No dead letter.")


@app.command("show")
def show(identifier: EventId, data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Show all that a dead letter says; its body stays encrypted."""
    seen = _one(identifier, bootstrap_servers(data))
    if as_json:
        typer.echo(seen.as_json())
        return
    for name, value in seen.event.model_dump(mode="json", exclude_none=True).items():
        console.print(f"{name:<18} {value}", highlight=False, markup=False)


@app.command("retry")
def retry(identifier: EventId, data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Send the event of a dead letter to its service once more."""
    letter = _letter(_one(identifier, bootstrap_servers(data)))
    answer = services.post(f"{service_url(letter.service, data)}/v1/deadletters/{identifier}/retry")
    if as_json:
        typer.echo(answer.text)
    console.print(
        f"{letter.service} takes {letter.input_type} up again; `canheal watch` shows what comes of it."
    )


def dead_letters(bootstrap: str) -> list[Seen]:
    """Every dead letter once, the oldest first."""
    with Feed(bootstrap, [deadletter_topic(service).name for service in STREAM_SERVICES]) as feed:
        found = {seen.envelope.event_id: seen for seen in feed.everything()}
    return sorted(found.values(), key=lambda seen: seen.recorded_at)


def _one(identifier: UUID, bootstrap: str) -> Seen:
    for seen in dead_letters(bootstrap):
        if seen.envelope.event_id == identifier:
            return seen
    raise NoDeadLetterError(
        f"No dead letter has the id {identifier}; `canheal dlq list` shows those there are."
    )


def _letter(seen: Seen) -> DeadLettered:
    if not isinstance(seen.event, DeadLettered):
        raise TypeError(f"{seen.topic} holds a {type(seen.event).__name__}")
    return seen.event
