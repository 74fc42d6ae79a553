"""What the door is asked about a file, and what it says: plain values, since they cross processes."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Question:
    """A file and what the hospital says of it."""

    path: Path
    germline: bool
    vcf_sample: str | None
    vcf_normal: str | None
    declared: str | None
    max_uncompressed_bytes: int


@dataclass(frozen=True, slots=True)
class Passed:
    """A file that may enter."""

    vcf: Path
    """The file as the platform keeps it: as it came, or the VCF of a BCF."""
    sample: str | None
    """The column to interpret; None in a file without sample columns."""
    normal: str | None
    build: str
    build_basis: str
