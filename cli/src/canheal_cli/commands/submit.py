"""`canheal submit FILE...`: send VCFs to the door."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from httpx import codes
from rich.live import Live

from canheal_cli.commands.options import AsJson, Data, console
from canheal_cli.errors import CommandError, NotReadyError
from canheal_cli.events import Feed, Seen
from canheal_cli.follow import Journey, table
from canheal_cli.metadata import FIELDS, metadata_for, split_words
from canheal_cli.services import submit as send
from canheal_cli.state import DEFAULT_DATA, bootstrap_servers, service_url

app = typer.Typer(add_completion=False)

PATIENCE_SECONDS = 600.0
METADATA_HELP = (
    "VCFs, and what is said of them: "
    + "; ".join(f"--{name}: {field.help}" for name, field in FIELDS.items())
    + "."
)


@app.command(context_settings={"ignore_unknown_options": True})
def submit(
    words: Annotated[list[str], typer.Argument(metavar="FILE... [METADATA OPTIONS]", help=METADATA_HELP)],
    metadata: Annotated[Path | None, typer.Option(help="JSON with what is said of each file.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Stay until each sample has its report.")] = False,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Send VCFs (plain or compressed, any size) with their metadata.

    Metadata come from --metadata, else from the JSON file beside each VCF (T1.json for T1.vcf.gz); options
    complete or correct them. A refused file does not stop the others; the exit code then is not 0.
    """
    files, options = split_words(words)
    with ExitStack() as opened:
        feed = opened.enter_context(Feed(bootstrap_servers(data))) if follow else None
        accepted: list[Journey] = []
        refused: CommandError | None = None
        for file in files:
            try:
                answer = submit_one(service_url("ingest", data), file, metadata_for(file, metadata, options))
            except CommandError as error:
                refused = error
                console.print(f"{file}: {error}", style="red", highlight=False, markup=False)
                continue
            if as_json:
                typer.echo(json.dumps({"file": str(file), **answer}))
            accepted.append(_journey(file, answer))
            _say_accepted(file, answer)
            if feed and not answer["new"]:
                feed.rewind()
        if feed:
            follow_live(feed, accepted, as_json=as_json)
    if refused:
        raise typer.Exit(refused.exit_code)


def submit_one(ingest: str, file: Path, metadata: dict[str, Any]) -> dict[str, Any]:
    """Send one file; the door's answer, and `new`: False for a content that was already there."""
    response = send(ingest, file, metadata)
    return {**response.json(), "new": response.status_code == codes.ACCEPTED}


def follow_live(feed: Feed, journeys: Sequence[Journey], *, as_json: bool = False) -> None:
    """Show the samples' way until each has its report; on a terminal a table that fills.

    Raises:
        NotReadyError: nothing was said of them for a long time.
    """
    with Live(console=console, auto_refresh=False) as live:
        for seen in arrivals(feed, journeys):
            if as_json:
                typer.echo(seen.as_json())
            live.update(table(journeys), refresh=console.is_terminal)
        live.update(table(journeys), refresh=True)


def arrivals(
    feed: Feed, journeys: Sequence[Journey], patience_seconds: float = PATIENCE_SECONDS
) -> Iterator[Seen]:
    """The events about these samples until each has its report."""
    silence = 0.0
    while not all(journey.done for journey in journeys):
        news = [seen for seen in feed.poll(0.5) if takers(seen, journeys)]
        yield from news
        silence = 0.0 if news else silence + 0.5
        if silence > patience_seconds:
            waiting = ", ".join(journey.label for journey in journeys if not journey.done)
            raise NotReadyError(
                f"No report yet for {waiting}, and no event of them for {patience_seconds:.0f} s."
                " `canheal status SAMPLE` says where each is, `canheal dlq list` what was given up."
            )


def takers(seen: Seen, journeys: Sequence[Journey]) -> list[Journey]:
    """Those that the event is about, having taken it in; one file sent twice makes two of them."""
    return [journey for journey in journeys if journey.take(seen)]


def _journey(file: Path, answer: dict[str, Any]) -> Journey:
    return Journey(str(answer.get("label") or file.name), UUID(answer["sample"]), int(answer["revision"]))


def _say_accepted(file: Path, answer: dict[str, Any]) -> None:
    known = "" if answer["new"] else " (the same content was already there)"
    console.print(
        f"{file}: sample {answer['sample']} revision {answer['revision']}{known}",
        highlight=False,
        markup=False,
    )
