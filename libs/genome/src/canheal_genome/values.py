"""Whether values of INFO and of a sample are what their keys are defined to hold.

Each definition becomes a regular expression; all of a file's become one, so a block is searched once. What is
wrong in the one record that is found is then told by `fault`, key by key.
Source: VCF 4.1-4.4, section 1.4.2 (Number, Type), 1.6.1 and 1.6.2.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from math import comb
from typing import Final, NamedTuple

from canheal_genome.definitions import Definition

MAX_ALTS: Final = 8
"""ALT alleles up to which values are counted; a record with more has its values' types compared only."""
MAX_KEYS: Final = 1_000
"""Declared keys of INFO up to which their values are compared; of a header with more, the reserved ones."""
MAX_COUNT: Final = 64
"""Values of a key up to which they are counted."""

_COUNTED_PLOIDY: Final = 2
_INT32: Final = 2**31 - 1
_LOWEST: Final = 2**31 - 8  # VCF 4.3, section 1.3: -2^31 to -2^31+7 cannot be stored in BCF
_UNSIGNED: Final = r"(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|(?i:inf|infinity|nan))"
_NUMBER_PATTERN: Final = {
    "Integer": r"-?[0-9]+",
    "Float": f"[-+]?{_UNSIGNED}",
    "Character": r"[^:;,]",
}


def _beyond(limit: int) -> str:
    """Whole numbers greater than the limit, digit by digit: a regular expression cannot compare."""
    digits = str(limit)
    more = [
        f"{digits[:at]}[{int(digit) + 1}-9][0-9]{{{len(digits) - at - 1}}}"
        for at, digit in enumerate(digits)
        if digit != "9"
    ]
    return f"0*(?:[1-9][0-9]{{{len(digits)}}}|{'|'.join(more)})"


def _up_to(limit: int) -> str:
    """Whole numbers up to the limit, of at most as many digits."""
    digits = str(limit)
    less = [
        f"{digits[:at]}[0-{int(digit) - 1}][0-9]{{{len(digits) - at - 1}}}"
        for at, digit in enumerate(digits)
        if digit != "0"
    ]
    return f"(?:[0-9]{{1,{len(digits) - 1}}}|{'|'.join(less)}|{digits})"


_COUNT: Final = _up_to(_INT32)
_INTEGER: Final = f"(?:{_COUNT}|-{_up_to(_LOWEST)})"
_GENOTYPE: Final = re.compile(r"[/|]?(?:\.|[0-9]{1,5})(?:[/|](?:\.|[0-9]{1,5}))*")
_CIGAR: Final = r"(?:[0-9]+[MIDNSHPX=])+"


class Fault(NamedTuple):
    """A value that its key's definition does not allow."""

    rule: str
    expected: str


def count_of(definition: Definition, n_alts: int, ploidy: int | None) -> int | None:
    """How many values a key has; None where that is not fixed, or not compared.

    Not compared are text, in which callers write commas, and counts by allele where there is no ALT, since
    callers write there what they would write for one.
    """
    number = definition.number
    if definition.values == "uncounted" or definition.type in ("String", "Character"):
        return None
    if number in ("A", "R", "G") and not 1 <= n_alts <= MAX_ALTS:
        return None
    if number == "G":
        found = None if ploidy is None else comb(n_alts + ploidy, ploidy)
    else:
        found = {"A": n_alts, "R": n_alts + 1}.get(number, int(number) if number.isdecimal() else None)
    return found if found is not None and found <= MAX_COUNT else None


def fault(definition: Definition, value: str | None, n_alts: int, ploidy: int | None) -> Fault | None:
    """What is wrong with one value; None where nothing is.

    Args:
        definition: Of its key.
        value: As written; None where the key stands alone, as a flag does.
        n_alts: ALT alleles of the record.
        ploidy: Alleles of the sample's genotype; None where it is unknown.
    """
    if definition.type == "Flag":
        return None if value is None else Fault("flag-value", "a flag, which has no value")
    if value is None or value == ".":
        return None
    wanted = count_of(definition, n_alts, ploidy)
    values = value.split(",")
    if wanted is None or len(values) == wanted:
        return _misfit(definition, values)
    return _misfit(definition, values) or Fault(
        "value-number", f"{wanted} value{'s' * (wanted != 1)} (Number={definition.number})"
    )


def _misfit(definition: Definition, values: Iterable[str]) -> Fault | None:
    """What is wrong with values one by one."""
    said = [value for value in values if value != "."]
    if not _all_match(_pattern(definition), said):
        return Fault("value-type", _EXPECTED.get(definition.values) or f"Type={definition.type}")
    if definition.values == "count" and not _all_match("[^-].*", said):
        return Fault("value-negative", "0 or more")
    if definition.type == "Integer" and not _all_match(_INTEGER, said):
        return Fault("value-range", f"a number from -{_LOWEST} to {_INT32}")
    return None


def _all_match(pattern: str | None, values: Iterable[str]) -> bool:
    return pattern is None or all(re.fullmatch(pattern, value) for value in values)


_EXPECTED: Final = {"cigar": "a CIGAR string"}


def _pattern(definition: Definition) -> str | None:
    return _CIGAR if definition.values == "cigar" else _NUMBER_PATTERN.get(definition.type)


