"""What runs in the pool's children, named here and imported there.

So polars, htslib and the reference data lie in the memory of the processes that read files, and not in the
one that takes them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from canheal_ingest.questions import Passed, Question


@dataclass(frozen=True, slots=True)
class InChild:
    """A function of another module, which is imported when it is first called."""

    module: str
    name: str

    def __call__(self, *args: Any) -> Any:
        return getattr(import_module(self.module), self.name)(*args)


WARM: Final[Callable[[Path | None], object]] = InChild("canheal_refdata.bundle", "warm_bundle")
EXAMINE: Final[Callable[[Question, Path | None], Passed]] = InChild("canheal_ingest.door", "examine")
CURRENT_CODES: Final[Callable[[Path | None], Mapping[str, str] | None]] = InChild(
    "canheal_ingest.door", "current_codes"
)
MERGED_SIZE_MB: Final[Callable[[str], float]] = InChild("canheal_ingest.bed", "merged_size_mb")
