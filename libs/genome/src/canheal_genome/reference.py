"""Which build a VCF without contig lengths was called on: the one whose bases its REF column repeats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import polars as pl

from canheal_genome.builds import Build
from canheal_genome.columns import read
from canheal_genome.errors import BuildRefused
from canheal_genome.intervals import overlap_join

Sequence = Callable[[Build, str, int, int], str | None]
"""`(build, contig, start, end)` to the bases, both ends inclusive; None where it does not have them all."""

MIN_MATCHES: Final = 5
MAX_MISMATCH_SHARE: Final = 0.05
"""A build stands with at least five matching sites and at most one in twenty that differ. By chance one SNV
in four matches the wrong build, so five sites and 5 % tell the two apart; a few masked bases do no harm."""


@dataclass(frozen=True, slots=True)
class Sites:
    matches: int
    mismatches: int

    @property
    def total(self) -> int:
        return self.matches + self.mismatches

    @property
    def stands(self) -> bool:
        return self.matches >= MIN_MATCHES and self.mismatches <= MAX_MISMATCH_SHARE * self.total

    @property
    def falls(self) -> bool:
        """Enough sites were seen, and too many differ."""
        return self.total >= MIN_MATCHES and not self.stands


@dataclass(frozen=True, slots=True)
class BuildEvidence:
    """How many REF bases each build's sequence repeats, at the sites that its sequence covers."""

    sites: dict[Build, Sites]

    @property
    def build(self) -> Build | None:
        """The one build that stands; None where none does, or both."""
        standing = [build for build, sites in self.sites.items() if sites.stands]
        return standing[0] if len(standing) == 1 else None

    def contradicts(self, declared: Build) -> bool:
        """REF differs from the declared build at more than one in twenty of at least five sites."""
        return self.sites[declared].falls

    def demand(self, declared: Build | None) -> Build:
        """The declared build where REF allows it, else the one that REF names.

        Raises:
            BuildRefused: `build-contradicted`, `build-unknown`.
        """
        seen = "; ".join(
            f"{build}: {sites.matches} sites agree, {sites.mismatches} differ"
            for build, sites in self.sites.items()
        )
        if declared is not None and self.contradicts(declared):
            raise BuildRefused(
                "build-contradicted",
                f"the file is declared as {declared}, but REF differs ({seen}). Declare the right build",
            )
        found = declared or self.build
        if found is None:
            raise BuildRefused(
                "build-unknown",
                f"the build cannot be told: no ##contig lengths, and REF does not decide ({seen}; it takes "
                f"{MIN_MATCHES} sites). Name the build with the submission",
            )
        return found


def build_from_reference(
    alleles: Path | pl.DataFrame,
    sequence: Sequence,
    *,
    covered: Mapping[Build, pl.DataFrame] | None = None,
    max_sites: int = 1_000,
) -> BuildEvidence:
    """Count the sites where REF equals and differs from each build's sequence.

    Args:
        alleles: A checked VCF, or a frame with `contig`, `position`, `ref` as `columns.read` gives them.
        sequence: The bundle's slices.
        covered: The slices' `contig`, `start`, `end`, so that a genome's other sites are passed over at once.
        max_sites: Covered sites of each build after which no more are looked at.
    """
    wanted = ["contig", "position", "ref"]
    frames = (
        iter([alleles]) if isinstance(alleles, pl.DataFrame) else read(alleles, sample=None, columns=wanted)
    )
    counts = {build: Sites(0, 0) for build in Build}
    for frame in frames:
        sites = frame.select(wanted).unique(maintain_order=True)
        for build, seen in counts.items():
            within = sites if covered is None or build not in covered else _within(sites, covered[build])
            counts[build] = _count(seen, within, partial(sequence, build), max_sites)
        if min(seen.total for seen in counts.values()) >= max_sites:
            break
    return BuildEvidence(counts)


def _within(sites: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    spans = sites.select("contig", pl.col("position").alias("start"), pl.col("position").alias("end"))
    return sites[overlap_join(spans, covered)["query"].unique().sort()]


def _count(
    seen: Sites, sites: pl.DataFrame, bases: Callable[[str, int, int], str | None], most: int
) -> Sites:
    matches, mismatches = seen.matches, seen.mismatches
    for contig, position, ref in sites.iter_rows():
        if matches + mismatches >= most:
            break
        found = bases(contig, position, position + len(ref) - 1)
        if found is not None:
            matches += found == ref
            mismatches += found != ref
    return Sites(matches, mismatches)
