"""Depth and allele fraction of each allele, from whichever fields the caller wrote; never guessed.

Counts of reads come before a caller's own estimate, because counts mean the same from every caller; what
gave the fraction is said beside it. The sources, in order:

| source | written by | alternate reads / all reads |
| --- | --- | --- |
| FORMAT/AD | GATK, Mutect2, MuTect, DRAGEN | AD[allele] / sum of AD, or DP where AD[0] is missing |
| FORMAT/ADT | TCGA exomes as PCGR ships them | the same, with DPT |
| FORMAT/AD,RD | VarScan 2 (AD is the alternate count alone) | AD / (AD + RD) |
| FORMAT/AO,RO | freebayes | AO[allele] / (RO + sum of AO) |
| FORMAT/AU,CU,GU,TU | Strelka, SNVs | tier 1 of ALT's base / of ALT's and REF's |
| FORMAT/TAR,TIR | Strelka, indels | tier 1 of TIR / of TAR and TIR |
| FORMAT/DP4 | samtools, SomaticSniper | the last two of four / sum; records with one ALT |
| FORMAT/AF, FORMAT/FA | Mutect2, VarDict; MuTect | as written |
| INFO/TVAF | PCGR's input convention | as written; only where the file has no second sample it could mean |
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl
from polars import col

_KEYS: Final = (
    "AD",
    "ADT",
    "RD",
    "AO",
    "RO",
    "DP4",
    "AF",
    "FA",
    "DP",
    "DPT",
    "AU",
    "CU",
    "GU",
    "TU",
    "TAR",
    "TIR",
)


_DEPTHS: Final = ("DP", "DPT")
"""Keys that are read beside a source's own."""
_PLACE = "at."
"""Before a key: the column that says where in FORMAT it stands."""


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    alt_depth: pl.Expr
    total: pl.Expr
    vaf: pl.Expr

    def columns(self) -> list[pl.Expr]:
        """What this source says of each allele."""
        return [
            self.alt_depth.cast(pl.Int32).alias(f"{self.name}.alt"),
            self.total.cast(pl.Int32).alias(f"{self.name}.total"),
            _within(self.vaf).alias(f"{self.name}.vaf"),
        ]


def with_fractions(frame: pl.DataFrame, *, info_is_the_samples: bool) -> pl.DataFrame:
    """Add `depth`, `alt_depth`, `vaf` and `vaf_source`.

    Args:
        frame: `format`, `sample`, `info`, `allele_index` (0: no ALT) and `n_alts`.
        info_is_the_samples: Whether INFO/TVAF and INFO/TDP can only mean this sample.
    """
    frame, present = _with_format_fields(frame)
    tvaf, tdp = (
        _info(frame, key) if info_is_the_samples else pl.lit(None, pl.String) for key in ("TVAF", "TDP")
    )
    sources = [read(name) for name, read in _readers(tvaf).items() if _given(name, present)]
    computed = [column for source in sources for column in source.columns()]
    lazy = frame.lazy().with_columns(*computed)  # lazy: what the sources share is computed once
    lazy = lazy.with_columns(*_first_given([source.name for source in sources], tdp))
    return lazy.select(*frame.columns, "depth", "alt_depth", "vaf", "vaf_source").collect()


def _first_given(names: list[str], tdp: pl.Expr) -> list[pl.Expr]:
    """Of the sources in their order, the first that says something."""
    named = [pl.when(col(f"{name}.vaf").is_not_null()).then(pl.lit(name)) for name in names]
    totals = [col(f"{name}.total") for name in names]
    return [
        pl.coalesce(_integer(col("DP")), _integer(col("DPT")), *totals, _integer(tdp)).alias("depth"),
        pl.coalesce(col(f"{name}.alt") for name in names).alias("alt_depth"),
        pl.coalesce(col(f"{name}.vaf") for name in names).alias("vaf"),
        pl.coalesce(named).alias("vaf_source"),
    ]


def _readers(tvaf: pl.Expr) -> dict[str, Callable[[str], Source]]:
    """What reads each source, in their order."""
    readers: dict[str, Callable[[str], Source]] = {
        "FORMAT/AD": partial(_allelic, key="AD", depth="DP"),
        "FORMAT/ADT": partial(_allelic, key="ADT", depth="DPT"),
        "FORMAT/AD,RD": _varscan,
        "FORMAT/AO,RO": _freebayes,
        "FORMAT/AU,CU,GU,TU": _strelka_snvs,
        "FORMAT/TAR,TIR": _strelka_indels,
        "FORMAT/DP4": _strands,
    }
    estimates = {"FORMAT/AF": col("AF"), "FORMAT/FA": col("FA"), "INFO/TVAF": tvaf}
    return readers | {name: partial(_written, value=value) for name, value in estimates.items()}


def _given(name: str, present: frozenset[str]) -> bool:
    """Whether any record has the FORMAT fields that a source is named for."""
    place, keys = name.split("/")
    return place == "INFO" or set(keys.split(",")) <= present


def _written(name: str, value: pl.Expr) -> Source:
    nothing = pl.lit(None, pl.Int32)
    return Source(name, nothing, nothing, _per_allele(value))


