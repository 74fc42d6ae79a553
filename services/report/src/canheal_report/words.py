"""The contract's terms in the reader's words, and numbers as people write them."""

import re
from datetime import datetime

from canheal_schemas import STATED, AssayType, Part, SampleContext, SampleKind, Sex

AMINO_ACIDS = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G",
    "His": "H", "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Ser": "S",
    "Thr": "T", "Trp": "W", "Tyr": "Y", "Val": "V", "Sec": "U", "Ter": "*",
}  # fmt: skip
"""IUPAC three-letter to one-letter codes, as HGVS uses them."""

MAX_BASES = 24
"""Bases of an allele that a table's row shows."""

MAX_CLIPPED = 80
"""Characters of a name in a short row."""

_THREE_LETTERS = re.compile("|".join(AMINO_ACIDS))

KINDS = {SampleKind.TUMOUR: "Tumour", SampleKind.GERMLINE: "Germline"}
ASSAYS = {AssayType.PANEL: "gene panel", AssayType.EXOME: "exome", AssayType.GENOME: "whole genome"}
PARTS = {Part.VARIANTS: "variant interpretation", Part.RISK: "polygenic score"}


def short_protein(hgvs_p: str | None) -> str | None:
    """`p.(Val600Glu)` as people say it, V600E; None where the protein change is not known."""
    if not hgvs_p or hgvs_p in ("p.?", "p.(?)", "p.(=)", "p.="):
        return None
    bare = hgvs_p.split(":")[-1].removeprefix("p.").strip("()")
    return _THREE_LETTERS.sub(lambda found: AMINO_ACIDS[found.group()], bare)


def consequence(term: str) -> str:
    """A Sequence Ontology term in words: `splice_donor_variant` is 'splice donor'."""
    return term.removesuffix("_variant").replace("_", " ")


def allele(bases: str) -> str:
    """An allele, its middle left out where it is long; the whole stands in the row's details."""
    return bases if len(bases) <= MAX_BASES else f"{bases[:8]}\N{HORIZONTAL ELLIPSIS}({len(bases)} bases)"


def clipped(name: str | None) -> str | None:
    """A name of bounded length, for rows of which there are many."""
    return (
        name if name is None or len(name) <= MAX_CLIPPED else f"{name[:MAX_CLIPPED]}\N{HORIZONTAL ELLIPSIS}"
    )


def percent(fraction: float) -> str:
    """A share of 0 to 1 as a percentage, with a decimal below 10 %."""
    value = 100 * fraction
    return f"{value:.1f} %" if 0 < value < 10 else f"{value:.0f} %"


def thousands(number: int) -> str:
    """Groups of three, set apart by narrow spaces as ISO 80000 asks."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 11th."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def moment(at: datetime) -> str:
    """A UTC time to the minute."""
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def plural(number: int, noun: str) -> str:
    """'1 finding', '2 findings'."""
    return f"{thousands(number)} {noun}" if number == 1 else f"{thousands(number)} {noun}s"


def listed(items: list[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def person(context: SampleContext) -> str:
    """Sex and age, as far as they were sent."""
    age = None if context.age_years is None else f"{context.age_years} years at sampling"
    sex = None if context.sex is Sex.UNKNOWN else context.sex.value
    return ", ".join(filter(None, (sex, age))) or "not given"


def assay(context: SampleContext) -> str:
    """The assay and its callable size."""
    size = context.assay.size_mb
    return ASSAYS[context.assay.type] + (f", {size:g} Mb" if size else ", size not given")


def basis(ground: str) -> str:
    """On what a consent stands."""
    if ground == STATED:
        return "stated by the hospital"
    return f"which nobody stated: {ground.replace('default', 'the default of', 1)}"
