"""The rules of the door by number: V is refused; T breaks the specification and is let in.

A number is never given to another rule. `vcf_rules.tsv` is the one list; docs/vcf-rules.md is made from it.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Rule(NamedTuple):
    """A line of the table."""

    number: str
    """`V-01`, refused, or `T-01`, let in."""
    rule: str
    meaning: str
    clause: str
    """Section of the VCF specification; empty where the rule is ours."""


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by its slug, in the order of their numbers."""
    text = files("canheal_genome").joinpath("vcf_rules.tsv").read_text("utf-8")
    _, *lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {rule.rule: rule for rule in (Rule(*line.split("\t")) for line in lines)}
