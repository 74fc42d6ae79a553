"""`canheal report ID`: a report as a page or as data."""

import sys
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer
from canheal_process.terminal import plain
from canheal_schemas import ReportIssued

from canheal_cli import services
from canheal_cli.commands.options import AsJson, Data
from canheal_cli.errors import NoReportError
from canheal_cli.events import Feed
from canheal_cli.state import DEFAULT_DATA, bootstrap_servers, service_url

app = typer.Typer(add_completion=False)


class Format(StrEnum):
    """How the report is given."""

    JSON = "json"
    HTML = "html"


@app.command()
def report(
    identifier: Annotated[
        UUID, typer.Argument(metavar="ID", help="A sample's id (its newest report) or a report's.")
    ],
    format_: Annotated[Format, typer.Option("--format", help="json or html.")] = Format.JSON,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Write a report to stdout."""
    issued = newest(bootstrap_servers(data), identifier)
    if issued is None:
        raise NoReportError(
            f"No report has the id {identifier}, and no sample with this id has one yet."
            f" `canheal status {identifier}` says where the sample is."
        )
    path = issued.links.json_document if as_json or format_ is Format.JSON else issued.links.html
    text = services.get(service_url("report", data) + path).text
    typer.echo(plain(text) if sys.stdout.isatty() else text)


def newest(bootstrap: str, identifier: UUID) -> ReportIssued | None:
    """The report with this id, or the newest of the sample with this id, as the stream says it."""
    with Feed(bootstrap, [ReportIssued.topic.name]) as feed:
        issued = [seen.event for seen in feed.everything() if isinstance(seen.event, ReportIssued)]
    found = [event for event in issued if identifier in (event.sample, event.report_id)]
    return max(found, key=lambda event: (event.revision, len(event.parts)), default=None)
