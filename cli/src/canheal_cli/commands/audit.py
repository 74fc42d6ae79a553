"""`canheal audit verify|list`: the services' audit logs, read over HTTP and checked here."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from canheal_vault.chain import Finding, verify

from canheal_cli import services
from canheal_cli.commands.options import AsJson, By, Data, tell
from canheal_cli.errors import RefusedError
from canheal_cli.processes import PROCESSES
from canheal_cli.state import DEFAULT_DATA, service_url

app = typer.Typer(add_completion=False, no_args_is_help=True)

PAGE = 10_000
SERVICES = tuple(dict.fromkeys(process.service for process in PROCESSES))
Service = Annotated[str | None, typer.Option(help="Only this service's log.")]
TOKEN_SHOWN = 12


@app.command("verify")
def verify_(
    by: By,
    head: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SERVICE=HASH",
            help="A head that was noted or logged earlier: the log must still contain it. Once per service.",
        ),
    ] = None,
    service: Service = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Check that no entry was changed, removed, put in or moved; exit code 1 and the place where one was.

    That the end was not cut off only a head shows that was kept elsewhere: note the one printed here, or take
    one from the services' logs (`audit-head`).
    """
    anchors = _anchors(head or [])
    broken = False
    for name in _named(service):
        found = verify(_lines(name, data, by), name, anchors.get(name))
        broken |= found.broken is not None
        _show(name, found, as_json)
    if broken:
        raise typer.Exit(1)


@app.command("list")
def list_(
    by: By,
    since: Annotated[datetime | None, typer.Option(help="Only from this time on (UTC).")] = None,
    action: Annotated[str | None, typer.Option(help="Only this action, e.g. report.viewed.")] = None,
    service: Service = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """List who did what, the oldest first; persons are named by tokens that only their own key can make."""
    entries = [json.loads(line) for name in _named(service) for line in _lines(name, data, by)]
    start = since.isoformat() if since else ""
    for entry in sorted(entries, key=lambda entry: str(entry["at"])):
        if entry["at"] < start or (action and entry["action"] != action):
            continue
        if as_json:
            typer.echo(json.dumps(entry))
        else:
            tell(_row(entry))


def _named(service: str | None) -> tuple[str, ...]:
    if service is None:
        return SERVICES
    if service not in SERVICES:
        raise RefusedError(f"There is no service {service!r}; there are {', '.join(SERVICES)}.")
    return (service,)


def _anchors(said: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in said]
    wrong = [name for name, _, value in pairs if name not in SERVICES or not value]
    if wrong:
        raise RefusedError(f"--head is SERVICE=HASH, e.g. report=3f…; found {', '.join(said)}.")
    return {name: value for name, _, value in pairs}


def _lines(service: str, data: Path, by: str) -> Iterator[str]:
    """Every entry of a service's log; the reading itself adds one a page."""
    after = 0
    while True:
        asked = {"after": str(after), "limit": str(PAGE)}
        page = services.get(f"{service_url(service, data)}/v1/audit", asked, by=by).text.splitlines()
        yield from page
        if len(page) < PAGE:
            return
        after += len(page)


def _show(service: str, found: Finding, as_json: bool) -> None:
    at = [moment.isoformat() if moment else None for moment in (found.first_at, found.last_at)]
    if as_json:
        said = {"service": service, "entries": found.head.sequence, "head": found.head.hash}
        typer.echo(json.dumps({**said, "first_at": at[0], "last_at": at[1], "broken": found.broken}))
        return
    span = f"from {at[0]} to {at[1]}" if found.first_at else "no entry yet"
    tell(f"{service}: {found.head.sequence:,} entries {span}")
    tell(f"  head {service}={found.head.hash}")
    tell(f"  BROKEN: {found.broken}" if found.broken else "  whole")


def _row(entry: dict[str, Any]) -> str:
    about = " ".join(f"{name}={str(value)[:TOKEN_SHOWN]}" for name, value in entry["about"].items())
    who = (entry["subject"] or "-")[:TOKEN_SHOWN]
    place = f"{entry['service']}:{entry['sequence']}"
    said = f"{entry['at'][:19]} {place:<14} {entry['actor']:<20} {entry['action']:<22} {who:<12} {about}"
    return said if entry["outcome"] == "done" else f"{said} ({entry['outcome']})"
