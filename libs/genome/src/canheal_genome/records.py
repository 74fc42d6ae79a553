"""The rules each record of a VCF must keep, as column expressions, each with the sentence for its breach.

A rule is its slug, the expression that is true where a record breaks it, and what to say. Expressions see
the columns `chrom pos id ref alt qual filter info`, and `format` and the sample columns that are read; all
strings, null where the field is empty. Source: VCF 4.1-4.5, section 1.6 "Data lines". Rules over several
records (order, number of fields) are in vcf.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
from polars import col

_BASES: Final = "[ACGTNacgtn]+"
_CONTIG: Final = r"^(?:[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*|<[^<>\s]+>)$"  # as in SAM
_MATE: Final = r"[^\[\],\s]+:[0-9]+"
_JOINED: Final = rf"(?:\[{_MATE}\[|\]{_MATE}\])"
ONE_ALT: Final = (
    rf"(?:{_BASES}|\*|<[^<>,\s]+>|\.?{_BASES}|{_BASES}\.|(?:{_BASES}|\.){_JOINED}|{_JOINED}(?:{_BASES}|\.)"
    rf"|{_BASES}<[^<>,\s]+>|<[^<>,\s]+>{_BASES})"
)


@dataclass(frozen=True, slots=True)
class Rule:
    slug: str
    broken: pl.Expr
    column: str
    """The field to quote."""
    expected: str


def _unlike(column: str, pattern: str) -> pl.Expr:
    return ~col(column).str.contains(pattern).fill_null(value=False)


_MULTI: Final = col("alt").str.contains(",", literal=True)

RULES: Final = (
    Rule("chrom", _unlike("chrom", _CONTIG), "chrom", "a contig name without spaces, commas or brackets"),
    Rule("pos", _unlike("pos", r"^[0-9]{1,10}$"), "pos", "a whole number, 1 or more (0 for a telomere)"),
    Rule("id", _unlike("id", r"^[^\s;]+(?:;[^\s;]+)*$"), "id", "identifiers joined by ';', or '.'"),
    Rule("ref", _unlike("ref", f"^{_BASES}$"), "ref",
         "bases of A, C, G, T, N (another IUPAC code must be written as its first base: R as A)"),
    Rule("alt", _unlike("alt", rf"^(?:\.|{ONE_ALT}(?:,{ONE_ALT})*)$"), "alt",
         "bases, '*', '<ID>' or breakends joined by ',', or '.'"),
    Rule("alt-equals-ref", (col("alt").str.to_uppercase() == col("ref").str.to_uppercase())
         | (_MULTI & col("alt").str.split(",").list.contains(col("ref"))), "alt", "an allele other than REF"),
    Rule("alt-duplicate", _MULTI
         & (col("alt").str.split(",").list.n_unique() <= col("alt").str.count_matches(",", literal=True)),
         "alt", "each allele once"),
    Rule("qual", ((col("qual") == ".") | (col("qual").cast(pl.Float64, strict=False) >= 0))
         .fill_null(value=False).not_(), "qual", "a number, 0 or more, or '.'"),
    Rule("filter", _unlike("filter", r"^(?:\.|[^\s;,.][^\s;,]*(?:;[^\s;,.][^\s;,]*)*)$")
         | (col("filter") == "0"), "filter", "PASS, '.', or filter names joined by ';'"),
    Rule("info", col("info").is_null()
         | col("info").str.starts_with(";") | col("info").str.contains(";;", literal=True)
         | col("info").str.starts_with("=") | col("info").str.contains(";=", literal=True), "info",
         "key=value pairs joined by ';', or '.'"),
)  # fmt: skip


FORMAT_RULES: Final = (
    Rule("format", _unlike("format", r"^[A-Za-z_][0-9A-Za-z_.]*(?::[A-Za-z_][0-9A-Za-z_.]*)*$")
         & (col("format") != "."), "format", "names joined by ':'"),
    Rule("genotype-place", col("format").str.contains(":GT(?::|$)"), "format",
         "GT first, where there is a GT"),
)  # fmt: skip
HAS_GT: Final = col("format").str.contains(r"^GT(?::|$)")


def first_breach(frame: pl.DataFrame, samples: Sequence[str]) -> tuple[int, Rule] | None:
    """The first record that breaks a rule, and the first rule it breaks; genotypes are for `contents`.

    Args:
        frame: The columns named above.
        samples: Names of the columns that hold samples; without any, FORMAT is not looked at.
    """
    rules: tuple[Rule, ...] = RULES
    if samples:
        rules = (*RULES, *FORMAT_RULES)
    firsts = frame.select(
        pl.arg_where(rule.broken.fill_null(value=False)).first().alias(str(number))
        for number, rule in enumerate(rules)
    ).row(0)
    found = [(row, number) for number, row in enumerate(firsts) if row is not None]
    if not found:
        return None
    row, number = min(found)
    return int(row), rules[number]


def explain(rule: Rule, record: Mapping[str, str | None]) -> str:
    """What was found and what was expected, in one sentence."""
    found = record[rule.column]
    name = rule.column.upper()
    if found is None:
        return f"{name} is empty; expected {rule.expected}"
    shown = found if len(found) <= 80 else f"{found[:77]}..."
    return f"{name} is {shown!r}; expected {rule.expected}"
