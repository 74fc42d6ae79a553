"""What several commands have: options, and how they speak to a person."""

import getpass
from pathlib import Path
from typing import Annotated

import typer
from canheal_process.terminal import plain
from rich.console import Console

Data = Annotated[Path, typer.Option(help="Folder of the running platform.")]
By = Annotated[str, typer.Option(help="Who does it, for the audit log.", default_factory=getpass.getuser)]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, one line an item.")]

console = Console(stderr=True)
"""Text for people goes to stderr."""


def tell(text: str, style: str | None = None) -> None:
    """Say it whole: a terminal may break a long line, nothing cuts an id or an address."""
    console.print(plain(text), style=style, soft_wrap=True, highlight=False, markup=False)
