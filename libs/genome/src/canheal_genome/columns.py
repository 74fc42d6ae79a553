"""A VCF as columns: one row an ALT allele, in bounded batches, for files that `vcf.check` let in.

Nothing is dropped: symbolic alleles, breakends, `*` and records without ALT (`kind` reference,
`allele_index` 0) are rows too. What a record does not say is null.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl
from polars import col

from canheal_genome.builds import contig_name
from canheal_genome.errors import SchemaBroken, VcfRefused
from canheal_genome.fractions import with_fractions
from canheal_genome.genotypes import with_genotype
from canheal_genome.header import Header, read_header

SCHEMA: Final = pl.Schema(
    {
        "record": pl.Int64(),  # 0-based index of the record in the file
        "contig": pl.String(),  # canonical (`1`, `X`, `MT`), or the file's own name where it is no chromosome
        "contig_original": pl.String(),
        "position": pl.Int64(),  # 1-based, of REF's first base
        "id": pl.String(),
        "ref": pl.String(),
        "alt": pl.String(),
        "qual": pl.Float64(),
        "filter": pl.String(),
        "allele_index": pl.Int16(),  # 1 for the record's first ALT, 0 where it has none
        "kind": pl.String(),  # one of KINDS
        "genotype": pl.String(),  # as in the file: `0/1`, `1|2`; null without GT
        "dosage": pl.Int8(),  # copies of this ALT in the genotype; null where any allele is missing
        "zygosity": pl.String(),  # heterozygous homozygous hemizygous absent; null where dosage is
        "depth": pl.Int32(),  # reads
        "alt_depth": pl.Int32(),  # reads that show this ALT
        "vaf": pl.Float64(),  # 0 to 1
        "vaf_source": pl.String(),  # the field that gave `vaf`, such as FORMAT/AD
    }
)
KINDS: Final = (
    "snv", "mnv", "insertion", "deletion", "delins", "symbolic", "breakend", "spanning", "reference",
)  # fmt: skip

_GENOTYPE: Final = {"genotype", "dosage", "zygosity"}
_FRACTION: Final = {"depth", "alt_depth", "vaf", "vaf_source"}


def kind() -> pl.Expr:
    """What sort of allele `ref` > `alt` is as written; `alleles.normalise` says it of the trimmed one."""
    ref, alt = col("ref"), col("alt")
    longer, shorter = alt.str.len_bytes() > ref.str.len_bytes(), alt.str.len_bytes() < ref.str.len_bytes()
    return (
        pl.when((alt == ".") | (alt == ref))
        .then(pl.lit("reference"))
        .when(alt == "*")
        .then(pl.lit("spanning"))
        .when(alt.str.contains(r"[\[\].]"))
        .then(pl.lit("breakend"))
        .when(alt.str.contains("<", literal=True))
        .then(pl.lit("symbolic"))
        .when(longer & alt.str.starts_with(ref))
        .then(pl.lit("insertion"))
        .when(shorter & ref.str.starts_with(alt))
        .then(pl.lit("deletion"))
        .when(longer | shorter)
        .then(pl.lit("delins"))
        .when(ref.str.len_bytes() == 1)
        .then(pl.lit("snv"))
        .otherwise(pl.lit("mnv"))
        .alias("kind")
    )


def read(
    path: Path, *, sample: str | None, columns: Sequence[str] | None = None, batch_rows: int = 200_000
) -> Iterator[pl.DataFrame]:
    """Batches of alleles in the file's order.

    Args:
        path: A VCF that `vcf.check` let in: plain, gzip or BGZF.
        sample: The column whose genotype and reads are wanted; None for none.
        columns: Of SCHEMA, in that order; all by default. Fewer cost less: five of a genome's, a quarter.
        batch_rows: Records a batch, before multi-allelic ones are split.

    Raises:
        VcfRefused: the header cannot be read, or has no such sample.
    """
    wanted = list(SCHEMA) if columns is None else list(columns)
    if unknown := [name for name in wanted if name not in SCHEMA]:
        raise SchemaBroken(f"asked for {', '.join(unknown)}; a VCF's columns are {', '.join(SCHEMA)}")
    header = read_header(path)
    if sample is not None and sample not in header.samples:
        raise VcfRefused("sample-unknown", f"no column is named {sample}; it has {', '.join(header.samples)}")
    first = 0
    for batch in _scan(path, sample, set(wanted)).collect_batches(chunk_size=batch_rows, maintain_order=True):
        records = batch.with_row_index("record", first).with_columns(col("record").cast(pl.Int64))
        first += batch.height
        yield _alleles(records, header, set(wanted)).select(wanted).pipe(_assert_schema)


def read_all(path: Path, *, sample: str | None, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Every allele in one frame; for panels and exomes."""
    batches = list(read(path, sample=sample, columns=columns))
    if not batches:
        return pl.DataFrame(schema={name: SCHEMA[name] for name in columns or SCHEMA})
    return pl.concat(batches)


