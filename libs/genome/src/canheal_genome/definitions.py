"""What a header may say of its keys: ##INFO, ##FORMAT, ##ALT, ##FILTER, ##contig, and the reserved keys.

A key that the specification reserves means the same in every file, so a declaration that contradicts it is
refused; what callers are known to write instead stands beside it in `reserved.tsv`.
Source: VCF 4.1-4.4, sections 1.4 and 1.6.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from canheal_genome.errors import VcfRefused

TYPES: Final = ("Character", "Flag", "Float", "Integer", "String")
_NUMBER: Final = re.compile(r"\d{1,4}|[ARG.PM]|L[ARG]")
_ID: Final = {
    "ALT": (re.compile(r"[^\s<>,]+"), "a name without blanks, commas and angle brackets"),
    "contig": (re.compile(r"[^\s<>,]+"), "a name without blanks, commas and angle brackets"),
}
_DESCRIBED: Final = ("INFO", "FORMAT", "FILTER", "ALT")


@dataclass(frozen=True, slots=True)
class Definition:
    """What the values of a key look like."""

    number: str
    """A count, or `A`, `R`, `G`, `.` and the like."""
    type: str
    values: str = ""
    """Of keys in `reserved.tsv`. `count`: none is negative; `cigar`: a CIGAR string; `uncounted`: callers
    declare one Number and write another."""


@dataclass(frozen=True, slots=True)
class _Reserved:
    definition: Definition
    numbers: frozenset[str]
    types: frozenset[str]


@cache
def _reserved() -> Mapping[tuple[str, str], _Reserved]:
    text = files("canheal_genome").joinpath("reserved.tsv").read_text("utf-8")
    _, *rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {
        (field, key): _Reserved(
            Definition(number, kind, values),
            frozenset([number, *also_number.split("|")]) - {""},
            frozenset([kind, also_type]) - {""},
        )
        for field, key, number, kind, also_number, also_type, values in rows
    }


def reserved(field: str) -> dict[str, Definition]:
    """The reserved keys of INFO or FORMAT, as the specification defines them."""
    return {key: one.definition for (of, key), one in _reserved().items() if of == field}


def check_line(key: str, fields: Mapping[str, str], line: int) -> None:
    """The name and the description of a structured meta line; `fields` as written, quotes included.

    Raises:
        VcfRefused: `meta-id`, `description-unquoted`.
    """
    name, description = fields["ID"], fields.get("Description")
    pattern, expected = _ID.get(key, (None, ""))
    if pattern and not pattern.fullmatch(name):
        raise VcfRefused("meta-id", f"##{key} has the ID {name[:60]!r}; expected {expected}", line)
    if key in _DESCRIBED and description is not None and not description.startswith('"'):
        raise VcfRefused(
            "description-unquoted",
            f"##{key} {name[:60]} has the Description {description[:60]}; expected it in double quotes",
            line,
        )


def define(field: str, fields: Mapping[str, str], line: int) -> Definition:
    """What an ##INFO or ##FORMAT line defines.

    Raises:
        VcfRefused: `meta-line`, `flag-number`, `reserved-type`, `reserved-number`.
    """
    name, kind, number = fields["ID"], fields.get("Type"), fields.get("Number")
    if kind not in TYPES or number is None or not _NUMBER.fullmatch(number) or "Description" not in fields:
        raise VcfRefused(
            "meta-line",
            f"##{field} {name} has Type {kind} and Number {number}; expected a Type of "
            f"{', '.join(TYPES)}, a Number (a count, A, R, G or .) and a Description",
            line,
        )
    known = _reserved().get((field, name))
    if known is not None:
        _as_reserved(field, name, known, Definition(number, kind), line)
    if (kind == "Flag") is not (number == "0") or (field == "INFO" and number == "P"):
        raise VcfRefused(
            "flag-number",
            f"##{field} {name} has Type {kind} and Number {number}; expected Number=0 for a Flag and only "
            "for a Flag, and Number=P only in FORMAT",
            line,
        )
    return Definition(number, kind, known.definition.values if known else "")


def _as_reserved(field: str, name: str, known: _Reserved, found: Definition, line: int) -> None:
    of = f"##{field} {name}, a reserved key,"
    if found.type not in known.types:
        raise VcfRefused(
            "reserved-type",
            f"{of} has Type {found.type}; expected {known.definition.type}. Give another meaning another key",
            line,
        )
    if found.number not in known.numbers:
        raise VcfRefused(
            "reserved-number",
            f"{of} has Number {found.number}; expected {known.definition.number}. Give another meaning "
            "another key",
            line,
        )
