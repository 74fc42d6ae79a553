"""The figures of our code beside their limits.

`python tools/measures.py` prints a table; `--check` is for CI: it names every crossed place and exits 1.
The limits, and the few places that may cross them, stand in `measures.toml` beside this file.
"""

import argparse
import sys
from math import inf
from pathlib import Path

from rich.console import Console
from rich.table import Table

from house.figures import Figure, figures
from house.limits import Limits, LimitsError

HERE = Path(__file__).parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 when a limit is crossed")
    parser.add_argument("--root", type=Path, default=HERE.parent, help="the tree to measure")
    parser.add_argument("--limits", type=Path, default=HERE / "measures.toml")
    asked = parser.parse_args()
    try:
        limits = Limits.read(asked.limits)
    except (LimitsError, KeyError) as error:
        print(f"measures: {error}", file=sys.stderr)
        return 2
    found = figures(asked.root.resolve(), limits)
    crossed = [figure for figure in found if figure.crossed]
    if not asked.check:
        _show(found, limits)
    for figure in crossed:
        _complain(figure)
    if asked.check and not crossed:
        print(f"measures: {len(found)} figures within their limits")
    return int(bool(asked.check and crossed))


def _show(found: list[Figure], limits: Limits) -> None:
    Console().print(_table(found))
    for one in limits.exceptions:
        print(f"allowed: {one.measure} of {one.where} up to {one.limit}: {one.reason}")


def _complain(figure: Figure) -> None:
    print(f"{figure.name}: {figure.value:g}, the limit is {figure.limit:g}", file=sys.stderr)
    for place in figure.crossed:
        print(f"  {place}", file=sys.stderr)


def _table(found: list[Figure]) -> Table:
    table = Table("figure", "value", "limit", title="Our Python, measured")
    for figure in found:
        limit = "" if figure.limit == inf else f"{figure.limit:g}"
        style = "red" if figure.crossed else None
        table.add_row(figure.name.replace("_", " "), f"{figure.value:g}", limit, style=style)
    return table


if __name__ == "__main__":
    sys.exit(main())
