"""The table of rules is whole: each refusal in the code has its number, each number its refusal."""

import re
from pathlib import Path

import canheal_genome
from canheal_genome.rules import rules

SOURCES = Path(canheal_genome.__file__).parent
RAISED = re.compile(
    r'(?:VcfRefused|BuildRefused|Rule|Fault)\(\s*"([a-z0-9-]+)"|"([a-z]+(?:-[a-z0-9]+)+|encoding)"'
)


def test_every_rule_that_the_code_names_has_a_number_and_every_number_is_used() -> None:
    text = "".join(path.read_text("utf-8") for path in sorted(SOURCES.glob("*.py")))
    named = {one or other for one, other in RAISED.findall(text)}
    refusing = {slug for slug, rule in rules().items() if rule.number.startswith("V")}
    assert refusing - named == set()
    calls = set(re.findall(r'(?:VcfRefused|BuildRefused|Rule|Fault)\(\s*"([a-z0-9-]+)"', text))
    assert calls - refusing == set()


def test_numbers_run_without_a_gap_and_each_rule_has_its_meaning() -> None:
    for kind in "VT":
        numbers = [rule.number for rule in rules().values() if rule.number.startswith(kind)]
        assert numbers == [f"{kind}-{n:02d}" for n in range(1, len(numbers) + 1)]
    assert all(rule.meaning.endswith(".") for rule in rules().values())
