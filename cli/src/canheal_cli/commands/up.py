"""`canheal up`: the whole platform until Ctrl-C or SIGTERM."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from canheal_cli.stack import Stack
from canheal_cli.state import DEFAULT_DATA, Addresses

app = typer.Typer(add_completion=False)


@app.command()
def up(
    data: Annotated[
        Path, typer.Option(help="Folder for state, logs and the embedded parts' data.")
    ] = DEFAULT_DATA,
    as_json: Annotated[
        bool, typer.Option("--json", help="One line of addresses on stdout when ready.")
    ] = False,
) -> None:
    """Start every process, restart those that end, stop all on Ctrl-C.

    Kafka and the database are embedded unless KAFKA_BOOTSTRAP_SERVERS and MONGODB_URI name others.
    """
    with ending_well(), Stack(data, say, own_ports=True) as stack:
        stack.wait_ready()
        say(overview(stack.addresses, stack.data))
        if as_json:
            typer.echo(stack.addresses.as_json())
        until_interrupted()


@contextmanager
def ending_well() -> Iterator[None]:
    """Ctrl-C or SIGTERM, whenever it comes, stops in order what was started, and is no failure.

    A second one, while everything is being stopped, ends at once.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        say("stopped")


def until_interrupted() -> None:
    """Sleep until Ctrl-C or SIGTERM, which comes out as KeyboardInterrupt."""
    while True:
        signal.pause()


def say(text: str) -> None:
    """Tell the person at the terminal."""
    typer.echo(f"canheal: {text}", err=True)


def overview(addresses: Addresses, data: Path) -> str:
    """The running platform in a few lines."""
    lines = [f"  {slot_id:<12} {url}" for slot_id, url in addresses.services.items()]
    return "\n".join(
        [
            "ready (Ctrl-C stops everything)",
            *lines,
            f"  {'kafka':<12} {addresses.kafka_bootstrap_servers}",
            f"  {'logs':<12} {data / 'logs'}",
        ]
    )