def _scan(path: Path, sample: str | None, wanted: set[str]) -> pl.LazyFrame:
    lines = pl.scan_csv(
        path,
        separator="\t",
        comment_prefix="##",
        infer_schema=False,
        quote_char=None,
    )
    nothing = pl.lit(None, pl.String)
    named = sample if wanted & (_GENOTYPE | _FRACTION) else None
    return lines.select(
        col("#CHROM").alias("contig_original"),
        col("POS").cast(pl.Int64).alias("position"),
        *([col("ID").replace(".", None).alias("id")] if "id" in wanted else []),
        col("REF").str.to_uppercase().alias("ref"),
        pl.when(col("ALT").str.contains(r"[<\[\]]"))
        .then("ALT")
        .otherwise(col("ALT").str.to_uppercase())
        .alias("alt"),
        *([col("QUAL").cast(pl.Float64, strict=False).alias("qual")] if "qual" in wanted else []),
        *([col("FILTER").replace(".", None).alias("filter")] if "filter" in wanted else []),
        (col("INFO") if wanted & _FRACTION else nothing).alias("info"),
        (nothing if named is None else col("FORMAT")).alias("format"),
        (nothing if named is None else col(named)).alias("sample"),
    )


def _alleles(records: pl.DataFrame, header: Header, wanted: set[str]) -> pl.DataFrame:
    """One row an ALT, with the columns that are wanted."""
    frame = _split(records)
    if "contig" in wanted:
        names = frame["contig_original"].unique()
        canonical = pl.Series([contig_name(name) or name for name in names], dtype=pl.String)
        frame = frame.with_columns(col("contig_original").replace_strict(names, canonical).alias("contig"))
    if "kind" in wanted:
        frame = frame.with_columns(kind())
    if wanted & _GENOTYPE:
        frame = with_genotype(frame)
    if wanted & _FRACTION:
        frame = with_fractions(frame, info_is_the_samples=len(header.samples) <= 1)
    return frame


def _split(records: pl.DataFrame) -> pl.DataFrame:
    """Split multi-allelic records; the others, nearly all, are not touched."""
    n_alts = pl.when(col("alt") == ".").then(0).otherwise(col("alt").str.count_matches(",", literal=True) + 1)
    records = records.with_columns(n_alts.cast(pl.Int16).alias("n_alts"))
    single = records.filter(col("n_alts") <= 1).with_columns(col("n_alts").alias("allele_index"))
    if single.height == records.height:
        return single
    several = (
        records.filter(col("n_alts") > 1)
        .with_columns(
            col("alt").str.split(","),
            pl.int_ranges(1, col("n_alts") + 1, dtype=pl.Int16).alias("allele_index"),
        )
        .explode("alt", "allele_index")
    )
    return single.merge_sorted(several, key="record")


def _assert_schema(frame: pl.DataFrame) -> pl.DataFrame:
    for name, dtype in frame.schema.items():
        if dtype != SCHEMA[name]:
            raise SchemaBroken(f"column {name} came out as {dtype}; {SCHEMA[name]} was promised")
    return frame
