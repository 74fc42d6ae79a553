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
    found = alleles.count(str(allele)) if allele else 0
    return found, _word(found, len(alleles))


def _word(found: int, called: int) -> str:
    if found == 0:
        return "absent"
    if called == 1:
        return "hemizygous"
    return "homozygous" if found == called else "heterozygous"
