"""What a genotype says of one allele: how many copies, of how many.

A genotype is read once for each distinct pair of genotype and allele; a genome has a few dozen.
"""

import re
from typing import Final

import polars as pl

_ALLELES: Final = re.compile(r"[/|]")


def with_genotype(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `genotype`, `dosage` and `zygosity` of each row's allele.

    Args:
        frame: `format`, `sample` (null in a sites-only file) and `allele_index` (0 where the record has no
            ALT).
    """
    gt = pl.when(pl.col("format").str.contains(r"^GT(?::|$)")).then(pl.col("sample").str.extract(r"^([^:]*)"))
    frame = frame.with_columns(gt.alias("genotype"))
    distinct = frame.select("genotype", "allele_index").unique()
    rows = [(gt, allele, *copies(gt, allele)) for gt, allele in distinct.iter_rows()]
    meanings = pl.DataFrame(
        rows,
        schema={
            "genotype": pl.String,
            "allele_index": pl.Int16,
            "dosage": pl.Int8,
            "zygosity": pl.String,
        },
        orient="row",
    )
    return frame.join(
        meanings, on=["genotype", "allele_index"], how="left", nulls_equal=True, maintain_order="left"
    )


def copies(genotype: str | None, allele: int) -> tuple[int | None, str | None]:
    """Copies of an allele and the word for it; nothing is said of a genotype that misses an allele."""
    alleles = [] if genotype is None else [called for called in _ALLELES.split(genotype) if called]
    if not alleles or "." in alleles:
        return None, None
    found = sum(int(called) == allele for called in alleles) if allele else 0
    if found == 0:
        return 0, "absent"
    if len(alleles) == 1:
        return 1, "hemizygous"
    return found, "homozygous" if found == len(alleles) else "heterozygous"
