"""Keys under which a variant is looked up: its protein and coding change as knowledge bases write them.

`p.(Val600Glu)` is `V600E`, `p.(Arg176GlyfsTer4)` is `R176FS`, `c.529_531del` is `529_531DEL`: upper case, one
letter an amino acid, nothing after `FS`, no bases after `DEL` or `DUP`.
"""

from typing import Final

import polars as pl
from polars import col

_AMINO_ACIDS: Final = {
    "Ala": "A", "Arg": "R", "Asn": "N", "Asp": "D", "Cys": "C", "Gln": "Q", "Glu": "E", "Gly": "G",
    "His": "H", "Ile": "I", "Leu": "L", "Lys": "K", "Met": "M", "Phe": "F", "Pro": "P", "Pyl": "O",
    "Sec": "U", "Ser": "S", "Thr": "T", "Trp": "W", "Tyr": "Y", "Val": "V", "Ter": "*", "Xaa": "X",
}  # fmt: skip


def one_letter(hgvs_p: pl.Expr) -> pl.Expr:
    """Three-letter amino acids as one letter, all else as it was."""
    return hgvs_p.str.replace_many(list(_AMINO_ACIDS), list(_AMINO_ACIDS.values()))


def protein_key(hgvs_p: pl.Expr) -> pl.Expr:
    """From HGVS p.; null where the effect is unknown or nothing changes."""
    letters = (
        one_letter(hgvs_p.str.extract(r"^p\.\(?([^()]+)\)?$"))
        .str.to_uppercase()
        .str.replace(r"^([A-Z]\d+)[A-Z]?FS.*$", "${1}FS")
    )
    return pl.when(letters.str.contains(r"^[A-Z*]\d") & ~letters.str.ends_with("=")).then(letters)


def coding_key(hgvs_c: pl.Expr) -> pl.Expr:
    """From HGVS c., with or without `c.`."""
    return (
        hgvs_c.str.strip_prefix("c.")
        .str.to_uppercase()
        .str.replace(r"DEL[ACGT0-9]*INS", "DELINS")
        .str.replace(r"(DEL|DUP)[ACGT0-9]+$", "${1}")
    )


def residue(protein: pl.Expr) -> pl.Expr:
    """The residue of a substitution by another amino acid: `V600` of `V600E`; null of any other change."""
    return protein.str.extract(r"^([A-Z]\d+)[A-Z]$")


def with_keys(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `protein_key`, `coding_key` and `residue` to rows that have `hgvs_c` and `hgvs_p`."""
    return rows.with_columns(
        protein_key(col("hgvs_p")).alias("protein_key"), coding_key(col("hgvs_c")).alias("coding_key")
    ).with_columns(residue(col("protein_key")).alias("residue"))
