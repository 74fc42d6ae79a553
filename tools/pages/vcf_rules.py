"""`docs/vcf-rules.md`: every rule of the door, and what it decides of the specification's own test files."""

from collections import Counter

from canheal_genome.rules import Rule, rules

from pages.markdown import HEAD, table
from vcf_spec import ACCEPTED, ANSWERS, TRUTHS, Answer, read_tsv

INTRODUCTION = """# What the door asks of a VCF

A refused upload answers 422 with `rule`, `rule_number`, `line` and the reason. A number is never reused.
`clause` is a section of the VCF specification (4.3 unless another version stands beside it); where it is
empty the rule is ours. `files` counts how many of the {total:,} test files of hts-specs and of EBI's
vcf-validator the rule decides, of those that should fail and of those that should pass.
Source: `vcf_rules.tsv` and `reserved.tsv` of canheal_genome, and `vcf_spec_answers.tsv` of its tests, which
`tools/vcf_spec.py` writes and a test holds.
"""
REFUSED = """## Refused

"""
LET_IN = """
## Let in although the specification forbids it

Callers in use write these, and nothing that we read of the file suffers.

"""
FILES = """
## Files that should fail and are let in

"""


def pages() -> dict[str, str]:
    """The page by its path."""
    answers = [Answer(*row) for row in read_tsv(ANSWERS)]
    parts = [
        HEAD + INTRODUCTION.format(total=len(answers)),
        _figures(answers),
        REFUSED + _rules(answers, "V"),
        LET_IN + _rules(answers, "T"),
        FILES + _let_in(answers),
    ]
    return {"docs/vcf-rules.md": "\n".join(parts)}


def _figures(answers: list[Answer]) -> str:
    rows = []
    for truth in TRUTHS:
        of = [answer.rule for answer in answers if answer.truth == truth]
        refused = sum(_refuses(rule) for rule in of)
        share = f"{100 * (len(of) - refused) / len(of):.1f} %"
        rows.append((truth, str(len(of)), str(refused), str(len(of) - refused), share))
    return table(("folder", "files", "refused", "let in", "share let in"), rows)


def _refuses(rule: str) -> bool:
    return rule != ACCEPTED and rules()[rule].number.startswith("V")


def _rules(answers: list[Answer], kind: str) -> str:
    decided = Counter((answer.rule, answer.truth == "passed") for answer in answers)
    rows = [_row(rule, decided) for rule in rules().values() if rule.number.startswith(kind)]
    return table(("number", "rule", "meaning", "clause", "files: fail / pass"), rows)


def _row(rule: Rule, decided: Counter[tuple[str, bool]]) -> tuple[str, ...]:
    failed, passed = decided[rule.rule, False], decided[rule.rule, True]
    return rule.number, f"`{rule.rule}`", rule.meaning, rule.clause, f"{failed} / {passed}"


def _let_in(answers: list[Answer]) -> str:
    found = [answer for answer in answers if answer.truth != "passed" and not _refuses(answer.rule)]
    rows = [(rules()[answer.rule].number, answer.rule, answer.path) for answer in found]
    return table(("number", "rule", "file"), sorted(rows))
