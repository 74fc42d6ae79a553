"""The table of a scoring file as columns: one row a variant, its alleles, the weight of 0, 1, 2 copies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
from polars import col

from canheal_prs.errors import ScoreFileRefused
from canheal_prs.sites import canonical, site_key

SCHEMA: Final = pl.Schema(
    {
        "row": pl.Int64(),  # 0-based row of the table
        "site": pl.Int64(),  # see sites.site_key
        "contig": pl.String(),
        "position": pl.Int64(),
        "effect_allele": pl.String(),
        "other_allele": pl.String(),  # null where the file has none
        "weight": pl.Float64(),  # of one copy, in an additive variant
        "additive": pl.Boolean(),
        "weight_0": pl.Float64(),  # of 0, 1, 2 copies of the effect allele
        "weight_1": pl.Float64(),
        "weight_2": pl.Float64(),
        "effect_frequency": pl.Float64(),  # of the effect allele in the reference population
        "reference_allele": pl.String(),  # the build's own, from canheal_reference_allele
    }
)
_NULLS: Final = ("", "NA", "NR", "None", "nan")
_BASES: Final = r"^[ACGT]+$"
_COMPLEX: Final = {
    "is_haplotype": "haplotype",
    "is_diplotype": "diplotype",
    "is_interaction": "interaction of variants",
}
_DOSAGES: Final = ("dosage_0_weight", "dosage_1_weight", "dosage_2_weight")
_RATIOS: Final = ("OR", "HR")
_RATIO_TYPES: Final = {"or", "hr", "odds ratio", "hazard ratio", "or/hr"}


@dataclass(frozen=True, slots=True)
class Rows:
    variants: pl.DataFrame
    total: int
    refused: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Table:
    """The file's own columns as text, and where its rows stand."""

    file: str
    first_line: int
    text: pl.DataFrame

    def refuse(self, bad: pl.Series, column: str, expected: str) -> None:
        """Refuse the file with the first row that `bad` marks."""
        rows = bad.fill_null(value=False).arg_true()
        if len(rows):
            found = self.text[column][rows[0]]
            raise ScoreFileRefused(
                self.file, f"{column} is {found!r}; expected {expected}", self.first_line + 1 + rows[0]
            )

    def number(self, column: str, *, required: bool = False, low: float = float("-inf")) -> pl.Series:
        """A column of numbers above `low`; null where the file has none."""
        if column not in self.text.columns:
            return pl.Series(column, [None] * self.text.height, dtype=pl.Float64)
        values = self.text[column].cast(pl.Float64, strict=False)
        bad = self.text[column].is_not_null() & (values.is_null() | ~values.is_finite() | (values <= low))
        if required:
            bad |= values.is_null()
        self.refuse(bad, column, "a number" if low == float("-inf") else f"a number above {low:g}")
        return values

    def flag(self, column: str) -> pl.Series:
        if column not in self.text.columns:
            return pl.Series(column, [False] * self.text.height)
        values = self.text[column].str.to_lowercase().fill_null("false")
        self.refuse(~values.is_in(["true", "false", "1", "0"]), column, "True or False")
        return values.is_in(["true", "1"])

    def words(self, *columns: str) -> pl.Series:
        """The first of the columns that says something, row by row, in upper case."""
        present = [name for name in columns if name in self.text.columns]
        if not present:
            return pl.Series(columns[0], [None] * self.text.height, dtype=pl.String)
        return self.text.select(pl.coalesce(present).str.to_uppercase().alias(columns[0])).to_series()


def rows_of(file: str, body: bytes, first_line: int, header: Mapping[str, str]) -> Rows:
    """The rows that can be scored, and the others by reason.

    Args:
        file: The file's name, for messages.
        body: The table from its column names on.
        first_line: The line of the column names.
        header: Keys and values of the header.

    Raises:
        ScoreFileRefused: a column is missing, or a value is not what its column must hold; names the line.
    """
    table = _read(file, body, first_line)
    harmonised = {"hm_chr", "hm_pos"} <= set(table.text.columns) and "HmPOS_build" in header
    chromosome, place = ("hm_chr", "hm_pos") if harmonised else ("chr_name", "chr_position")
    _demand(table, (chromosome, place, "effect_allele"))
    text = table.words(chromosome).alias("contig_text")
    variants = (
        pl.DataFrame({"contig_text": text, "position": _positions(table, place)})
        .with_row_index("row")
        .join(canonical(text), on="contig_text", how="left", maintain_order="left")
        .with_columns(col("row").cast(pl.Int64), site_key())
        .with_columns(*_alleles(table), *_weights(table, header))
    )
    reasons = variants.select(_reason(table, harmonised=harmonised)).to_series()
    counted = reasons.drop_nulls().value_counts(sort=True)
    return Rows(
        variants=variants.filter(reasons.is_null()).select(list(SCHEMA)).cast(SCHEMA),
        total=variants.height,
        refused=dict(sorted(counted.iter_rows())),
    )


