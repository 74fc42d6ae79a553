"""`canheal submit FILE...`: send VCFs to the door."""

import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from httpx import codes
from rich.live import Live

from canheal_cli.commands.options import AsJson, Data, console, tell
from canheal_cli.errors import CommandError, NotReadyError, NotRunningError, RefusedError
from canheal_cli.events import Feed, Seen
from canheal_cli.follow import Journey, remarks, table
from canheal_cli.metadata import FIELDS, check_complete, metadata_for, split_words
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
    refusals = Refusals()
    said = ((file, refusals.of(file, partial(prepared, file, metadata, options))) for file in files)
    ready = [(file, document) for file, document in said if document]
    refusals.tell()
    with ExitStack() as opened:
        feed = opened.enter_context(Feed(bootstrap_servers(data))) if follow and ready else None
        accepted = list(send_all(ready, data, refusals, as_json=as_json))
        if feed and accepted:
            follow_live(feed, accepted, as_json=as_json)
            tell_links(accepted, data)
    if refusals.exit_code:
        raise typer.Exit(refusals.exit_code)


def send_all(
    ready: Iterable[tuple[Path, dict[str, Any]]], data: Path, refusals: "Refusals", *, as_json: bool
) -> Iterator[Journey]:
    """Send the files one after the other, each told at once; gives those that were accepted."""
    for file, document in ready:
        answer = refusals.of(file, partial(submit_one, service_url("ingest", data), file, document))
        refusals.tell()
        if answer is None:
            continue
        if as_json:
            typer.echo(json.dumps({"file": str(file), **answer}))
        say_accepted(file, answer)
        yield journey_of(file, answer)


class Refusals:
    """What was refused; the same words for several files are told once."""

    def __init__(self) -> None:
        self.exit_code = 0
        self._untold: dict[str, list[str]] = {}

    def of(self, file: Path, step: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """What the step gives, or None when it is refused."""
        try:
            return step()
        except CommandError as error:
            self.exit_code = error.exit_code
            self._untold.setdefault(str(error), []).append(str(file))
            return None

    def tell(self) -> None:
        for why, files in self._untold.items():
            tell(f"{', '.join(files)}: {why}", style="red")
        self._untold.clear()


def prepared(file: Path, given: Path | None, options: Mapping[str, str]) -> dict[str, Any]:
    """The metadata with which a file can be sent.

    Raises:
        MetadataError: they cannot be read, or lack what the door asks for.
        RefusedError: the file is not there.
    """
    if not file.exists():
        raise RefusedError(f"{os.strerror(errno.ENOENT)}.")
    document = metadata_for(file, given, options)
    check_complete(document)
    return document


def submit_one(ingest: str, file: Path, metadata: dict[str, Any]) -> dict[str, Any]:
    """Send one file; the door's answer, and `new`: False for a content that was already there."""
    response = send(ingest, file, metadata)
    return {**response.json(), "new": response.status_code == codes.ACCEPTED}


def follow_live(feed: Feed, journeys: Sequence[Journey], *, as_json: bool = False) -> None:
    """Show the samples' way until each has its report; on a terminal a table that fills.

    Raises:
        NotReadyError: nothing was said of them for a long time.
    """
    if any(journey.known for journey in journeys):
        feed.rewind()  # what is said of them was said before
    with ExitStack() as drawn:
        live = drawn.enter_context(Live(console=console, auto_refresh=False)) if console.is_terminal else None
        for seen in arrivals(feed, journeys):
            if as_json:
                typer.echo(seen.as_json())
            if live:
                live.update(table(journeys), refresh=True)
    if live is None:  # what is not a terminal gets the table once, a whole line at its end
        console.print(table(journeys))
    for remark in remarks(journeys):
        tell(remark)


def tell_links(journeys: Sequence[Journey], data: Path) -> None:
    """Where each report is, as lines that nothing cuts."""
    try:
        report = service_url("report", data)
    except NotRunningError:
        tell("Where the report service is, CANHEAL_REPORT_URL does not say; below are the paths there:")
        report = ""
    else:
        tell("Open in a browser:")
    width = max(len(journey.label) for journey in journeys)
    for journey in journeys:
        tell(f"  {journey.label:<{width}}  {link(journey, report)}")


def link(journey: Journey, report: str) -> str:
    """The page of a sample's report at the report service's address."""
    return f"{report}{journey.report.links.html}" if journey.report else "no report"


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


def journey_of(file: Path, answer: dict[str, Any]) -> Journey:
    label = str(answer.get("label") or file.name)
    return Journey(label, UUID(answer["sample"]), int(answer["revision"]), known=not answer["new"])


def say_accepted(file: Path, answer: dict[str, Any]) -> None:
    known = "" if answer["new"] else " (the same content was already there)"
    tell(f"{file}: sample {answer['sample']} revision {answer['revision']}{known}")
