"""`docs/bad-input.md`: what an attacker or a mistake sends, and the answer, from the tests' own tables."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

from canheal_genome.rules import rules

from pages.markdown import HEAD, table

TABLES: Final = Path(__file__).parents[2] / "tests" / "bad_input"
COLUMNS: Final = ("kind", "attack", "status", "slug", "rule", "what")
"""Of each table in the folder; `kind` is the section, `rule` one of docs/vcf-rules.md."""

INTRODUCTION = """# What is sent to break the platform, and what it answers

Each row is sent by a test (`tests/bad_input/*.tsv`; the door's by `test_bad_input.py` and
`test_bad_connections.py` of ingest), and the answer is held to the row. A refusal is a problem document
(RFC 9457) with this `type`; afterwards no record, no blob and no file in the scratch folder is there that was
not there before. Where the answer is 202 the row says why it is harmless. {count} rows.
"""


def pages() -> dict[str, str]:
    """The page by its path."""
    rows = [row for path in sorted(TABLES.glob("*.tsv")) for row in read_table(path)]
    kinds = dict.fromkeys(row[0] for row in rows)
    sections = [f"## {kind}\n\n{_section([row for row in rows if row[0] == kind])}" for kind in kinds]
    return {"docs/bad-input.md": "\n".join([HEAD + INTRODUCTION.format(count=len(rows)), *sections])}


def read_table(path: Path) -> list[list[str]]:
    """The rows of a table.

    Raises:
        ValueError: it has other columns.
    """
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    head, *rows = (line.split("\t") for line in lines)
    if tuple(head) != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise ValueError(f"{path} has other columns than {', '.join(COLUMNS)}")
    return rows


def _section(rows: Sequence[Sequence[str]]) -> str:
    return table(("what is sent", "answer", "problem", "rule"), map(_row, rows))


def _row(row: Sequence[str]) -> tuple[str, ...]:
    _, _, status, slug, rule, what = row
    return escape(what, quote=False), status, _code(slug), _rule(rule)


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _rule(rule: str) -> str:
    return f"{rules()[rule].number} `{rule}`" if rule else ""
