"""One number for one place of the genome, so that a score meets a VCF by integers and not by strings."""

from typing import Final

import polars as pl
from canheal_genome.builds import CHROMOSOMES, contig_name

CODES: Final = {name: code for code, name in enumerate(CHROMOSOMES)}
_STRIDE: Final = 1 << 32


def canonical(names: pl.Series) -> pl.DataFrame:
    """Each distinct name beside the chromosome that it means; null where it means none."""
    distinct = names.unique().drop_nulls().to_list()
    return pl.DataFrame(
        {names.name: distinct, "contig": [contig_name(name) for name in distinct]},
        schema={names.name: pl.String, "contig": pl.String},
    )


def site_key() -> pl.Expr:
    """The place of `contig` (canonical) and `position`; null for contigs that are no chromosome."""
    code = pl.col("contig").replace_strict(CODES, default=None, return_dtype=pl.Int64)
    return (code * _STRIDE + pl.col("position")).alias("site")
