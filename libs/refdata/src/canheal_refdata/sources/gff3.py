"""Gene models from an Ensembl-style GFF3, gzip or plain; RefSeq's and GENCODE's are read too.

A transcript is what exon rows name as Parent, a gene what transcripts name as Parent; other features and the
score column are not looked at. A transcript that stands on two chromosomes (the pseudo-autosomal regions) is
taken where it comes first.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import polars as pl
from canheal_genome.builds import contig_name

from canheal_refdata.errors import SourceRefused, first_sentence
from canheal_refdata.models import EXONS, GENES, with_transcript_positions

_COLUMNS: Final = ("seqid", "source", "type", "start", "end", "score", "strand", "phase", "attributes")
_UNREAD: Final = (
    "five_prime_UTR", "three_prime_UTR", "UTR", "start_codon", "stop_codon", "biological_region", "region",
    "chromosome", "supercontig", "scaffold", "intron", "cDNA_match", "match",
)  # fmt: skip
_SELECT: Final = r"MANE[_ ](?:Select|Plus[_ ]Clinical)"


class Transcripts(StrEnum):
    """Which transcripts of a gene are kept."""

    SELECT = (
        "select"  # MANE Select and Plus Clinical; a gene without: Ensembl's canonical; a gene without: all
    )
    ALL = "all"


@dataclass(frozen=True)
class GeneModels:
    """Genes and exons as in `models`, spliced sequences still to come; `notes` says what was left out."""

    genes: pl.DataFrame
    exons: pl.DataFrame
    notes: tuple[str, ...]


def read_gff3(path: Path, keep: Transcripts = Transcripts.SELECT) -> GeneModels:
    """Read the transcripts of the chromosomes 1..22, X, Y and MT.

    Raises:
        SourceRefused: the file is no GFF3, has a broken row, or holds not one transcript with exons.
    """
    rows = _rows(path)
    contigs = {name: contig_name(name) for name in rows["seqid"].unique()}
    placed = rows.with_columns(contig=pl.col("seqid").replace_strict(contigs, return_dtype=pl.String))
    placed = placed.drop_nulls("contig").with_columns(
        pl.col("attributes").pipe(_attribute, "Parent").alias("parent")
    )
    parts = _parts(placed)
    transcripts = (
        _transcripts(placed, parts).pipe(_kept, keep).unique("feature_id", keep="first", maintain_order=True)
    )
    if transcripts.is_empty():
        raise SourceRefused(
            path, "holds no transcript with exons on 1..22, X, Y or MT; expected Ensembl-style GFF3"
        )
    exons = _exons(parts, transcripts)
    genes = transcripts.join(_spans(exons), on="feature_id", maintain_order="left")
    foreign = sorted(name for name, canonical in contigs.items() if canonical is None)
    notes = (
        (f"{len(foreign)} sequences that are no chromosome were left out: {', '.join(foreign[:5])}",)
        if foreign
        else ()
    )
    return GeneModels(genes.select(GENES.names()).cast(GENES), exons.select(EXONS.names()).cast(EXONS), notes)


def _rows(path: Path) -> pl.DataFrame:
    schema = dict.fromkeys(_COLUMNS, pl.String)
    try:
        rows = (
            pl.scan_csv(
                path,
                separator="\t",
                comment_prefix="#",
                has_header=False,
                schema=schema,
                quote_char=None,
                extra_columns="ignore",
            )
            .filter(~pl.col("type").is_in(_UNREAD) | pl.col("attributes").is_null())
            .with_columns(pl.col("start", "end").cast(pl.Int32, strict=False))
            .collect(engine="streaming")
        )
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceRefused(
            path, f"is no GFF3 of nine tab-separated columns ({first_sentence(error)})"
        ) from error
    broken = rows.filter(
        pl.any_horizontal(pl.col("seqid", "type", "start", "end", "attributes").is_null())
        | (pl.col("start") > pl.col("end"))
        | ~pl.col("strand").is_in(["+", "-", ".", "?"])
    )
    if broken.height:
        first = "\t".join(str(value) for value in broken.row(0) if value is not None)[:100]
        raise SourceRefused(path, f"{broken.height} rows are no GFF3 features; the first is {first!r}")
    return rows


def _attribute(column: pl.Expr, name: str) -> pl.Expr:
    return column.str.extract(rf"(?:^|;)\s*{name}=([^;]+)")


def _parts(rows: pl.DataFrame) -> pl.DataFrame:
    """Exon and CDS rows, one for each transcript in Parent; CDS stands in where a transcript has no exons."""
    parts = (
        rows.filter(pl.col("type").is_in(["exon", "CDS"]) & pl.col("parent").is_not_null())
        .with_columns(
            id=pl.col("parent").str.split(","), protein=_attribute(pl.col("attributes"), "protein_id")
        )
        .explode("id")
        .with_columns(
            _versioned("protein", _attribute(pl.col("attributes"), "protein_version")).alias("protein")
        )
        .select("contig", "type", "start", "end", "phase", "id", "protein")
    )
    exons = parts.filter(pl.col("type") == "exon")
    alone = parts.join(exons, on=["contig", "id"], how="anti")
    return pl.concat([parts, alone.with_columns(type=pl.lit("exon"))])


def _versioned(name: str, version: pl.Expr) -> pl.Expr:
    """The accession with its version, where the version stands apart."""
    bare = ~pl.col(name).str.contains(".", literal=True) & version.is_not_null()
    return pl.when(bare).then(pl.concat_str(name, version, separator=".")).otherwise(pl.col(name))


def _transcripts(rows: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    attributes = pl.col("attributes")
    named = rows.with_columns(id=_attribute(attributes, "ID")).drop_nulls("id")
    genes = named.select(
        "contig",
        parent="id",
        gene_name=pl.coalesce(_attribute(attributes, "Name"), _attribute(attributes, "gene_name")),
        gene_id=pl.coalesce(_attribute(attributes, "gene_id"), pl.col("id").str.strip_prefix("gene:")),
        hgnc_id=pl.concat_str(
            pl.lit("HGNC:"), attributes.str.extract(r"(?:hgnc_id=|Source:HGNC.*Acc:|HGNC:)(?:HGNC:)?(\d+)")
        ),
    ).unique(["contig", "parent"], keep="first", maintain_order=True)
    accession = pl.coalesce(
        _attribute(attributes, "transcript_id"), pl.col("id").str.replace("^(?:transcript:|rna-)", "")
    )
    version = pl.coalesce(_attribute(attributes, "version"), _attribute(attributes, "transcript_version"))
    return (
        named.join(
            parts.filter(pl.col("type") == "exon").select("contig", "id").unique(),
            on=["contig", "id"],
            how="semi",
        )
        .with_columns(accession=accession, parent=pl.col("parent").fill_null(pl.col("id")))
        .with_columns(_versioned("accession", version).alias("accession"))
        .join(genes, on=["contig", "parent"], how="left", maintain_order="left")
        .join(_proteins(parts), on=["contig", "id"], how="left", maintain_order="left")
        .pipe(_as_genes)
    )


def _proteins(parts: pl.DataFrame) -> pl.DataFrame:
    coding = parts.filter(pl.col("type") == "CDS")
    return coding.group_by("contig", "id").agg(named_protein=pl.col("protein").drop_nulls().first())


def _as_genes(rows: pl.DataFrame) -> pl.DataFrame:
    """RefSeq accessions are NM_, NR_, XM_, XR_; `refseq=` beside an Ensembl id pairs the two (MANE)."""
    attributes = pl.col("attributes")
    refseq = pl.col("accession").str.contains(r"^[NX][MR]_")
    paired = pl.coalesce(pl.when(refseq).then("accession"), _attribute(attributes, "refseq"))
    protein_refseq = pl.col("named_protein").str.contains("^[NX]P_")
    return rows.with_columns(
        gene=pl.coalesce("gene_name", "gene_id", "accession"),
        gene_id=pl.coalesce("gene_id", "accession"),
        feature_id=pl.coalesce(paired, "accession"),
        transcript=paired,
        transcript_ensembl=pl.when(~refseq).then("accession"),
        protein=pl.when(protein_refseq).then("named_protein"),
        protein_ensembl=pl.when(~protein_refseq).then("named_protein"),
        biotype=pl.coalesce(
            _attribute(attributes, "biotype"), _attribute(attributes, "transcript_type"), "type"
        ),
        tag=_attribute(attributes, "tag"),
        utr_clipped=pl.lit(None, dtype=pl.Boolean),
        differences=pl.lit(None, dtype=pl.String),
        has_sequence=pl.lit(value=False),
        start_codon=pl.lit(None, dtype=pl.String),
    ).drop("start", "end")


def _kept(transcripts: pl.DataFrame, keep: Transcripts) -> pl.DataFrame:
    if keep is Transcripts.ALL:
        return transcripts
    tag = pl.col("tag").fill_null("")
    rank = (
        pl.when(tag.str.contains(_SELECT))
        .then(0)
        .when(tag.str.contains("Ensembl_canonical"))
        .then(1)
        .otherwise(2)
    )
    return transcripts.filter(rank == rank.min().over("gene_id"))


def _exons(parts: pl.DataFrame, transcripts: pl.DataFrame) -> pl.DataFrame:
    known = transcripts.select("contig", "id", "feature_id", "strand")
    mine = parts.join(known, on=["contig", "id"], maintain_order="left")
    coding = mine.filter(pl.col("type") == "CDS").select(
        "feature_id", "phase", cds_start="start", cds_end="end"
    )
    exons = mine.filter(pl.col("type") == "exon").unique(["feature_id", "start", "end"])
    order = pl.when(pl.col("strand") == "-").then(-pl.col("start")).otherwise(pl.col("start"))
    ranked = exons.with_columns(rank=order.rank("ordinal").over("feature_id")).pipe(with_transcript_positions)
    inside = ranked.drop("phase").join_where(
        coding.rename({"feature_id": "_of"}),
        pl.col("feature_id") == pl.col("_of"),
        pl.col("cds_start") >= pl.col("start"),
        pl.col("cds_end") <= pl.col("end"),
    )
    parts_of = inside.select(
        "feature_id", "rank", "cds_start", "cds_end", pl.col("phase").cast(pl.Int32, strict=False)
    )
    return ranked.drop("phase").join(parts_of, on=["feature_id", "rank"], how="left", maintain_order="left")


def _spans(exons: pl.DataFrame) -> pl.DataFrame:
    """Where each transcript lies, its length, and its CDS in the spliced transcript."""
    forward = pl.col("strand") == "+"
    to_first = (
        pl.when(forward)
        .then(pl.col("cds_start") - pl.col("start"))
        .otherwise(pl.col("end") - pl.col("cds_end"))
    )
    to_last = (
        pl.when(forward)
        .then(pl.col("cds_end") - pl.col("start"))
        .otherwise(pl.col("end") - pl.col("cds_start"))
    )
    frame_gap = pl.col("phase").sort_by("rank").drop_nulls().first()
    return exons.group_by("feature_id").agg(
        start=pl.col("start").min(),
        end=pl.col("end").max(),
        length=pl.col("tx_end").max(),
        cds_start=(pl.col("tx_start") + to_first).min() + frame_gap.fill_null(0),
        cds_end=(pl.col("tx_start") + to_last).max(),
    )
