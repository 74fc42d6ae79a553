"""Code that stands twice: windows of six lines, compared without indentation and blank lines."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from house.sources import Source

WINDOW = 6


@dataclass(frozen=True)
class Repetition:
    """A stretch of lines that stands elsewhere too."""

    path: str
    line: int
    lines: int
    elsewhere: str

    @property
    def where(self) -> str:
        return f"{self.path}:{self.line} {self.lines} lines, also at {self.elsewhere}"


Lines = list[tuple[int, str]]  # the number and text of each non-blank line
Spot = tuple[str, int]  # a file and the index of a line among its non-blank ones


def repetitions(sources: list[Source]) -> tuple[float, list[Repetition]]:
    """The share of non-blank lines (percent) that repeat, and the stretches, longest first."""
    texts = {source.path: _normalised(source) for source in sources}
    twins = _twins(texts)
    repeated = {(path, start + step) for path, start in twins for step in range(WINDOW)}
    total = sum(len(lines) for lines in texts.values())
    stretches = sorted(_stretches(texts, twins), key=lambda found: -found.lines)
    return (100 * len(repeated) / total if total else 0.0), stretches


def _twins(texts: dict[str, Lines]) -> dict[Spot, Spot]:
    """Each spot whose window stands elsewhere, with one such elsewhere."""
    windows: dict[tuple[str, ...], list[Spot]] = defaultdict(list)
    for path, lines in texts.items():
        for start in range(len(lines) - WINDOW + 1):
            windows[tuple(text for _, text in lines[start : start + WINDOW])].append((path, start))
    paired = ((spot, _twin(spot, spots)) for spots in windows.values() for spot in spots)
    return {spot: twin for spot, twin in paired if twin}


def _normalised(source: Source) -> Lines:
    numbered = ((number, " ".join(line.split())) for number, line in enumerate(source.lines, 1))
    return [(number, text) for number, text in numbered if text]


def _twin(spot: Spot, spots: list[Spot]) -> Spot | None:
    """Another place with the same six lines that does not overlap this one."""
    path, start = spot
    apart = (other for other in spots if other[0] != path or abs(other[1] - start) >= WINDOW)
    return next(apart, None)


def _stretches(texts: dict[str, Lines], twins: dict[Spot, Spot]) -> Iterator[Repetition]:
    for path, start in sorted(twins):
        if (path, start - 1) in twins:
            continue
        end = start
        while (path, end + 1) in twins:
            end += 1
        other, other_start = twins[path, start]
        elsewhere = f"{other}:{texts[other][other_start][0]}"
        yield Repetition(path, texts[path][start][0], end - start + WINDOW, elsewhere)
