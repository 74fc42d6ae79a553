"""How sure a number is: the interval behind an allele fraction, and cautions from `caveats.toml`."""

import tomllib
from functools import cache
from importlib.resources import files
from math import sqrt
from typing import Any

from canheal_schemas import Finding

Z_95 = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""


def fraction_interval(vaf: float, depth: int | None) -> tuple[float, float] | None:
    """The 95 % score interval of an allele fraction; None without reads.

    Reads are taken as independent draws: duplicates and mapping bias make the truth wider.
    Source: Wilson, J Am Stat Assoc 1927;22:209-212.
    """
    if not depth:
        return None
    square = Z_95 * Z_95
    centre = vaf + square / (2 * depth)
    half = Z_95 * sqrt(vaf * (1 - vaf) / depth + square / (4 * depth * depth))
    scale = 1 + square / depth
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


@cache
def caveats() -> dict[str, Any]:
    return tomllib.loads((files("canheal_report") / "caveats.toml").read_text(encoding="utf-8"))


def cautions(finding: Finding) -> tuple[str, ...]:
    """What to bear in mind when reading this finding's numbers."""
    table = caveats()
    said = []
    if finding.filter not in ("PASS", "."):
        said.append(f"the caller's FILTER says {finding.filter}")
    if finding.vaf is None:
        said.append("the VCF carries no allele fraction")
    elif finding.vaf < table["vaf"]["low"]:
        said.append(table["vaf"]["why"])
    if finding.depth is None:
        said.append("the VCF carries no depth")
    elif finding.depth < table["depth"]["low"]:
        said.append(table["depth"]["why"])
    if not finding.left_aligned:
        said.append("the indel could not be left-aligned: other sources may name it elsewhere")
    return tuple(said)
