"""The annotator's transcript database, made from gene models.

They go to mehari as a GFF3 and a FASTA of our own writing. The user's GFF3 is not handed on: its scores, ids
and extra features are not always read as meant; ours has one form only.
"""

import tempfile
from pathlib import Path

import mehari
import polars as pl
from canheal_genome.builds import Build

from canheal_refdata.models import Models


def write_database(models: Models, build: Build, target: Path) -> None:
    """Write mehari's transcript database (`.bin.zst`); the same models give the same bytes."""
    with tempfile.TemporaryDirectory(prefix="canheal-refdata-") as scratch:
        gff, fasta, database = (
            Path(scratch) / name for name in ("models.gff3", "spliced.fa", "transcripts.bin.zst")
        )
        gff.write_text(_gff3(models), encoding="utf-8")
        fasta.write_text(_fasta(models), encoding="ascii")
        mehari.build_transcript_db(
            assembly=build.value,
            annotation=[gff],
            output=database,
            transcript_source="RefSeq",
            transcript_sequences=fasta,
            compression_level=19
            if models.genes.height < 2_000
            else 3,  # level 19 takes a minute for a whole genome
        )
        target.write_bytes(database.read_bytes())


def _fasta(models: Models) -> str:
    return "".join(f">{name}\n{models.sequences[name]}\n" for name in models.genes["feature_id"])


def _gff3(models: Models) -> str:
    genes = models.genes.group_by("gene_id", "contig", "strand", maintain_order=True).agg(
        pl.col("gene", "hgnc_id", "biotype").first(), pl.col("start").min(), pl.col("end").max()
    )
    carried = models.genes.select(
        "feature_id", "strand", transcript_biotype="biotype", protein_name="protein"
    )
    exons = models.exons.join(carried, on="feature_id", maintain_order="left")
    parent = pl.concat_str(pl.lit("Parent=transcript:"), "feature_id")
    hgnc = pl.concat_str(pl.lit(";hgnc_id="), "hgnc_id").fill_null("")
    gene = pl.format(
        "ID=gene:{};gene_id={};Name={};biotype={}{}", "gene_id", "gene_id", "gene", "biotype", hgnc
    )
    tag = pl.concat_str(pl.lit(";tag="), "tag").fill_null("")
    transcript = pl.format(
        "ID=transcript:{};Parent=gene:{};transcript_id={};biotype={}{}",
        "feature_id", "gene_id", "feature_id", "biotype", tag,
    )  # fmt: skip
    protein = pl.concat_str(pl.lit(";protein_id="), "protein_name").fill_null("")
    coding = exons.filter(pl.col("cds_start").is_not_null())
    kind = pl.when(pl.col("cds_start").is_null()).then(pl.lit("transcript")).otherwise(pl.lit("mRNA"))
    rows = [
        _rows(genes, pl.lit("gene"), ("start", "end"), pl.lit("."), gene),
        _rows(models.genes, kind, ("start", "end"), pl.lit("."), transcript),
        _rows(exons, pl.lit("exon"), ("start", "end"), pl.lit("."), parent),
        _rows(
            coding, pl.lit("CDS"), ("cds_start", "cds_end"), pl.col("phase"), pl.concat_str(parent, protein)
        ),
    ]
    return "##gff-version 3\n" + "".join(line + "\n" for part in rows for line in part)


def _rows(
    frame: pl.DataFrame, kind: pl.Expr, span: tuple[str, str], phase: pl.Expr, attributes: pl.Expr
) -> pl.Series:
    columns = ["contig", pl.lit("canheal"), kind, *span, pl.lit("."), "strand", pl.lit("."), attributes]
    columns[7] = phase.cast(pl.String)
    return frame.select(line=pl.concat_str(columns, separator="\t"))["line"]
