"""The files that must pass and must fail, of the specification and of EBI's validator: no crash, no hang."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from canheal_genome.columns import read_all
from canheal_genome.errors import VcfRefused
from canheal_genome.header import read_header
from canheal_genome.vcf import check

STRICTER = {"unsorted", "compression-unsupported"}
"""Rules of ours that the specification does not have; a passed file may be refused by them alone."""


@pytest.fixture(scope="module")
def answers(test_data: Path) -> Counter[tuple[str, str]]:
    return Counter(_answers(test_data / "vcf-spec"))


def _answers(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.parent.name in ("passed", "failed"):
            yield path.parent.name, _answer(path)


def _answer(path: Path) -> str:
    try:
        samples = read_header(path).samples
        facts = check(path, kind="tumour", tumour=samples[0] if samples else None)
    except VcfRefused as refused:
        return refused.rule
    alleles = read_all(path, sample=facts.sample)
    assert alleles["record"].n_unique() == facts.n_records
    return "accepted"


def test_what_must_pass_passes_or_breaks_a_documented_rule_of_ours(answers: Counter[tuple[str, str]]) -> None:
    passed = Counter({rule: n for (truth, rule), n in answers.items() if truth == "passed"})
    fine = passed["accepted"] + sum(passed[rule] for rule in STRICTER)
    assert fine >= 0.98 * passed.total(), passed


def test_most_of_what_must_fail_and_touches_what_we_read_is_refused(
    answers: Counter[tuple[str, str]],
) -> None:
    failed = Counter({rule: n for (truth, rule), n in answers.items() if truth == "failed"})
    print(f"{failed['accepted']} of {failed.total()} failed files are let in; refused by {failed}")
    assert failed["accepted"] <= 0.71 * failed.total(), failed


def test_each_record_rule_is_met_by_some_file(answers: Counter[tuple[str, str]]) -> None:
    met = {rule for _, rule in answers}
    assert {"chrom", "pos", "id", "ref", "alt", "qual", "filter", "format", "genotype", "meta-line"} <= met
