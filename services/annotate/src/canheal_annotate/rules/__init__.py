"""The tables that the rules stand in, each with its source, read once."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final

import polars as pl

_FOLDER: Final = files(__package__)


@cache
def table(name: str) -> pl.DataFrame:
    """A TSV of this folder, all strings; `#` begins a comment line."""
    return pl.read_csv(
        _FOLDER.joinpath(f"{name}.tsv").read_bytes(),
        separator="\t",
        comment_prefix="#",
        infer_schema=False,
        quote_char=None,
    )


@cache
def document(name: str) -> dict[str, Any]:
    """A TOML of this folder."""
    return tomllib.loads(_FOLDER.joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def version() -> str:
    """Version of the rules as events carry it: each table's own."""
    return "; ".join(f"{name} {document(name)['version']}" for name in ("tiering", "germline"))
