"""A storm's result for people and programs: JSON, and tables in Markdown."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from storm import Outcome

type Result = dict[str, Any]
"""An `Outcome` as JSON has it, and of each strike its words."""

MEANWHILE = "+"
"""After the seconds to recover: other strikes fell meanwhile."""
HEADINGS = (
    "seed", "strikes", "accepted", "final reports", "duplicates on the wire", "dead letters", "sent again",
    "lost", "doubled", "wrong", "seconds to recover, struck alone: median, longest", "all: median, longest",
)  # fmt: skip


def as_result(outcome: Outcome) -> Result:
    result: Result = json.loads(json.dumps(asdict(outcome)))
    for struck, made in zip(result["struck"], outcome.struck, strict=True):
        struck["words"] = made.strike.words
    return result


def row(result: Result) -> str:
    """One storm in one row under `HEADINGS`."""
    verdict = result["verdict"]
    done = [one for one in result["struck"] if not one["skipped"]]
    back = [one for one in done if one["recovered_seconds"] is not None]
    cells = (
        result["seed"],
        len(done),
        verdict["accepted"],
        verdict["final_reports"],
        verdict["duplicates"],
        verdict["dead_letters"],
        result["tries_again"],
        len(verdict["lost"]),
        len(verdict["doubled"]),
        len(verdict["wrong"]),
        _seconds([one for one in back if one["alone"]]),
        _seconds(back),
    )
    return _line(cells)


def _seconds(back: Sequence[Result]) -> str:
    seconds = [one["recovered_seconds"] for one in back]
    return f"{statistics.median(seconds):.1f}, {max(seconds):.1f} ({len(seconds)})" if seconds else "-"


def summary(results: Sequence[Result]) -> str:
    """A row a storm."""
    return "\n".join([_line(HEADINGS), _line("---" for _ in HEADINGS), *map(row, results)])


def strikes(results: Sequence[Result]) -> str:
    """A row a strike, a column a storm: when it came, and the seconds to recover."""
    kinds = sorted({_kind(one) for result in results for one in result["struck"]})
    head = ("what was struck", *(f"seed {result['seed']}" for result in results))
    rows = [_line((kind, *(_when(kind, result) for result in results))) for kind in kinds]
    return "\n".join([_line(head), _line("---" for _ in head), *rows])


def _kind(struck: Result) -> str:
    strike = struck["strike"]
    return f"{strike['target']}: {strike['kind']}"


def _when(kind: str, result: Result) -> str:
    return "; ".join(_cell(one) for one in result["struck"] if _kind(one) == kind) or "-"


def _cell(struck: Result) -> str:
    strike = struck["strike"]
    if struck["skipped"]:
        return f"not done: {struck['skipped']}"
    how = [f"at {strike['at']:.0f} s"]
    how += [f"{strike['hours']:+g} h"] if strike["hours"] else []
    how += [f"for {strike['seconds']:.0f} s"] if strike["seconds"] else []
    back = struck["recovered_seconds"]
    seconds = "no later sample" if back is None else f"{back:.1f} s{'' if struck['alone'] else MEANWHILE}"
    return f"{', '.join(how)}: {seconds}"


def _line(cells: Any) -> str:
    return f"| {' | '.join(map(str, cells))} |"
