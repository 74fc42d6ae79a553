"""The door: is this file a whole, readable VCF, and of which sample?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from canheal_genome.builds import Build, build_from_contigs

Kind = Literal["tumour", "germline"]


@dataclass(frozen=True, slots=True)
class VcfFacts:
    """What a checked file is."""

    fileformat: str
    compression: Literal["plain", "gzip", "bgzf"]
    samples: tuple[str, ...]
    sample: str | None
    """The column to interpret: the tumour of a tumour VCF, the person of a germline one; None: sites only."""
    normal: str | None
    contigs: Mapping[str, int | None]
    """Declared contigs and their lengths."""
    n_records: int
    size_bytes: int
    uncompressed_bytes: int
    has_genotypes: bool

    @property
    def build(self) -> Build | None:
        """By the declared contig lengths; raises BuildRefused where they contradict."""
        return build_from_contigs(
            {name: length for name, length in self.contigs.items() if length is not None}
        )


def check(
    path: Path,
    *,
    kind: Kind,
    tumour: str | None = None,
    normal: str | None = None,
    max_uncompressed_bytes: int = 64 * 2**30,
) -> VcfFacts:
    raise NotImplementedError
