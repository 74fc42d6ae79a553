"""OncoTree: the tumour types, each with its parent, main type and tissue.

Source: the JSON tree of oncotree.info (cBioPortal/oncotree, CC BY 4.0).
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from canheal_refdata.errors import SourceRefused

ONCOTREE: Final = pl.Schema(
    {
        "code": pl.String(),
        "name": pl.String(),
        "parent": pl.String(),  # null: the root
        "main_type": pl.String(),
        "tissue": pl.String(),
        "level": pl.Int32(),
        "nci": pl.List(pl.String()),
        "umls": pl.List(pl.String()),
        "earlier_codes": pl.List(pl.String()),  # codes that this one replaced
    }
)


def read_oncotree(path: Path) -> pl.DataFrame:
    """Every node, sorted by code.

    Raises:
        SourceRefused: the file is no such tree.
    """
    try:
        raw = path.read_bytes()
        text = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        tree = json.loads(text)
        rows = list(_nodes(tree))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceRefused(path, f"is no OncoTree of oncotree.info's API ({error!r})") from error
    return pl.DataFrame(rows, schema=ONCOTREE).sort("code")


def _nodes(level: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for node in level.values():
        references = node["externalReferences"]
        yield {
            "code": node["code"],
            "name": node["name"],
            "parent": node["parent"],
            "main_type": node["mainType"],
            "tissue": node["tissue"],
            "level": node["level"],
            "nci": references.get("NCI", []),
            "umls": references.get("UMLS", []),
            "earlier_codes": [*node["history"], *node["revocations"]],
        }
        yield from _nodes(node["children"])


class OncoTree:
    """The tree by code. Codes that were replaced are found under what replaced them by `current`."""

    def __init__(self, nodes: pl.DataFrame) -> None:
        self.nodes = nodes
        self._by_code = {str(row["code"]): row for row in nodes.iter_rows(named=True)}
        self._renamed = {old: code for code, row in self._by_code.items() for old in row["earlier_codes"]}

    def __contains__(self, code: object) -> bool:
        return code in self._by_code

    def __len__(self) -> int:
        return len(self._by_code)

    def __getitem__(self, code: str) -> Mapping[str, Any]:
        """The node, fields of `ONCOTREE`; KeyError for an unknown code."""
        return self._by_code[code]

    def current(self, code: str) -> str | None:
        """The code itself, or the one that replaced it; None where OncoTree has neither."""
        return code if code in self._by_code else self._renamed.get(code)

    def name(self, code: str) -> str:
        return str(self._by_code[code]["name"])

    def ancestors(self, code: str) -> tuple[str, ...]:
        """Codes from the parent up to the tissue, without the root; KeyError for an unknown code."""
        found: list[str] = []
        above = self._by_code[code]["parent"]
        while above is not None and self._by_code[above]["parent"] is not None:
            found.append(above)
            above = self._by_code[above]["parent"]
        return tuple(found)
