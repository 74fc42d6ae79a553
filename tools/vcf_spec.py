"""Our answer to each file of vcf-spec: `python tools/vcf_spec.py` writes the golden table anew.

The files are those that the specification and EBI's validator want passed or failed; what changed in the
table is for a human to judge. docs/vcf-rules.md is made from it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from canheal_genome.errors import VcfRefused
from canheal_genome.header import read_header
from canheal_genome.vcf import check

ROOT: Final = Path(__file__).parents[1]
TABLES: Final = ROOT / "libs" / "genome" / "tests"
ANSWERS: Final = TABLES / "vcf_spec_answers.tsv"
TOLERATED: Final = TABLES / "vcf_spec_tolerated.tsv"
TRUTHS: Final = ("passed", "failed", "non_readable")
ACCEPTED: Final = "accepted"


class Answer(NamedTuple):
    """What we say of one file."""

    path: str
    truth: str
    """The folder's word: passed, failed or non_readable."""
    rule: str
    """The rule that refuses it, or lets it in although it should fail; else `accepted`."""
    line: str


def read_tsv(path: Path) -> list[list[str]]:
    """Rows without comments and heading."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [line.split("\t") for line in lines[1:]]


def answers(folder: Path) -> Iterator[Answer]:
    """Our answer to every file below the folder."""
    tolerated = dict(read_tsv(TOLERATED))
    for path in sorted(folder.rglob("*")):
        truth = path.parent.name
        if path.is_file() and truth in TRUTHS:
            yield Answer(path.relative_to(folder).as_posix(), truth, *_answer(path, truth, tolerated))


def _answer(path: Path, truth: str, tolerated: dict[str, str]) -> tuple[str, str]:
    try:
        samples = read_header(path).samples
        check(path, kind="tumour", tumour=samples[0] if samples else None)
    except VcfRefused as refused:
        return refused.rule, "" if refused.line is None else str(refused.line)
    return (ACCEPTED if truth == "passed" else tolerated[_cause(path)]), ""


def _cause(path: Path) -> str:
    causes = [line for line in path.read_text("utf-8").splitlines() if line.startswith("##CauseOfFailure=")]
    return causes[0].partition("=")[2].strip()


def main() -> None:
    data = Path(os.environ.get("CANHEAL_TEST_DATA", ROOT.parent / "shared" / "data"))
    rows = ["\t".join(answer) for answer in answers(data / "vcf-spec")]
    head = "# Our answer to each file of vcf-spec; the rules are those of vcf_rules.tsv."
    ANSWERS.write_text("\n".join([head, "\t".join(Answer._fields), *rows]) + "\n", "utf-8")


if __name__ == "__main__":
    main()
