"""Tables of the generated pages."""

from collections.abc import Iterable, Sequence

HEAD = "<!-- Written by `make generate`: change the source that it names, not this page. -->\n"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a cell may hold any one-line text."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
