"""`canheal watch`: the stream live."""

from collections import deque
from contextlib import nullcontext, suppress
from typing import Annotated

import typer
from canheal_process.terminal import plain
from rich.live import Live
from rich.table import Table
from rich.text import Text

from canheal_cli.commands.options import AsJson, Data, console
from canheal_cli.events import Feed, Seen, describe
from canheal_cli.state import DEFAULT_DATA, bootstrap_servers

app = typer.Typer(add_completion=False)

ROWS = 25


@app.command()
def watch(
    data: Data = DEFAULT_DATA,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with what the broker holds.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show every event as it comes, until Ctrl-C."""
    shown: deque[Seen] = deque(maxlen=ROWS)
    drawn = console.is_terminal and not as_json
    live = Live(console=console, auto_refresh=False) if drawn else None
    with Feed(bootstrap_servers(data)) as feed, suppress(KeyboardInterrupt), live or nullcontext():
        if from_start:
            feed.rewind()
        while True:
            news = feed.poll(0.5)
            shown.extend(news)
            if live:
                live.update(_table(shown, feed.unread), refresh=True)
                continue
            for seen in news:
                typer.echo(seen.as_json() if as_json else plain(_line(seen)))


def _line(seen: Seen) -> str:
    return "  ".join(_cells(seen))


def _cells(seen: Seen) -> tuple[str, str, str, str]:
    subject = getattr(seen.event, "sample", None) or seen.envelope.root_id
    kind = seen.topic.removeprefix("canheal.").removesuffix(".v1")
    return seen.recorded_at.strftime("%H:%M:%S.%f")[:-3], str(subject)[:8], kind, describe(seen.event)


def _table(shown: deque[Seen], unread: int) -> Table:
    caption = f"{unread} records not readable by this version's contract" if unread else None
    drawn = Table("UTC", "sample", "event", "says", caption=caption)
    for seen in shown:
        drawn.add_row(*(Text(plain(cell)) for cell in _cells(seen)))
    return drawn
