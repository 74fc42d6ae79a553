"""Which column of a VCF is the tumour's, and which the normal's: named, declared, or said by its own name.

Never by order: callers write both tumour first and normal first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from canheal_genome.errors import VcfRefused
from canheal_genome.header import Header

Kind = Literal["tumour", "germline"]

_SAID: Final = {
    "tumour": re.compile(r"tumou?r|somatic|primary|metasta|relapse|cancer", re.IGNORECASE),
    "normal": re.compile(r"normal|germline|blood|control", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class Columns:
    sample: str | None
    """The one to interpret; None in a file without sample columns."""
    normal: str | None


def choose(header: Header, kind: Kind, *, tumour: str | None = None, normal: str | None = None) -> Columns:
    """The columns to read.

    In a germline file the person's own column is the normal one; either option names it.

    Raises:
        VcfRefused: `sample-unknown`, `sample-ambiguous`, `sample-missing`.
    """
    for named in (tumour, normal):
        if named is not None and named not in header.samples:
            raise VcfRefused(
                "sample-unknown", f"no column is named {named}; the file has {_listed(header.samples)}"
            )
    if kind == "germline":
        return Columns(_germline(header, normal or tumour), None)
    return _tumour(header, tumour, normal)


def _germline(header: Header, named: str | None) -> str:
    if not header.samples:
        raise VcfRefused(
            "sample-missing",
            "the file has no sample column; a germline VCF must carry the person's genotypes in one",
        )
    found = named or _only(header.samples) or _said(header, "normal")
    if found is None:
        raise _ambiguous(header.samples, "the person's")
    return found


def _tumour(header: Header, tumour: str | None, normal: str | None) -> Columns:
    if not header.samples:
        return Columns(None, None)
    normal = normal or _said(header, "normal")
    found = tumour or _said(header, "tumour")
    if found is None:
        found = _only([name for name in header.samples if name != normal])
    if found is None:
        raise _ambiguous(header.samples, "the tumour's")
    return Columns(found, None if normal == found else normal)


def _said(header: Header, role: str) -> str | None:
    declared = header.roles.get(role)
    if declared in header.samples:
        return declared
    other = _SAID["normal" if role == "tumour" else "tumour"]
    return _only([name for name in header.samples if _SAID[role].search(name) and not other.search(name)])


def _only(names: Sequence[str]) -> str | None:
    return names[0] if len(names) == 1 else None


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:20]) or "no sample columns"
    return shown if len(names) <= 20 else f"{shown} and {len(names) - 20} more"


def _ambiguous(names: Sequence[str], whose: str) -> VcfRefused:
    return VcfRefused(
        "sample-ambiguous",
        f"cannot tell which column is {whose}: {_listed(names)}. Name it with the submission",
    )
