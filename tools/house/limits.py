"""The limits and the listed exceptions, read from `measures.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Self


class LimitsError(Exception):
    """`measures.toml` cannot be used; the message says what is wrong in it."""


@dataclass(frozen=True)
class ListedException:
    """A place that may cross one measure up to its own limit, and why."""

    measure: str
    where: str
    limit: int
    reason: str

    @classmethod
    def of(cls, table: dict[str, object]) -> Self:
        wanted = {"measure": str, "where": str, "limit": int, "reason": str}
        for key, kind in wanted.items():
            if not isinstance(table.get(key), kind) or table[key] == "":
                raise LimitsError(
                    f"An exception in measures.toml needs {key} ({kind.__name__}): found {table}"
                )
        if unknown := table.keys() - wanted:
            raise LimitsError(f"An exception in measures.toml has unknown keys: {', '.join(sorted(unknown))}")
        return cls(**table)  # type: ignore[arg-type]  # the loop above has looked at each


@dataclass(frozen=True)
class Limits:
    """One number a measure, and the places that may cross theirs."""

    limit: dict[str, int]
    exceptions: tuple[ListedException, ...]

    @classmethod
    def read(cls, path: Path) -> Self:
        tables = tomllib.loads(path.read_text("utf-8"))
        listed = tuple(ListedException.of(table) for table in tables.get("exceptions", []))
        return cls(tables["limits"], listed)

    def allowed(self, measure: str, place: str) -> int:
        """The limit of a measure at `path:name`, its own where one is listed."""
        own = [one.limit for one in self.exceptions if (one.measure, one.where) == (measure, place)]
        return own[0] if own else self.limit[measure]
