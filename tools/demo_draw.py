"""What the demo is drawn from: seeded places in the demo bundle's slices, where REF is true; and BGZF."""

import random
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import polars as pl
from canheal_genome.builds import CHROMOSOMES, LENGTHS, Build
from canheal_genome.compression import BGZF_EOF
from canheal_refdata.assembly import Assembly
from canheal_refdata.bundle import open_bundle

BUILD: Final = Build.GRCH38
STORY_GENES: Final = {"APC", "BRAF", "BRCA1", "BRCA2", "MLH1", "NRAS", "PIK3CA", "TP53"}
"""No passenger lies in their coding sequence: there only the named variants speak."""
_BLOCK_BYTES: Final = 65_280
_TRANSITION: Final = {"A": "G", "G": "A", "C": "T", "T": "C"}
_TRANSVERSION: Final = {"A": "CT", "G": "CT", "C": "AG", "T": "AG"}
_INTRON_BASES: Final = (20, 90)
"""How far from an exon an intronic place lies: read by an exome, and no splice region."""


@dataclass(frozen=True, slots=True)
class Allele:
    contig: str
    position: int
    ref: str
    alt: str

    @property
    def order(self) -> tuple[int, int]:
        return CHROMOSOMES.index(self.contig), self.position


class Draw:
    """Seeded draws. Only `Random.random` is used: its numbers are the same in every version of Python."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 made-up data, no secret
        self.assembly: Assembly = open_bundle().assembly(BUILD)

    def share(self) -> float:
        return self._random.random()

    def below(self, n: int) -> int:
        return int(self._random.random() * n)

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._random.random()

    def binomial(self, n: int, p: float) -> int:
        return sum(self._random.random() < p for _ in range(n))

    def coding(self, count: int) -> list[Allele]:
        """Coding SNVs that are missense or synonymous: a demo's passengers break no gene by accident."""
        return self._coding(count, {"missense_variant", "synonymous_variant"})

    def synonymous(self, count: int) -> list[Allele]:
        return self._coding(count, {"synonymous_variant"})

    def _coding(self, count: int, allowed: set[str]) -> list[Allele]:
        exons = self._exons().drop_nulls("cds_start").select("contig", start="cds_start", end="cds_end")
        drawn = self._snvs(exons, 6 * count)
        named = zip(drawn, self._annotated(drawn), strict=True)
        quiet = (one for one, found in named if found and _terms(found) <= allowed and _elsewhere(found))
        return list(islice(quiet, count))

    def name_of(self, allele: Allele) -> tuple[str, str, str] | None:
        """Gene, c. and p. name by the bundle; None where REF is not the bundle's or nothing is named."""
        last = allele.position + len(allele.ref) - 1
        if self.assembly.sequence(allele.contig, allele.position, last) != allele.ref:
            return None
        found = self._annotated([allele])[0]
        return (found[0]["gene_symbol"], found[0]["hgvs_c"], found[0]["hgvs_p"]) if found else None

    def _annotated(self, alleles: Sequence[Allele]) -> list[list[dict[str, Any]]]:
        frame = pl.DataFrame(
            {
                "chromosome": [one.contig for one in alleles],
                "position": [one.position for one in alleles],
                "reference": [one.ref for one in alleles],
                "alternative": [one.alt for one in alleles],
            }
        )
        return self.assembly.annotator().annotate(frame)["annotation"].to_list()

    def intronic(self, count: int) -> list[Allele]:
        """SNVs in introns near exons."""
        near, far = _INTRON_BASES
        inner = self._exons().filter(pl.col("rank") > 1)
        starts = inner.select("contig", start=pl.col("start") - far, end=pl.col("start") - near)
        ends = inner.select("contig", start=pl.col("end") + near, end=pl.col("end") + far)
        exons = self.assembly.exons
        drawn = self._snvs(pl.concat([starts, ends]), 2 * count)
        return [one for one in drawn if not _touches(one, exons)][:count]

    def _exons(self) -> pl.DataFrame:
        sequenced = self.assembly.genes.filter("has_sequence")["feature_id"]
        return self.assembly.exons.filter(pl.col("feature_id").is_in(sequenced.implode()))

    def _snvs(self, intervals: pl.DataFrame, count: int) -> list[Allele]:
        """Distinct SNVs, three in four transitions, uniform over the intervals' bases."""
        spans = list(intervals.iter_rows())
        drawn: dict[tuple[str, int], Allele] = {}
        while len(drawn) < count:
            contig, start, end = spans[self.below(len(spans))]
            position = start + self.below(end - start + 1)
            ref = self.assembly.sequence(contig, position, position)
            if ref not in _TRANSITION or (contig, position) in drawn:
                continue
            alt = _TRANSITION[ref] if self.share() < 0.75 else _TRANSVERSION[ref][self.below(2)]
            drawn[contig, position] = Allele(contig, position, ref, alt)
        return list(drawn.values())


def _elsewhere(transcripts: list[dict[str, Any]]) -> bool:
    return not any(one["gene_symbol"] in STORY_GENES for one in transcripts)


def _terms(transcripts: list[dict[str, Any]]) -> set[str]:
    return {str(term) for one in transcripts for term in one["consequences"]}


def _touches(one: Allele, exons: pl.DataFrame) -> bool:
    near = exons.filter(
        (pl.col("contig") == one.contig)
        & (pl.col("start") - _INTRON_BASES[0] <= one.position)
        & (pl.col("end") + _INTRON_BASES[0] >= one.position)
    )
    return not near.is_empty()


def header(samples: Sequence[str], *more: str) -> list[str]:
    """A VCF's header: what every demo sample says, and what only this one says."""
    contigs = [
        f"##contig=<ID=chr{name},length={LENGTHS[BUILD][name]}>" for name in CHROMOSOMES if name != "MT"
    ]
    return [
        "##fileformat=VCFv4.2",
        "##source=CAN.HEAL demo samples: made up, of nobody",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads of each allele">',
        '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Reads">',
        *more,
        *contigs,
        "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]),
    ]


def write_bgzf(path: Path, lines: Iterable[str]) -> None:
    """Text as BGZF (SAM specification, section 4.1) with its EOF block, the same bytes each time."""
    text = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(b"".join(_blocks(text)) + BGZF_EOF)


def _blocks(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), _BLOCK_BYTES):
        piece = data[at : at + _BLOCK_BYTES]
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(piece) + packer.flush()
        size = len(packed) + 25  # the block's size less one: 18 bytes of header, 8 of trailer
        head = struct.pack("<4sIBBH2sHH", b"\x1f\x8b\x08\x04", 0, 0, 255, 6, b"BC", 2, size)
        yield head + packed + struct.pack("<II", zlib.crc32(piece), len(piece))
