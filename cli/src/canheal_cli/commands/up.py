"""`canheal up`: the whole platform until Ctrl-C or SIGTERM."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from canheal_cli.stack import Stack
from canheal_cli.state import DEFAULT_DATA, Addresses

app = typer.Typer()


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
    ended = stop_signals()
    with Stack(data, say) as stack:
        stack.wait_ready()
        say(overview(stack.addresses, stack.data))
        if as_json:
            typer.echo(stack.addresses.as_json())
        ended.wait()
        say("stopping")


def stop_signals() -> threading.Event:
    """An event that is set on SIGINT or SIGTERM; a second signal ends the program at once."""
    ended = threading.Event()

    def on_signal(number: int, _frame: object) -> None:
        ended.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    return ended


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
