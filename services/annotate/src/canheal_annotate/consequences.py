"""What an allele does to a transcript: Sequence Ontology terms, HGVS c. and p., by mehari.

mehari is asked only about alleles in or near an exon; deep in an intron the answer is `intron_variant`
without a name. Where it is known to say too little, at the start and stop codon, the term is added here and
the protein name says that the effect is not known.
"""

from functools import cache
from typing import Final

import polars as pl
from canheal_genome.intervals import overlap_join
from canheal_refdata.assembly import Assembly
from polars import col

from canheal_annotate.rules import table

START_LOST: Final = "start_lost"
STOP_LOST: Final = "stop_lost"

_START_SAID: Final = ("start_lost", "start_retained_variant")
_STOP_SAID: Final = (
    "stop_lost", "stop_retained_variant", "stop_gained", "frameshift_variant", "frameshift_elongation",
    "frameshift_truncation",
)  # fmt: skip


@cache
def terms(column: str, value: str) -> frozenset[str]:
    """The terms whose `column` of consequences.tsv is `value`."""
    return frozenset(table("consequences").filter(col(column) == value)["term"])


def has_any(wanted: frozenset[str]) -> pl.Expr:
    """Whether `consequences` holds one of these terms."""
    return col("consequences").list.set_intersection(pl.lit(sorted(wanted))).list.len() > 0


def changes_protein() -> pl.Expr:
    return has_any(terms("changes", "protein"))


def changes_splicing() -> pl.Expr:
    return has_any(terms("changes", "splicing"))


def is_null() -> pl.Expr:
    """A null variant: the gene's product is lost or cut short."""
    return has_any(terms("null_variant", "yes"))


def with_consequences(rows: pl.DataFrame, assembly: Assembly) -> pl.DataFrame:
    """Add `consequences` (most severe first), `hgvs_c`, `hgvs_p`.

    Args:
        rows: One an allele and transcript, with `exon` (`places.with_exon`).
        assembly: Gene models and annotator of the rows' build.

    An allele near an exon that mehari does not name, such as one whose REF is not the reference, is a
    `sequence_variant` without a name.
    """
    numbered = rows.with_row_index("_row")
    said = _asked(numbered.drop_nulls("exon"), assembly)
    fallback = (
        pl.when(col("exon").is_null())
        .then(pl.lit(["intron_variant"]))
        .otherwise(pl.lit(["sequence_variant"]))
    )
    return (
        numbered.join(said, on="_row", how="left", maintain_order="left")
        .with_columns(pl.coalesce("consequences", fallback))
        .pipe(_with_lost_codons, assembly)
        .with_columns(_protein_name())
        .drop("_row")
    )


def _asked(rows: pl.DataFrame, assembly: Assembly) -> pl.DataFrame:
    """`_row consequences hgvs_c hgvs_p` of the rows that mehari names on their own transcript."""
    places = rows.select(
        chromosome="contig", position=col("position").cast(pl.Int32), reference="ref", alternative="alt"
    )
    asked = places.unique(maintain_order=True)
    answer = (
        assembly.annotator()
        .annotate(asked)
        .select(*asked.columns, "annotation")
        .explode("annotation")
        .drop_nulls("annotation")
        .select(
            *asked.columns,
            col("annotation").struct.field("feature_id"),
            col("annotation").struct.field("consequences").cast(pl.List(pl.String)),
            col("annotation").struct.field("hgvs_c"),
            col("annotation").struct.field("hgvs_p"),
        )
        .unique([*asked.columns, "feature_id"], keep="first", maintain_order=True)
    )
    keys = [*asked.columns, "feature_id"]
    return places.hstack(rows.select("_row", "feature_id")).join(answer, on=keys).drop(keys)


def _protein_name() -> pl.Expr:
    """Predicted changes stand in parentheses; where neither protein nor splicing changes there is no name."""
    name = col("hgvs_p").str.replace(r"^p\.([^(?][^()]*)$", "p.(${1})")
    unknown = (name == "p.?") & ~(changes_protein() | is_null())
    return pl.when(~unknown).then(name).alias("hgvs_p")


