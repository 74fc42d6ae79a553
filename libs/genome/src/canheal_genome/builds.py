"""The two reference genomes: their names for a chromosome, its length, its pseudo-autosomal regions.

Source: Genome Reference Consortium, GRCh37 (GCA_000001405.1) and GRCh38 (GCA_000001405.15); PARs as the
consortium lists them. Names are the canonical `1`..`22`, `X`, `Y`, `MT`; `chr1`, `M`, `NC_000001.11` are
read as them, anything else is None, never guessed (`23` is not X here: it is a PLINK code, and a contig
named 23 in a VCF is somebody else's).
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from canheal_genome.errors import BuildRefused


class Build(StrEnum):
    GRCH37 = "GRCh37"
    GRCH38 = "GRCh38"


CHROMOSOMES: Final = (*(str(number) for number in range(1, 23)), "X", "Y", "MT")
"""The canonical names, in karyotype order."""

_LENGTHS_37: Final = (
    249250621, 243199373, 198022430, 191154276, 180915260, 171115067, 159138663, 146364022, 141213431,
    135534747, 135006516, 133851895, 115169878, 107349540, 102531392, 90354753, 81195210, 78077248, 59128983,
    63025520, 48129895, 51304566, 155270560, 59373566, 16569,
)  # fmt: skip
_LENGTHS_38: Final = (
    248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636, 138394717,
    133797422, 135086622, 133275309, 114364328, 107043718, 101991189, 90338345, 83257441, 80373285, 58617616,
    64444167, 46709983, 50818468, 156040895, 57227415, 16569,
)  # fmt: skip

LENGTHS: Final[Mapping[Build, Mapping[str, int]]] = MappingProxyType(
    {
        Build.GRCH37: MappingProxyType(dict(zip(CHROMOSOMES, _LENGTHS_37, strict=True))),
        Build.GRCH38: MappingProxyType(dict(zip(CHROMOSOMES, _LENGTHS_38, strict=True))),
    }
)
"""Bases of each chromosome."""

PAR: Final[Mapping[Build, Mapping[str, tuple[tuple[int, int], ...]]]] = MappingProxyType(
    {
        Build.GRCH37: MappingProxyType(
            {
                "X": ((60001, 2699520), (154931044, 155260560)),
                "Y": ((10001, 2649520), (59034050, 59363566)),
            }
        ),
        Build.GRCH38: MappingProxyType(
            {
                "X": ((10001, 2781479), (155701383, 156030895)),
                "Y": ((10001, 2781479), (56887903, 57217415)),
            }
        ),
    }
)
"""PAR1 and PAR2, 1-based and inclusive: here a man has two copies of X's sequence."""

_REFSEQ: Final = re.compile(r"NC_0000(0[1-9]|1\d|2[0-4])\.\d+")
_BY_NAME: Final = {name.lower(): name for name in CHROMOSOMES} | {"m": "MT"}


def contig_name(name: str) -> str | None:
    """The canonical name of a chromosome, or None for any other contig (decoys, patches, alternate loci)."""
    if refseq := _REFSEQ.fullmatch(name):
        return CHROMOSOMES[int(refseq[1]) - 1]
    if name.startswith("NC_012920."):
        return "MT"
    bare = name.lower().removeprefix("chr")
    return _BY_NAME.get(bare)


def in_par(build: Build, contig: str, position: int) -> bool:
    return any(start <= position <= end for start, end in PAR[build].get(contig, ()))


def build_from_contigs(lengths: Mapping[str, int]) -> Build | None:
    """The build that every declared chromosome length agrees with.

    The mitochondrion decides nothing: both builds share it, and hg19's chrM is another sequence (16,571
    bases).

    Returns:
        None where no nuclear chromosome is declared with a length.

    Raises:
        BuildRefused: `contig-lengths-contradict` where lengths fit different builds, or only some fit;
            `contig-lengths-unknown` where none fits (NCBI36, CHM13, another species).
    """
    declared = {
        canonical: length
        for name, length in lengths.items()
        if (canonical := contig_name(name)) is not None and canonical != "MT"
    }
    if not declared:
        return None
    fits = {build: [c for c, n in declared.items() if LENGTHS[build][c] == n] for build in Build}
    for build, agreeing in fits.items():
        if len(agreeing) == len(declared):
            return build
    raise _no_single_build(declared, fits)


def _no_single_build(declared: Mapping[str, int], fits: Mapping[Build, list[str]]) -> BuildRefused:
    counts = ", ".join(f"{len(agreeing)} of {len(declared)} fit {build}" for build, agreeing in fits.items())
    agreed = {contig for agreeing in fits.values() for contig in agreeing}
    odd = next((contig for contig in declared if contig not in agreed), next(iter(declared)))
    known = " and ".join(f"{LENGTHS[build][odd]:,} in {build}" for build in Build)
    example = f"chromosome {odd} is declared with {declared[odd]:,} bases, and has {known}"
    rule = "contig-lengths-contradict" if agreed else "contig-lengths-unknown"
    return BuildRefused(
        rule,
        f"the lengths of the ##contig lines fit no single build: {counts}; {example}. "
        "Call or lift the file over to GRCh37 or GRCh38, or correct its ##contig lines",
    )