def _varscan(name: str) -> Source:
    alone = pl.when((col("n_alts") == 1) & ~col("AD").str.contains(",", literal=True)).then(
        _integer(col("AD"))
    )
    return _counted(name, pl.when(col("RD").is_not_null()).then(alone), alone + _integer(col("RD")))


def _freebayes(name: str) -> Source:
    observed = _integers("AO")
    every = pl.when(observed.list.len() == col("n_alts")).then(observed.list.sum())
    return _counted(name, _at(observed, col("allele_index") - 1), every + _integer(col("RO")))


def _strands(name: str) -> Source:
    strands = pl.when(col("n_alts") == 1).then(_integers("DP4"))
    four = pl.when(strands.list.len() == 4).then(strands.list.sum())
    return _counted(name, _at(strands, pl.lit(2)) + _at(strands, pl.lit(3)), four)


def _allelic(name: str, key: str, depth: str) -> Source:
    """Counts in the order REF, ALT 1, ALT 2...; taken only where there are as many as alleles."""
    counts = pl.when(col(key).str.count_matches(",", literal=True) == col("n_alts")).then(_integers(key))
    whole = pl.when(counts.list.drop_nulls().list.len() == col("n_alts") + 1).then(counts.list.sum())
    return _counted(name, _at(counts, col("allele_index")), pl.coalesce(whole, _integer(col(depth))))


def _strelka_snvs(name: str) -> Source:
    """Strelka's user guide: counts are `tier 1,tier 2`; the fraction is of the two alleles' tier 1."""

    def base(allele: str) -> pl.Expr:
        counts = [
            pl.when(col(allele) == letter).then(_at(_integers(f"{letter}U"), pl.lit(0))) for letter in "ACGT"
        ]
        return pl.coalesce(counts)

    return _counted(name, base("alt"), base("alt") + base("ref"))


def _strelka_indels(name: str) -> Source:
    ref = _at(_integers("TAR"), pl.lit(0))
    alt = pl.when(col("n_alts") == 1).then(_at(_integers("TIR"), pl.lit(0)))
    return _counted(name, alt, ref + alt)


def _counted(name: str, alt: pl.Expr, total: pl.Expr) -> Source:
    alt = pl.when(col("allele_index") > 0).then(alt)
    return Source(name, alt, total, pl.when(total > 0).then(alt / total))


def _per_allele(value: pl.Expr) -> pl.Expr:
    """A fraction for each ALT, or (RADIA) for REF and each ALT."""
    parts = value.str.split(",")
    place = (
        pl.when(parts.list.len() == col("n_alts"))
        .then(col("allele_index") - 1)
        .when(parts.list.len() == col("n_alts") + 1)
        .then(col("allele_index"))
    )
    fraction = parts.list.get(place, null_on_oob=True).cast(pl.Float64, strict=False)
    return pl.when(col("allele_index") > 0).then(fraction)


def _within(vaf: pl.Expr) -> pl.Expr:
    return pl.when(vaf.is_between(0, 1)).then(vaf)


def _integer(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.Int32, strict=False)


def _integers(key: str) -> pl.Expr:
    return col(key).str.split(",").cast(pl.List(pl.Int32), strict=False)


def _at(counts: pl.Expr, place: pl.Expr) -> pl.Expr:
    return counts.list.get(place, null_on_oob=True)


def _info(frame: pl.DataFrame, key: str) -> pl.Expr:
    if not frame["info"].str.contains(f"{key}=", literal=True).any():
        return pl.lit(None, pl.String)
    return col("info").str.extract(rf"(?:^|;){key}=([^;]*)")


def _with_format_fields(frame: pl.DataFrame) -> tuple[pl.DataFrame, frozenset[str]]:
    """One column a key of _KEYS that is met, and each of _DEPTHS; null where there is no value; the keys met.

    Where a key stands is found once for each distinct FORMAT.
    """
    places = _places(frame["format"].unique().drop_nulls())
    present = [key for key in _KEYS if key in places.columns]
    frame = frame.join(
        places.rename(lambda name: _PLACE + name if name in _KEYS else name),
        on="format",
        how="left",
        maintain_order="left",
    )
    values = col("sample").str.split(":")
    given = [
        values.list.get(col(_PLACE + key), null_on_oob=True).replace(".", None).alias(key) for key in present
    ]
    absent = [pl.lit(None, pl.String).alias(key) for key in _DEPTHS if key not in present]
    return frame.lazy().with_columns(*given, *absent).collect(), frozenset(present)


def _places(formats: pl.Series) -> pl.DataFrame:
    """For each distinct FORMAT the place of every key of _KEYS that any of them has."""
    orders = [value.split(":") for value in formats]
    met = [key for key in _KEYS if any(key in order for order in orders)]
    return pl.DataFrame(
        {"format": formats} | {key: [_place(order, key) for order in orders] for key in met},
        schema={"format": pl.String} | dict.fromkeys(met, pl.Int32),
    )


def _place(order: list[str], key: str) -> int | None:
    return order.index(key) if key in order else None
