"""A PGS Catalog scoring file: formats 1.0 and 2.0, plain or gzip, harmonised or not.

Source: PGS Catalog, "Scoring file format 2.0" and "Harmonized scoring files"; format 1.0 wrote
`# PGS ID = ...` and called the other allele `reference_allele`. Rows that cannot be scored alone (haplotypes,
interactions, HLA types, unmapped positions) are counted by reason and stay in the total; a value that should
be a number and is not refuses the file with its line. Our own keys begin with `canheal_`.
"""

import gzip
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl
from canheal_genome.builds import Build

from canheal_prs.errors import ScoreFileRefused
from canheal_prs.scorerows import rows_of

_BUILDS: Final = {
    "grch37": Build.GRCH37,
    "hg19": Build.GRCH37,
    "ncbi37": Build.GRCH37,
    "grch38": Build.GRCH38,
    "hg38": Build.GRCH38,
    "ncbi38": Build.GRCH38,
}
_OLD_KEYS: Final = {
    "pgs id": "pgs_id",
    "pgs name": "pgs_name",
    "reported trait": "trait_reported",
    "original genome build": "genome_build",
    "number of variants": "variants_number",
    "weight type": "weight_type",
}
_UNKNOWN: Final = {"", "nr", "na", "none"}


@dataclass(frozen=True, slots=True)
class Reference:
    """The population that a z-score speaks of."""

    mean: float
    sd: float
    population: str | None


@dataclass(frozen=True, slots=True)
class ScoreFile:
    """A scoring file as it was read."""

    score_id: str
    name: str
    trait: str
    build: Build | None
    """Of `variants`: HmPOS_build where the file is harmonised, else genome_build; None: not said."""
    variants: pl.DataFrame = field(repr=False)
    """Rows that can be scored, columns of `scorerows.SCHEMA`."""
    total: int
    """Rows of the file."""
    refused: Mapping[str, int]
    """Rows that cannot be scored, by reason."""
    checksum: str
    """SHA-256 of the uncompressed file."""
    reference: Reference | None = None
    synthetic: bool = False
    notice: str | None = None


def read_score(path: Path) -> ScoreFile:
    """Read one scoring file.

    Raises:
        ScoreFileRefused: the file or one of its values cannot be understood; names the line.
    """
    data = _bytes(path)
    header, first_line, body = _split(path.name, data)
    build = _build(path.name, header)
    rows = rows_of(path.name, body, first_line, header)
    return ScoreFile(
        score_id=_said(header, "pgs_id", "omicspred_id", "pgs_name") or path.name.split(".")[0],
        name=_said(header, "pgs_name", "pgs_id") or path.name.split(".")[0],
        trait=_said(header, "trait_reported", "trait_mapped") or "not stated",
        build=build,
        variants=rows.variants,
        total=rows.total,
        refused=rows.refused,
        checksum=hashlib.sha256(data).hexdigest(),
        reference=_reference(path.name, header),
        synthetic=header.get("canheal_synthetic", "").lower() == "true",
        notice=_said(header, "canheal_notice"),
    )


def _bytes(path: Path) -> bytes:
    data = path.read_bytes()
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ScoreFileRefused(
            path.name, f"the gzip data are cut or damaged ({error}); fetch the file again"
        ) from error


def _split(file: str, data: bytes) -> tuple[dict[str, str], int, bytes]:
    """The header's keys, the line number of the column names, and the table from there on."""
    header: dict[str, str] = {}
    at, line = 0, 1
    while data.startswith(b"#", at):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        key, said, value = data[at:end].decode("utf-8", "replace").lstrip("#").partition("=")
        if said:
            key = key.strip()
            header.setdefault(_OLD_KEYS.get(key.lower(), key), value.strip())
        at, line = end + 1, line + 1
    if at >= len(data):
        raise ScoreFileRefused(
            file, "the file has no table; expected a line of column names after the header"
        )
    return header, line, data[at:]


def _said(header: Mapping[str, str], *keys: str) -> str | None:
    """The first of the keys that says something."""
    return next((header[key] for key in keys if header.get(key, "").lower() not in _UNKNOWN), None)


def _build(file: str, header: Mapping[str, str]) -> Build | None:
    named = _said(header, "HmPOS_build", "genome_build")
    if named is None:
        return None
    if (build := _BUILDS.get(named.lower())) is None:
        raise ScoreFileRefused(
            file,
            f"the build is {named}; expected GRCh37 or GRCh38. Take the harmonised file of the PGS Catalog",
        )
    return build


def _reference(file: str, header: Mapping[str, str]) -> Reference | None:
    said = [header.get(f"canheal_reference_{what}") for what in ("mean", "sd")]
    if said == [None, None]:
        return None
    try:
        mean, sd = (float(value or "absent") for value in said)
    except ValueError as error:
        raise ScoreFileRefused(
            file, f"canheal_reference_mean and _sd are {said[0]} and {said[1]}; expected two numbers"
        ) from error
    if not 0 < sd < float("inf"):
        raise ScoreFileRefused(file, f"canheal_reference_sd is {sd}; expected a number above 0")
    return Reference(mean, sd, _said(header, "canheal_reference_population"))
