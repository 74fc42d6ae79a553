"""`canheal status [SAMPLE]`: where a sample is, or how the platform's processes are."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import typer

from canheal_cli import services
from canheal_cli.commands.options import AsJson, Data, tell
from canheal_cli.errors import NotRunningError
from canheal_cli.readable import lines
from canheal_cli.state import DEFAULT_DATA, read_addresses, service_url

app = typer.Typer(add_completion=False)


@app.command()
def status(
    sample: Annotated[
        UUID | None, typer.Argument(metavar="SAMPLE", help="The sample's id, as `submit` gave it.")
    ] = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Say where a sample is and what holds it; without SAMPLE, which processes are ready."""
    if sample:
        document = services.get(f"{service_url('ingest', data)}/v1/samples/{sample}").json()
        _show(document if as_json else in_short(document, data), as_json)
        return
    found = {slot_id: _readiness(url) for slot_id, url in read_addresses(data).services.items()}
    _show(found, as_json)
    if set(found.values()) != {"ready"}:
        raise typer.Exit(1)


def in_short(standing: dict[str, Any], data: Path) -> dict[str, Any]:
    """Where a sample is, each part in a line, the report with whole addresses."""
    parts = {
        name: ": ".join(filter(None, (part["status"], part["reason"])))
        for name, part in standing.get("parts", {}).items()
    }
    report = standing.get("report")
    if report:
        with suppress(NotRunningError):  # then the paths stay as they are
            base = service_url("report", data)
            report = report | {form: base + report[form] for form in ("html", "json") if form in report}
    return standing | {"parts": parts, "report": report}


def _readiness(url: str) -> str:
    try:
        response = httpx.get(f"{url}/readyz", timeout=2)
    except httpx.HTTPError as error:
        return f"does not answer ({type(error).__name__})"
    return "ready" if response.is_success else services.problem_text(response)


def _show(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(document))
        return
    for line in lines(document):
        tell(line)
