"""`canheal keys status|rotate`: which platform key wraps the data keys, and another one instead."""

import asyncio
import json
from pathlib import Path

import typer
from canheal_vault.chain import Action
from canheal_vault.keys import KeyRing

from canheal_cli.commands.options import AsJson, By, Data, tell
from canheal_cli.state import DEFAULT_DATA
from canheal_cli.stores import database_uri, opened, platform_keys

app = typer.Typer(add_completion=False, no_args_is_help=True)

SAID_EVERY = 1000
DESTROYED = "destroyed"
BEFORE_ROTATIONS = "not named"


@app.command("status")
def status(data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Say how many data keys each platform key wraps; exit code 1 while one is left under another."""
    ring, counts = asyncio.run(_status(data))
    for mark, count in sorted(counts.items()):
        role = role_of(mark, ring)
        if as_json:
            typer.echo(json.dumps({"platform_key": mark or None, "role": role, "keys": count}))
        else:
            tell(f"{mark or '(before rotations)':<18} {role:<10} {count:>9,} keys")
    if any(role_of(mark, ring) not in {"present", DESTROYED} for mark in counts):
        tell("Not all data keys are under the present platform key: run `canheal keys rotate`.")
        raise typer.Exit(1)


@app.command("rotate")
def rotate(by: By, data: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Wrap every data key with CANHEAL_PLATFORM_KEY; CANHEAL_PLATFORM_KEY_FORMER opens those of before.

    No blob is touched and no subject renamed; services go on meanwhile if they know both keys. Killed
    half-way: run it again.
    """
    done, mark = asyncio.run(_rotate(data, by))
    if as_json:
        typer.echo(json.dumps({"platform_key": mark, "keys": done}))
    tell(f"{done:,} keys wrapped anew: all are under the platform key {mark} now.")


def role_of(mark: str, ring: KeyRing) -> str:
    """What a platform key is to this ring."""
    if mark in {DESTROYED, ""}:
        return mark or BEFORE_ROTATIONS
    return "present" if mark == ring.platform.fingerprint else "former" if ring.accepts(mark) else "unknown"


async def _status(data: Path) -> tuple[KeyRing, dict[str, int]]:
    async with opened(database_uri(data), platform_keys(data)) as stores:
        return stores.ring, await stores.files.count_wrapped_keys()


async def _rotate(data: Path, by: str) -> tuple[int, str]:
    async with opened(database_uri(data), platform_keys(data)) as stores:
        mark, done = stores.ring.platform.fingerprint, 0
        about = {"platform_key": mark}
        await stores.audit.record(Action.KEYS_ROTATED, by, about=about, outcome="begun")
        async for done in stores.ring.rotate():
            if done % SAID_EVERY == 0:
                tell(f"{done:,} keys")
        await stores.audit.record(Action.KEYS_ROTATED, by, about=about | {"count": str(done)})
    return done, mark