def info_faults(definitions: Mapping[str, Definition], n_alts: int) -> str:
    """A pattern that INFO matches only where a key holds a blank or a key's value is at fault.

    Looser than `fault` in one thing: of a Float only the characters are looked at.
    """
    keys: dict[str, list[str]] = {}
    for key, definition in definitions.items():
        if broken := _broken(definition, n_alts):
            keys.setdefault(broken, []).append(re.escape(key))
    return f"(?:^|;)(?:{'|'.join(['[^=;]* ', *(f'(?:{"|".join(k)})={how}' for how, k in keys.items())])})"


def _broken(definition: Definition, n_alts: int) -> str:
    """What follows `key=` where the value is at fault, as alternatives."""
    if definition.type == "Flag":
        return "(?:)"
    ways = list(_BROKEN_TYPE["cigar" if definition.values == "cigar" else definition.type])
    if definition.values == "count":
        ways.append(r"(?:[^;]*,)?-")
    if (wanted := count_of(definition, n_alts, None)) is not None:
        ways.append(rf"[^,;]*(?:,[^,;]*){{{max(wanted, 1)}}}")
        if wanted > 1:
            ways.append(rf"(?:[^.,;]|\.[^,;])[^,;]*(?:,[^,;]*){{0,{wanted - 2}}}(?:;|$)")
        if wanted > 2:
            ways.append(rf"\.(?:,[^,;]*){{1,{wanted - 2}}}(?:;|$)")
    return f"(?:{'|'.join(ways)})" if ways else ""


_EMPTY: Final = r"(?:[^;]*,)?(?:[,;]|$)"
_BROKEN_TYPE: Final[Mapping[str, tuple[str, ...]]] = {
    "Integer": (
        r"[^;]*(?:[^0-9,.;-]|[0-9.][.-]|\.[0-9]|-(?:[^0-9]|$))",
        _EMPTY,
        rf"(?:[^;]*,)?(?:{_beyond(_INT32)}|-{_beyond(_LOWEST)})",
    ),
    "Float": (r"[^;]*[^0-9eE+.,;nNaAiIfFtTyY-]", _EMPTY),
    "Character": (r"[^;]*[^;,][^;,]", _EMPTY),
    "cigar": (r"[^;]*[^0-9MIDNSHPX=,.;]", r"(?:[^;]*,)?(?:[MIDNSHPX=]|[0-9]+(?:[,.;]|$))", _EMPTY),
    "String": (),
}


@lru_cache(maxsize=1_024)
def sample_pattern(fields: tuple[tuple[str, Definition | None], ...], n_alts: int) -> str:
    """A pattern that a sample's value matches exactly where none of its fields is at fault.

    Args:
        fields: FORMAT's keys in order, with their definitions where they have one.
        n_alts: ALT alleles of the record.
    """
    if fields and fields[0][0] == "GT":
        ways = [gt + _rest(fields[1:], n_alts, ploidy) for ploidy, gt in _genotypes(n_alts)]
        return f"^(?:{'|'.join(ways)})$"
    return f"^{_rest(fields, n_alts, None).replace('(?::', '(?:', 1)}$"


def _genotypes(n_alts: int) -> Iterator[tuple[int | None, str]]:
    """Patterns of GT, with the ploidy where it is compared; of a record that has so many ALT alleles."""
    allele = rf"(?:\.|{f'[0-{n_alts}]' if n_alts < 10 else _up_to(n_alts)})"
    yield 1, f"[/|]?{allele}"
    yield 2, f"[/|]?{allele}[/|]{allele}"
    yield None, rf"(?:\.|[/|]?{allele}(?:[/|]{allele}){{2,}})"


def ploidy_of(genotype: str) -> int | None:
    """Alleles of a GT where values by genotype are counted for them: one or two, not a mere `.`."""
    alleles = re.findall(r"[.0-9]+", genotype)
    return len(alleles) if genotype != "." and len(alleles) <= _COUNTED_PLOIDY else None


def genotype_fault(genotype: str, n_alts: int) -> Fault | None:
    """What is wrong with a GT."""
    if not _GENOTYPE.fullmatch(genotype):
        return Fault("genotype", "a genotype such as 0/1, 1|1 or ./. in GT")
    if max(map(int, re.findall("[0-9]+", genotype)), default=0) > n_alts:
        return Fault("genotype-allele", "alleles that the record has: 0 for REF, 1 for the first ALT")
    return None


def _rest(fields: Iterable[tuple[str, Definition | None]], n_alts: int, ploidy: int | None) -> str:
    """Fields after a colon each; trailing ones may be missing."""
    opened, closed = "", ""
    for _, definition in fields:
        opened += f"(?::{_fine(definition, n_alts, ploidy)}"
        closed += ")?"
    return opened + closed


def _fine(definition: Definition | None, n_alts: int, ploidy: int | None) -> str:
    if definition is None or definition.type == "Flag":
        return "[^:]*"
    one = _pattern(definition) or "[^:,]*"
    if definition.type == "Integer":
        one = _COUNT if definition.values == "count" else _INTEGER
    elif definition.values == "count":
        one = rf"\+?{_UNSIGNED}"
    wanted = count_of(definition, n_alts, ploidy)
    several = f"{{{max(wanted - 1, 0)}}}" if wanted is not None else "*"
    return rf"(?:\.|(?:{one}|\.)(?:,(?:{one}|\.)){several})"
