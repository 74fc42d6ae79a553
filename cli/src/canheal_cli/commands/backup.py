"""`canheal backup FOLDER`: every database and the key ring, sealed."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from canheal_vault.chain import Action

from canheal_cli.backup.databases import databases
from canheal_cli.backup.make import back_up
from canheal_cli.backup.place import to_read
from canheal_cli.commands.options import AsJson, By, Data, tell
from canheal_cli.state import DEFAULT_DATA
from canheal_cli.stores import platform_keys, recorded

app = typer.Typer(add_completion=False)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder for this backup.")],
    by: By,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Back up every database and the key ring, while the platform runs or not.

    Each collection is a file sealed under a key derived from CANHEAL_PLATFORM_KEY, which is not in the
    backup: keep it apart, as long as the backup.
    """
    keys = platform_keys(data)
    with to_read(data) as places:
        asyncio.run(recorded(places.database, keys, Action.BACKUP_MADE, by, outcome="begun"))
        with databases(places.database) as found:
            manifest = back_up(found, folder, keys.accepted[0])
        count = sum(part.documents for part in manifest.parts)
        about = {"count": str(count), "platform_key": manifest.platform_key}
        asyncio.run(recorded(places.database, keys, Action.BACKUP_MADE, by, about))
    if as_json:
        typer.echo(json.dumps({"backup": str(manifest.backup), "documents": count, "folder": str(folder)}))
    tell(f"{count:,} documents of {len(manifest.parts)} collections are in {folder}.")
    tell(f"Sealed under the platform key {manifest.platform_key}.")
