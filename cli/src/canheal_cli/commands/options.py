"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

Data = Annotated[Path, typer.Option(help="Folder of the running platform.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, one line an item.")]

console = Console(stderr=True)
"""Text for people goes to stderr."""
