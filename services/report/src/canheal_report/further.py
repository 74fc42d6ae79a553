"""The findings beyond those that the event carries: counted all, kept up to a bound.

The event leaves out a finding with very long alleles, whatever its tier: those of tier I and II and those
that may be inherited are kept whole, so that the page never loses one; the others in short rows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from canheal_schemas import Finding, Tier
from canheal_schemas.event import Model

from canheal_report.words import allele, clipped

MAX_ROWS = 1_000
"""Short rows that a report keeps; a row is about 200 bytes, and a page of more is not read."""
WHOLE_BYTES = 512 * 1024
"""What findings kept whole may take of a document (16 MiB at most)."""


class FindingRow(Model):
    """A finding in one line, long names and alleles clipped."""

    gene: str
    contig: str
    position: int
    ref: str
    alt: str
    hgvs_c: str | None
    hgvs_p: str | None
    consequences: tuple[str, ...]
    vaf: float | None
    depth: int | None
    tier: Tier | None

    @classmethod
    def of(cls, finding: Finding) -> Self:
        return cls(
            gene=finding.gene,
            contig=finding.contig,
            position=finding.position,
            ref=allele(finding.ref),
            alt=allele(finding.alt),
            hgvs_c=clipped(finding.hgvs_c),
            hgvs_p=clipped(finding.hgvs_p),
            consequences=finding.consequences,
            vaf=finding.vaf,
            depth=finding.depth,
            tier=finding.tiering.tier if finding.tiering else None,
        )


class Further(Model):
    """How many findings each tier has in all, and those that the event had no room for."""

    tiers: dict[Tier, int]
    germline_hints: int
    whole: tuple[Finding, ...] = ()
    rows: tuple[FindingRow, ...] = ()

    @classmethod
    def of(cls, findings: Iterable[Finding], shown: Iterable[Finding] | None = None) -> Self:
        """Count all findings; keep those that are not among the shown ones (None: all are shown)."""
        everything = tuple(findings)
        known = set(map(_key, everything if shown is None else shown))
        rest = [finding for finding in everything if _key(finding) not in known]
        whole = tuple(_with_room(filter(_weighs, rest)))
        kept = set(map(_key, whole))
        tiers = Counter(finding.tiering.tier for finding in everything if finding.tiering)
        return cls(
            tiers=dict(sorted(tiers.items())),
            germline_hints=sum(finding.germline_hint is not None for finding in everything),
            whole=whole,
            rows=tuple(FindingRow.of(finding) for finding in rest if _key(finding) not in kept)[:MAX_ROWS],
        )


def read_further(path: Path, shown: tuple[Finding, ...]) -> Further:
    """Read the whole list of findings, JSON Lines of `Finding`; runs in the process pool.

    Raises:
        pydantic.ValidationError: a line is not a finding.
    """
    with path.open("rb") as lines:
        return Further.of((Finding.model_validate_json(line) for line in lines if line.strip()), shown)


def _weighs(finding: Finding) -> bool:
    tier = finding.tiering.tier if finding.tiering else None
    return tier in (Tier.I, Tier.II) or finding.germline_hint is not None


def _with_room(findings: Iterable[Finding]) -> Iterator[Finding]:
    room = WHOLE_BYTES
    for finding in findings:
        size = len(finding.model_dump_json())
        if size <= room:
            room -= size
            yield finding


def _key(finding: Finding) -> tuple[str, int, str, str, str]:
    return finding.contig, finding.position, finding.ref, finding.alt, finding.transcript