def _read(file: str, body: bytes, first_line: int) -> _Table:
    try:
        text = pl.read_csv(
            body,
            separator="\t",
            infer_schema=False,
            quote_char=None,
            null_values=list(_NULLS),
        )
    except pl.exceptions.PolarsError as error:
        raise ScoreFileRefused(
            file,
            f"the table cannot be read ({str(error).splitlines()[0]}); expected fields between tabs",
            first_line,
        ) from error
    text = text.rename({name: name.strip() for name in text.columns})
    if not text.height:
        raise ScoreFileRefused(file, "the table has no rows; expected one row a variant", first_line)
    return _Table(file, first_line, text)


def _demand(table: _Table, columns: Sequence[str]) -> None:
    if missing := [name for name in columns if name not in table.text.columns]:
        raise ScoreFileRefused(
            table.file,
            f"the columns {', '.join(missing)} are missing; found {', '.join(table.text.columns)}. Take the "
            "PGS Catalog's scoring file, harmonised to your build where the author's names rsIDs only",
            table.first_line,
        )


def _positions(table: _Table, column: str) -> pl.Series:
    values = table.text[column].cast(pl.Int64, strict=False)
    bad = table.text[column].is_not_null() & (values.is_null() | (values < 1) | (values >= 1 << 31))
    table.refuse(bad, column, "a position in bases, 1 or more")
    return values


def _alleles(table: _Table) -> list[pl.Series]:
    effect, inferred = table.words("effect_allele"), table.words("hm_inferOtherAllele")
    other = table.words("other_allele", "reference_allele")  # format 1.0 called the other allele so
    single = inferred.str.contains(_BASES).fill_null(value=False)
    other = other.fill_null(inferred.set(~single, None)).alias("other_allele")
    frequency = table.number("allelefrequency_effect")
    table.refuse((frequency < 0) | (frequency > 1), "allelefrequency_effect", "a frequency between 0 and 1")
    reference = table.words("canheal_reference_allele").alias("reference_allele")
    return [effect, other, frequency.alias("effect_frequency"), reference]


def _weights(table: _Table, header: Mapping[str, str]) -> list[pl.Series]:
    dominant, recessive = table.flag("is_dominant"), table.flag("is_recessive")
    if "is_dominant" in table.text.columns:
        table.refuse(dominant & recessive, "is_dominant", "False, since is_recessive is True")
    by_dosage = set(_DOSAGES) <= set(table.text.columns)
    weight = _effect_weight(table, header, required=not by_dosage)
    frame = pl.DataFrame({"weight": weight, "dominant": dominant, "recessive": recessive})
    frame = frame.with_columns(*(table.number(name, required=by_dosage) for name in _DOSAGES))
    additive = pl.lit(not by_dosage) & ~col("dominant") & ~col("recessive")
    once = pl.when("recessive").then(0.0).otherwise("weight")
    twice = pl.when(additive).then(2 * col("weight")).otherwise("weight")
    simple = [pl.lit(0.0), once, twice]
    return frame.select(
        "weight",
        additive.alias("additive"),
        *(
            (col(name) if by_dosage else expression).alias(f"weight_{copies}")
            for copies, (name, expression) in enumerate(zip(_DOSAGES, simple, strict=True))
        ),
    ).get_columns()


def _effect_weight(table: _Table, header: Mapping[str, str], *, required: bool) -> pl.Series:
    """The weight of one copy, on the scale that adds up."""
    if "effect_weight" in table.text.columns:
        weight = table.number("effect_weight", required=required)
        if header.get("weight_type", "").lower() in _RATIO_TYPES and bool((weight > 0).all()):
            raise ScoreFileRefused(
                table.file,
                f"weight_type is {header['weight_type']} and every effect_weight is above 0: ratios do "
                "not add up, their logarithms do. Write weight_type=log(OR) if these are logarithms, else "
                "name the column OR",
            )
        return weight
    for ratio in _RATIOS:
        if ratio in table.text.columns:
            return table.number(ratio, required=required, low=0.0).log().alias("weight")
    if required:
        _demand(table, ("effect_weight",))
    return table.number("effect_weight").alias("weight")


def _reason(table: _Table, *, harmonised: bool) -> pl.Expr:
    """Why a row cannot be scored alone; null where it can."""
    sequence = col("effect_allele").str.contains(_BASES).fill_null(value=False)
    other = col("other_allele").str.contains(_BASES).fill_null(value=True)
    unmapped = "not mapped to the harmonised build" if harmonised else "without position"
    reasons = [
        *((pl.lit(table.flag(column)), reason) for column, reason in _COMPLEX.items()),
        (col("position").is_null() | col("contig_text").is_null(), unmapped),
        (col("contig").is_null(), "contig is no chromosome"),
        (~(sequence & other), "allele is no sequence of A, C, G, T"),
        (col("effect_allele") == col("other_allele"), "both alleles are the same"),
    ]
    return pl.coalesce(pl.when(bad).then(pl.lit(reason)) for bad, reason in reasons).alias("reason")
