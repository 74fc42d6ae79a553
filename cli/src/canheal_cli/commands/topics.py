"""`canheal topics apply|list`: the contract's topics on the broker."""

import json

import typer

from canheal_cli.commands.options import AsJson, Data
from canheal_cli.state import DEFAULT_DATA, bootstrap_servers
from canheal_cli.topics import Standing, TopicState, apply_topics, standings

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.command("apply")
def apply(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Make the topics that are missing and mend settings; run it before any worker starts."""
    before = apply_topics(bootstrap_servers(data))
    changed = [standing for standing in before if standing.state is not TopicState.AS_AGREED]
    _show(changed, as_json)
    typer.echo(f"{len(changed)} of {len(before)} topics made or mended", err=True)


@app.command("list")
def list_(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Show every topic of the contract and how it stands on the broker."""
    _show(standings(bootstrap_servers(data)), as_json)


def _show(found: list[Standing], as_json: bool) -> None:
    for standing in found:
        topic = standing.topic
        if as_json:
            fact = {"topic": topic.name, "key": topic.key, "partitions": topic.partitions}
            typer.echo(json.dumps({**fact, "cleanup": topic.cleanup, "state": standing.state}))
        else:
            typer.echo(
                f"{topic.name:<34} {topic.partitions:>3} {topic.cleanup:<8} {standing.state}", err=True
            )
