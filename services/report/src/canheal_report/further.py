"""The findings beyond those that the event carries: counted all, kept in short rows up to a bound."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Self

from canheal_schemas import Finding, Tier
from canheal_schemas.event import Model

MAX_ROWS = 1_000
"""Short rows that a report keeps; a row is about 200 bytes, and a page of more is not read."""


class FindingRow(Model):
    """A finding in one line."""

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
        tier = finding.tiering.tier if finding.tiering else None
        return cls.model_validate(finding.model_dump(include=set(cls.model_fields)) | {"tier": tier})


class Further(Model):
    """How many findings each tier has in all, and the rows that the event had no room for."""

    tiers: dict[Tier, int]
    germline_hints: int
    rows: tuple[FindingRow, ...] = ()

    @classmethod
    def of(cls, findings: Iterable[Finding], shown: Iterable[Finding] = ()) -> Self:
        """Count all findings; keep rows of those that are not shown."""
        everything = tuple(findings)
        known = {_key(finding) for finding in shown or everything}
        rest = (FindingRow.of(finding) for finding in everything if _key(finding) not in known)
        tiers = [finding.tiering.tier for finding in everything if finding.tiering]
        return cls(
            tiers={tier: tiers.count(tier) for tier in Tier if tier in tiers},
            germline_hints=sum(finding.germline_hint is not None for finding in everything),
            rows=tuple(islice(rest, MAX_ROWS)),
        )


def read_further(path: Path, shown: tuple[Finding, ...]) -> Further:
    """Read the whole list of findings, JSON Lines of `Finding`; runs in the process pool.

    Raises:
        pydantic.ValidationError: a line is not a finding.
    """
    with path.open("rb") as lines:
        return Further.of((Finding.model_validate_json(line) for line in lines if line.strip()), shown)


def _key(finding: Finding) -> tuple[str, int, str, str, str]:
    return finding.contig, finding.position, finding.ref, finding.alt, finding.transcript
