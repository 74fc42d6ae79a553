"""What several commands have: options, and how they speak to a person."""

from pathlib import Path
from typing import Annotated

import typer
from canheal_chassis.terminal import plain
from rich.console import Console

Data = Annotated[Path, typer.Option(help="Folder of the running platform.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, one line an item.")]

console = Console(stderr=True)
"""Text for people goes to stderr."""


def tell(text: str, style: str | None = None) -> None:
    """Say it whole: a terminal may break a long line, nothing cuts an id or an address."""
    console.print(plain(text), style=style, soft_wrap=True, highlight=False, markup=False)
