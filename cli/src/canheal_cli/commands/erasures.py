"""`canheal erasures export FOLDER`: who was erased, for a restore of an older backup."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from canheal_vault.chain import Action

from canheal_cli.backup.databases import databases
from canheal_cli.backup.make import export_erasures
from canheal_cli.backup.place import to_read
from canheal_cli.commands.options import AsJson, By, Data, tell
from canheal_cli.state import DEFAULT_DATA
from canheal_cli.stores import platform_keys, recorded

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def erasures() -> None:
    """Work with the list of the erased."""


@app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder for the list.")],
    by: By,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Take the erasure list out: do it often, it is what an older backup does not know.

    It names persons only by the platform's HMAC, sealed like a backup.
    """
    keys = platform_keys(data)
    with to_read(data) as places:
        with databases(places.database) as found:
            manifest = export_erasures(found, folder, keys.accepted[0])
        count = manifest.parts[0].documents
        asyncio.run(recorded(places.database, keys, Action.ERASURES_EXPORTED, by, {"count": str(count)}))
    if as_json:
        typer.echo(json.dumps({"records": count, "folder": str(folder)}))
    tell(f"{count:,} records of the erasure list in {folder}.")