def _with_lost_codons(rows: pl.DataFrame, assembly: Assembly) -> pl.DataFrame:
    """Say that an indel touches the start or stop codon where mehari left it at a UTR term."""
    if (rows["kind"] == "snv").all():
        return rows
    codons = edge_codons(assembly)
    touched = {
        edge: _touching(rows, codons.filter(col("edge") == edge)) & (rows["kind"] != "snv")
        for edge in ("start", "stop")
    }
    start = touched["start"] & ~rows.select(has_any(frozenset(_START_SAID))).to_series()
    stop = touched["stop"] & ~rows.select(has_any(frozenset(_STOP_SAID))).to_series()
    return rows.with_columns(
        pl.when(start)
        .then(pl.concat_list(pl.lit([START_LOST]), "consequences"))
        .when(stop)
        .then(pl.concat_list(pl.lit([STOP_LOST]), "consequences"))
        .otherwise("consequences")
        .alias("consequences"),
        pl.when(start)
        .then(pl.lit("p.(Met1?)"))
        .when(stop)
        .then(pl.lit("p.?"))
        .otherwise("hgvs_p")
        .alias("hgvs_p"),
    )


def _touching(rows: pl.DataFrame, codons: pl.DataFrame) -> pl.Series:
    """Rows whose changed bases share one with their transcript's codon; an insertion must be inside."""
    inserted = col("alt").str.len_bytes() > col("ref").str.len_bytes()
    anchored = (col("kind").is_in(["insertion", "deletion"])).cast(pl.Int64)
    length = col("ref").str.len_bytes().cast(pl.Int64)
    changed = rows.select(
        "contig",
        "feature_id",
        start=col("position") + pl.when(inserted).then(0).otherwise(anchored),
        end=col("position") + pl.when(inserted & (anchored == 1)).then(1).otherwise(length - 1),
        inside=inserted & (anchored == 1),
    )
    pairs = overlap_join(changed, codons)
    query, codon = (
        changed[pairs["query"]],
        codons[pairs["interval"]].rename({"start": "first", "end": "last"}),
    )
    hits = (
        query.drop("contig")
        .hstack(codon.select("first", "last", owner="feature_id"))
        .with_columns(row=pairs["query"])
    )
    whole = ~col("inside") | ((col("start") >= col("first")) & (col("end") <= col("last")))
    found = hits.filter((col("owner") == col("feature_id")) & whole)["row"].unique()
    return (
        pl.select(pl.int_range(rows.height, dtype=pl.Int64)).to_series().is_in(found.cast(pl.Int64).implode())
    )


@cache
def edge_codons(assembly: Assembly) -> pl.DataFrame:
    """`contig start end feature_id edge`: the genomic bases of each start and stop codon, one row a piece."""
    size = col("cds_end") - col("cds_start") + 1
    coding = (
        assembly.exons.drop_nulls("cds_start")
        .join(assembly.genes.select("contig", "feature_id", "strand"), on=["contig", "feature_id"])
        .sort("contig", "feature_id", "rank")
        .with_columns(
            _before=size.cum_sum().over("contig", "feature_id") - size,
            _after=size.cum_sum(reverse=True).over("contig", "feature_id") - size,
            _size=size,
        )
    )
    pieces = [_ends(coding, "_before", "start"), _ends(coding, "_after", "stop")]
    return pl.concat(pieces).with_columns(pl.col("start", "end").cast(pl.Int64))


def _ends(coding: pl.DataFrame, bases_beyond: str, edge: str) -> pl.DataFrame:
    """The three coding bases at one end, of the exons that hold some of them."""
    at_low_end = (col("strand") == "+") == (edge == "start")
    return (
        coding.filter(col(bases_beyond) < 3)
        .with_columns(_length=pl.min_horizontal(3 - col(bases_beyond), "_size"))
        .select(
            "contig",
            "feature_id",
            start=pl.when(at_low_end).then("cds_start").otherwise(col("cds_end") - col("_length") + 1),
            end=pl.when(at_low_end).then(col("cds_start") + col("_length") - 1).otherwise("cds_end"),
            edge=pl.lit(edge),
        )
    )
