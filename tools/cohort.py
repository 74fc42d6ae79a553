"""Tumours of TCGA's MC3 (public, GRCh37) as the VCFs that a hospital would send, one a tumour.

The same folder gives the same bytes: tumours in the order of their barcodes, records in karyotype order.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
from canheal_genome.builds import CHROMOSOMES, LENGTHS, Build
from canheal_refdata.bundle import open_bundle
from polars import col

from mc3 import BARCODE, as_alleles, read_mafs

SITE: Final = "US-MC3"
EXOME_MB: Final = 35.6
"""Callable size of the cohort's exomes, rounded; only a denominator here."""
TUMOUR_TYPES: Final = {
    "chol": "CHOL", "kich": "CHRCC", "laml": "AML", "meso": "PLMESO", "ov": "HGSOC",
    "paad": "PAAD", "pcpg": "PHC", "tgct": "NSGCT", "thca": "THPA", "thym": "THYM",
}  # fmt: skip
"""OncoTree code of each cohort's commonest type."""

_HEADER: Final = (
    "##fileformat=VCFv4.2",
    *(f"##contig=<ID={name},length={LENGTHS[Build.GRCH37][name]}>" for name in CHROMOSOMES),
    '##FILTER=<ID=PASS,Description="All filters passed">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads of each allele">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Reads">',
)


@dataclass(frozen=True, slots=True)
class Tumour:
    """One tumour and what the hospital says of it."""

    label: str
    oncotree_code: str
    vcf: bytes
    """gzip."""
    records: int

    def metadata(self, site: str = SITE) -> dict[str, Any]:
        """The `metadata` part of a submission."""
        return {
            "site": site,
            "country": "US",
            "pseudonym": self.label,
            "label": self.label,
            "kind": "tumour",
            "assay": {"type": "exome", "size_mb": EXOME_MB},
            "oncotree_code": self.oncotree_code,
            "consent": {"permitted": ["own-care"]},
        }


@dataclass(frozen=True, slots=True)
class Cohort:
    """The tumours, and how many rows of theirs a VCF cannot say."""

    tumours: tuple[Tumour, ...]
    without_anchor: int
    """Indels outside the bundle's slices: the base before them is unknown."""

    def submissions(self) -> list[tuple[dict[str, Any], bytes]]:
        """Metadata and VCF of each."""
        return [(tumour.metadata(), tumour.vcf) for tumour in self.tumours]


def read_cohort(data: Path, count: int) -> Cohort:
    """The first `count` tumours, by barcode, of those with a row in a gene of the demo bundle."""
    assembly = open_bundle().assembly(Build.GRCH37)
    folder = data / "cohorts"
    rows = read_mafs(folder).filter(col("Chromosome").is_in(CHROMOSOMES))
    speaking = rows.filter(col("Hugo_Symbol").is_in(assembly.genes["gene"].implode()))
    chosen = speaking[BARCODE].unique().sort().head(count)
    rows = rows.filter(col(BARCODE).is_in(chosen.implode()))
    alleles = as_alleles(rows, assembly.sequence).join(
        rows.select(col("row").cast(pl.Int64).alias("record"), BARCODE, "t_ref_count", "t_alt_count"),
        on="record",
    )
    types = _tumour_types(folder)
    tumours = tuple(
        Tumour(label, types[label], _packed(label, lines), len(lines)) for label, lines in _written(alleles)
    )
    return Cohort(tumours, rows.height - alleles.height)


def _written(alleles: pl.DataFrame) -> Iterator[tuple[str, list[str]]]:
    """Each tumour's records as lines; an allele that the MAF has twice is one record."""
    rank = pl.Enum(CHROMOSOMES)
    reads = pl.concat_str("t_ref_count", "t_alt_count", separator=",")
    depth = col("t_ref_count").cast(pl.Int32) + col("t_alt_count").cast(pl.Int32)
    call = pl.format("0/1:{}:{}", reads, depth)
    line = pl.format("{}\t{}\t.\t{}\t{}\t.\tPASS\t.\tGT:AD:DP\t{}", "contig", "position", "ref", "alt", call)
    records = (
        alleles.with_columns(col("contig").cast(rank))
        .unique([BARCODE, "contig", "position", "ref", "alt"], keep="first", maintain_order=True)
        .sort(BARCODE, "contig", "position", "ref", "alt")
        .select(BARCODE, line.alias("line"))
    )
    for (label,), group in records.group_by(BARCODE, maintain_order=True):
        yield str(label), group["line"].to_list()


def _packed(label: str, lines: list[str]) -> bytes:
    columns = f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{label}"
    text = "\n".join((*_HEADER, columns, *lines, ""))
    return gzip.compress(text.encode(), mtime=0)


def _tumour_types(folder: Path) -> dict[str, str]:
    """OncoTree code by barcode: the file's name says the cohort."""
    return {
        barcode: code
        for cohort, code in TUMOUR_TYPES.items()
        for barcode in pl.read_csv(
            folder / f"tcga_mc3_{cohort}.maf.gz",
            separator="\t",
            columns=[BARCODE],
            infer_schema=False,
            quote_char=None,
        )[BARCODE].unique()
    }
