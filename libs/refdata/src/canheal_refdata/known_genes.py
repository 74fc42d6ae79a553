"""Well-known cancer genes, so that a bundle can say which of them it lacks."""

from functools import cache
from importlib.resources import files

import polars as pl


@cache
def well_known_cancer_genes() -> frozenset[str]:
    """Symbols of `genes/well_known_cancer.tsv`; the file's first lines say how it was made."""
    text = files("canheal_refdata").joinpath("genes/well_known_cancer.tsv").read_bytes()
    return frozenset(pl.read_csv(text, separator="\t", comment_prefix="#")["gene"])
