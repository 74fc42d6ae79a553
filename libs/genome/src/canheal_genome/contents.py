"""The first record of a block with a value that its key does not allow: INFO, and the samples that are read.

Searched column by column with the patterns of `values`; only the record that is found is read key by key.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

import polars as pl
from polars import col

from canheal_genome.definitions import Definition, reserved
from canheal_genome.header import Header
from canheal_genome.values import (
    MAX_ALTS,
    MAX_KEYS,
    Fault,
    fault,
    genotype_fault,
    info_faults,
    ploidy_of,
    sample_pattern,
)

MAX_FORMATS: Final = 2_000
"""Different FORMATs a file may have, each counted once a number of ALT alleles."""
MAX_FIELDS: Final = 200
"""Keys one FORMAT may name."""
_KEY_BYTES: Final = 100

N_ALTS: Final = (
    pl.when(col("alt") == ".").then(0).otherwise(col("alt").str.count_matches(",", literal=True) + 1)
)


class Breach(NamedTuple):
    """A record, the rule it breaks, and what to say."""

    row: int
    rule: str
    reason: str


@dataclass(slots=True)
class Contents:
    """What a file's keys may hold, compared block by block."""

    infos: Mapping[str, Definition]
    formats: Mapping[str, Definition]
    samples: Sequence[str]
    """Columns of the frame that hold samples."""
    _shapes: set[tuple[str, int]] = field(default_factory=set)

    @classmethod
    def of(cls, header: Header, samples: Sequence[str]) -> Self:
        declared = {key: one for key, one in header.infos.items() if len(key) <= _KEY_BYTES}
        infos = reserved("INFO") | (declared if len(declared) <= MAX_KEYS else {})
        return cls(infos, reserved("FORMAT") | dict(header.formats), samples)

    def first_breach(self, frame: pl.DataFrame) -> Breach | None:
        """The first record at fault."""
        counts = frame.select(N_ALTS.cast(pl.UInt32)).to_series().fill_null(1)
        few = counts.clip(upper_bound=MAX_ALTS + 1)  # of more, no value is counted
        found = [*_of_ids(frame["id"]), *self._of_info(frame, few)]
        if self.samples:
            found += self._of_samples(frame, counts)
        return min(found, default=None)

    def _of_info(self, frame: pl.DataFrame, counts: pl.Series) -> Iterator[Breach]:
        for n_alts in counts.unique():
            rows = counts == n_alts
            pattern = info_faults(self.infos, n_alts)
            if (row := _first(frame["info"], rows, pattern, wanted=True)) is not None:
                yield self._told_of_info(row, str(frame["info"][row]), n_alts)

    def _told_of_info(self, row: int, info: str, n_alts: int) -> Breach:
        for entry in info.split(";"):
            key, equals, value = entry.partition("=")
            if " " in key:
                return _told(row, "INFO", entry, Fault("info-key", "keys without blanks"))
            if key in self.infos:
                found = fault(self.infos[key], value if equals else None, n_alts, None)
                if found:
                    return _told(row, f"INFO {key}", value, found)
        return _told(
            row, "INFO", info, Fault("value-type", "values as the header's ##INFO lines define them")
        )

    def _of_samples(self, frame: pl.DataFrame, counts: pl.Series) -> Iterator[Breach]:
        shapes = frame.select("format", counts.alias("n_alts")).unique(maintain_order=True)
        for format_, n_alts in shapes.iter_rows():
            rows = (counts == n_alts) & (frame["format"] == format_)
            keys = format_.split(":")
            self._shapes.add((format_, n_alts))
            if len(self._shapes) > MAX_FORMATS or len(keys) > MAX_FIELDS:
                yield _many(int(rows.arg_true()[0]))
                return
            if len(set(keys)) < len(keys):
                why = Fault("format-duplicate", "each key once")
                yield _told(int(rows.arg_true()[0]), "FORMAT", format_, why)
                continue
            fields = tuple((key, self.formats.get(key)) for key in keys)
            for sample in self.samples:
                row = _first(frame[sample], rows, sample_pattern(fields, n_alts), wanted=False)
                if row is not None:
                    yield _told_of_sample(row, sample, frame[sample][row], fields, n_alts)


def _of_ids(ids: pl.Series) -> Iterator[Breach]:
    """Records with one identifier twice; only those with several are split."""
    several = ids.str.contains(";", literal=True).fill_null(value=False).arg_true()
    names = ids.gather(several).str.split(";")
    twice = (names.list.n_unique() < names.list.len()).arg_true()
    if not twice.is_empty():
        row = int(several[int(twice[0])])
        yield _told(row, "ID", str(ids[row]), Fault("id-duplicate", "each identifier once"))


def _first(column: pl.Series, rows: pl.Series, pattern: str, *, wanted: bool) -> int | None:
    """The first of the rows that matches the pattern, or that does not."""
    everything = rows.all()
    matches = (column if everything else column.filter(rows)).str.contains(pattern)
    hits = (matches if wanted else ~matches).fill_null(value=not wanted).arg_true()
    if hits.is_empty():
        return None
    return int(hits[0] if everything else rows.arg_true()[hits[0]])


_AS_DEFINED: Final = Fault("value-type", "values as the ##FORMAT lines define them")
_FIELDS: Final = Fault("sample-fields", "as many values as FORMAT names, joined by ':'")


def _told_of_sample(
    row: int, sample: str, value: str | None, fields: Sequence[tuple[str, Definition | None]], n_alts: int
) -> Breach:
    values = (value or "").split(":")
    name = sample.removeprefix("sample:")
    genotype = values[0] if fields[0][0] == "GT" else "."
    if not value or len(values) > len(fields):
        return _told(row, f"sample {name}", value or "", _FIELDS)
    if found := genotype_fault(genotype, n_alts):
        return _told(row, f"sample {name}", value, found)
    ploidy = ploidy_of(genotype)
    told = (
        _told(row, f"{key} of sample {name}", one, found)
        for (key, definition), one in zip(fields, values, strict=False)
        if (found := _fault_of(definition, one, n_alts, ploidy))
    )
    return next(told, _told(row, f"sample {name}", value, _AS_DEFINED))


def _fault_of(definition: Definition | None, value: str, n_alts: int, ploidy: int | None) -> Fault | None:
    """A flag among a sample's values has no meaning: what stands in its place is let in."""
    if definition is None or definition.type == "Flag":
        return None
    return fault(definition, value, n_alts, ploidy)


def _told(row: int, where: str, found: str, why: Fault) -> Breach:
    shown = found if len(found) <= 80 else f"{found[:77]}..."
    return Breach(row, why.rule, f"{where} is {shown!r}; expected {why.expected}")


def _many(row: int) -> Breach:
    return Breach(
        row,
        "format-many",
        f"the file has more than {MAX_FORMATS:,} different FORMATs, or one of more than {MAX_FIELDS} keys; "
        "expected what a variant caller writes",
    )
