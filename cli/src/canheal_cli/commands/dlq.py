"""`canheal dlq list|show|retry`: what could not be handled."""

import json
from typing import Annotated
from uuid import UUID

import typer
from canheal_chassis.errors import NoSuchDeadLetter
from canheal_chassis.message import RETRY_OF
from canheal_schemas import STREAM_SERVICES, DeadLettered, deadletter_topic, retry_topic

from canheal_cli import services
from canheal_cli.commands.options import AsJson, Data, tell
from canheal_cli.events import Feed, Seen
from canheal_cli.readable import lines
from canheal_cli.state import DEFAULT_DATA, bootstrap_servers, service_url

app = typer.Typer(add_completion=False, no_args_is_help=True)

EventId = Annotated[UUID, typer.Argument(metavar="ID", help="The dead letter's event id.")]


@app.command("list")
def list_(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """List the dead letters that the broker holds, the oldest first."""
    found = dead_letters(bootstrap_servers(data))
    again = sent_again(bootstrap_servers(data)) if found else set()
    for seen in found:
        state = _state(seen, again)
        if as_json:
            typer.echo(json.dumps({**json.loads(seen.as_json()), "state": state}))
            continue
        letter = _letter(seen)
        about = f"sample {letter.sample} revision {letter.revision}" if letter.sample else letter.input_type
        tell(f"{seen.envelope.event_id}  {state}")
        tell(f"  {seen.recorded_at:%Y-%m-%d %H:%M:%S} UTC  {letter.service}  {letter.error}  {about}")
        tell(f"  {letter.message}")
    if not found:
        tell("No dead letter.")


@app.command("show")
def show(identifier: EventId, data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Show all that a dead letter says; its body stays encrypted."""
    seen = _one(identifier, bootstrap_servers(data))
    if as_json:
        typer.echo(seen.as_json())
        return
    state = _state(seen, sent_again(bootstrap_servers(data)))
    said = seen.event.model_dump(mode="json", exclude_none=True)
    for line in lines({"id": identifier, "state": state, **said}):
        tell(line)


@app.command("retry")
def retry(identifier: EventId, data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Send the event of a dead letter to its service once more."""
    letter = _letter(_one(identifier, bootstrap_servers(data)))
    answer = services.post(f"{service_url(letter.service, data)}/v1/deadletters/{identifier}/retry")
    if as_json:
        typer.echo(answer.text)
    tell(f"{letter.service} takes {letter.input_type} up again; `canheal watch` shows what comes of it.")


def dead_letters(bootstrap: str) -> list[Seen]:
    """Every dead letter once, the oldest first."""
    with Feed(bootstrap, [deadletter_topic(service).name for service in STREAM_SERVICES]) as feed:
        found = {seen.envelope.event_id: seen for seen in feed.everything()}
    return sorted(found.values(), key=lambda seen: seen.recorded_at)


def sent_again(bootstrap: str) -> set[str]:
    """Ids of the dead letters that somebody sent to their service once more."""
    with Feed(bootstrap, [retry_topic(service).name for service in STREAM_SERVICES]) as feed:
        return feed.header_values(RETRY_OF)


def _state(seen: Seen, again: set[str]) -> str:
    """A retried one that fails anew is a new dead letter with an id of its own."""
    return "retried" if str(seen.envelope.event_id) in again else "open"


def _one(identifier: UUID, bootstrap: str) -> Seen:
    for seen in dead_letters(bootstrap):
        if seen.envelope.event_id == identifier:
            return seen
    raise NoSuchDeadLetter(
        f"No dead letter has the id {identifier}; `canheal dlq list` shows those there are."
    )


def _letter(seen: Seen) -> DeadLettered:
    if not isinstance(seen.event, DeadLettered):
        raise TypeError(f"{seen.topic} holds a {type(seen.event).__name__}")
    return seen.event
