"""`canheal status [SAMPLE]`: where a sample is, or how the platform's processes are."""

import json
from typing import Annotated, Any

import httpx
import typer

from canheal_cli import services
from canheal_cli.commands.options import AsJson, Data, console
from canheal_cli.state import DEFAULT_DATA, read_addresses, service_url

app = typer.Typer(add_completion=False)


@app.command()
def status(
    sample: Annotated[str | None, typer.Argument(help="The sample's id, as `submit` gave it.")] = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """Say where a sample is and what holds it; without SAMPLE, which processes are ready."""
    if sample:
        document = services.get(f"{service_url('ingest', data)}/v1/samples/{sample}").json()
        _show(document, as_json)
        return
    found = {slot_id: _readiness(url) for slot_id, url in read_addresses(data).services.items()}
    _show(found, as_json)
    if set(found.values()) != {"ready"}:
        raise typer.Exit(1)


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
    for name, value in document.items():
        text = value if isinstance(value, str) else json.dumps(value)
        console.print(f"{name:<18} {text}", highlight=False, markup=False)
