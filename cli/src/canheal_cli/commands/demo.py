"""`canheal demo`: the platform, three samples, three reports."""

import json
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated

import typer

from canheal_cli.commands.options import AsJson, tell
from canheal_cli.commands.submit import follow_live, journey_of, link, submit_one, tell_links
from canheal_cli.commands.up import ending_well, overview, say, until_interrupted
from canheal_cli.errors import NoDemoSamplesError
from canheal_cli.events import Feed
from canheal_cli.follow import Journey
from canheal_cli.metadata import metadata_for
from canheal_cli.stack import Stack
from canheal_cli.state import DEFAULT_DATA, Addresses

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    data: Annotated[
        Path, typer.Option(help="Folder for state, logs and the embedded parts' data.")
    ] = DEFAULT_DATA,
    once: Annotated[bool, typer.Option("--once", help="Stop everything after the reports, exit 0.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start everything, send three made-up samples, follow them live, show their reports; then stay up."""
    demo_files = as_file(files("canheal_cli") / "demo")
    with ending_well(), demo_files as folder, Stack(data, say, own_ports=True) as stack:
        stack.wait_ready()
        say(overview(stack.addresses, stack.data))
        journeys = run_samples(samples(folder), stack.addresses)
        _show(journeys, data, stack.addresses, as_json)
        if not once:
            say("stays up; Ctrl-C stops everything")
            until_interrupted()


def samples(folder: Path) -> list[Path]:
    """The demo's VCFs, each with its metadata beside it.

    Raises:
        NoDemoSamplesError: there are none.
    """
    found = sorted([*folder.glob("*.vcf.gz"), *folder.glob("*.vcf")])
    if not found:
        raise NoDemoSamplesError(
            f"No demo samples in {folder}: the installation is incomplete, run `make install`."
        )
    return found


def run_samples(vcfs: list[Path], addresses: Addresses) -> list[Journey]:
    """Send the samples and follow them until each has its report."""
    with Feed(addresses.kafka_bootstrap_servers) as feed:
        journeys = []
        for vcf in vcfs:
            answer = submit_one(addresses.services["ingest-0"], vcf, metadata_for(vcf, None, {}))
            journeys.append(journey_of(vcf, answer))
            if not answer["new"]:
                tell(f"{journeys[-1].label}: the same content was already there, no new time is measured")
        follow_live(feed, journeys)
    return journeys


def _show(journeys: list[Journey], data: Path, addresses: Addresses, as_json: bool) -> None:
    for journey in journeys if as_json else ():
        status = journey.report.status if journey.report else None
        page = link(journey, addresses.services["report-0"])
        fact = {"label": journey.label, "sample": str(journey.sample), "status": status, "report": page}
        typer.echo(json.dumps({**fact, "new": not journey.known, "seconds": journey.seconds}))
    tell_links(journeys, data)
