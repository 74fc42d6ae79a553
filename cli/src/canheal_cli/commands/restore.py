"""`canheal restore FOLDER`: a backup into an empty database, with a newer erasure list."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from canheal_vault.chain import Action

from canheal_cli.backup.databases import databases
from canheal_cli.backup.groups import set_back
from canheal_cli.backup.make import Opened
from canheal_cli.backup.make import restore as put_back
from canheal_cli.backup.place import at_rest
from canheal_cli.commands.options import AsJson, By, Data, tell
from canheal_cli.state import DEFAULT_DATA
from canheal_cli.stores import platform_keys, recorded

app = typer.Typer(add_completion=False)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `canheal backup` made.")],
    by: By,
    erasures: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A newer erasure list: what `canheal erasures export` made, or a newer backup.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Remove what the database holds first.")] = False,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Put a backup into an empty database while no service runs; every file is checked before any is used.

    Whoever was erased since is erased again before anything of theirs is served: the stream says it where it
    is the same one, the list in --erasures where it is new. An audit log is never shortened.
    """
    keys = platform_keys(data)
    backup = Opened.at(folder, keys.accepted)
    newer = Opened.at(erasures, keys.accepted) if erasures else None
    with at_rest(data) as places:
        groups = set_back(places.broker) if places.broker else None
        with databases(places.database) as found:
            erased = put_back(found, backup, newer, force=force)
        count = sum(part.documents for part in backup.collections.values())
        asyncio.run(recorded(places.database, keys, Action.BACKUP_RESTORED, by, {"count": str(count)}))
    if as_json:
        typer.echo(json.dumps({"backup": str(backup.manifest.backup), "documents": count, "erased": erased}))
    tell(f"{count:,} documents of {backup.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC are back.")
    if newer:
        tell(f"{erased:,} erased persons of the newer list are erased before anything of theirs is served.")
    if groups is None:
        tell("No broker was named (KAFKA_BOOTSTRAP_SERVERS): set the groups canheal-* back before you start.")
