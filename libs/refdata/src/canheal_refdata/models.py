"""Gene models as two frames: a row a transcript (`GENES`), a row an exon (`EXONS`); 1-based and inclusive."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

GENES: Final = pl.Schema(
    {
        "gene": pl.String(),
        "gene_id": pl.String(),
        "hgnc_id": pl.String(),
        "contig": pl.String(),  # canonical: 1..22, X, Y, MT
        "start": pl.Int32(),
        "end": pl.Int32(),
        "strand": pl.String(),  # + or -
        "feature_id": pl.String(),  # the annotator's name of it: `transcript`, else `transcript_ensembl`
        "transcript": pl.String(),  # RefSeq, with version
        "transcript_ensembl": pl.String(),  # with version where the source has it
        "protein": pl.String(),
        "protein_ensembl": pl.String(),
        "biotype": pl.String(),
        "tag": pl.String(),  # MANE_Select, ...
        "length": pl.Int32(),  # bases of the spliced transcript
        "cds_start": pl.Int32(),  # in the spliced transcript; null where nothing is translated
        "cds_end": pl.Int32(),  # the stop codon is inside
        "start_codon": pl.String(),  # ATG, or the codon that this transcript starts at
        "utr_clipped": pl.Boolean(),  # the source gives less UTR than the transcript has; null: unknown
        "differences": pl.String(),  # where the genome departs from the transcript: `541C>T`, comma-separated
        "has_sequence": pl.Boolean(),  # the genome around the gene is in the bundle
    }
)

EXONS: Final = pl.Schema(
    {
        "feature_id": pl.String(),
        "contig": pl.String(),
        "rank": pl.Int32(),  # 1 is the 5' end of the transcript
        "start": pl.Int32(),
        "end": pl.Int32(),
        "tx_start": pl.Int32(),  # of this exon in the spliced transcript
        "tx_end": pl.Int32(),
        "cds_start": pl.Int32(),  # genomic; null where no base of the exon is translated
        "cds_end": pl.Int32(),
        "phase": pl.Int32(),  # GFF3 column 8 of the CDS part
    }
)

_COMPLEMENT: Final = str.maketrans("ACGTN", "TGCAN")


@dataclass(frozen=True)
class Models:
    """Transcripts of one assembly and their spliced sequences by `feature_id`."""

    genes: pl.DataFrame
    exons: pl.DataFrame
    sequences: Mapping[str, str]


def reverse_complement(sequence: str) -> str:
    return sequence.translate(_COMPLEMENT)[::-1]


def ordered(genes: pl.DataFrame, exons: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both frames in the declared columns and in one order, so that the same facts are the same bytes."""
    return (
        genes.select(GENES.names()).cast(GENES).sort("contig", "start", "feature_id"),
        exons.select(EXONS.names()).cast(EXONS).sort("feature_id", "rank"),
    )


def with_transcript_positions(exons: pl.DataFrame) -> pl.DataFrame:
    """Add `tx_start` and `tx_end`: where each exon lies in the spliced transcript."""
    length = pl.col("end") - pl.col("start") + 1
    return exons.sort("feature_id", "rank").with_columns(
        tx_end=length.cum_sum().over("feature_id"),
        tx_start=length.cum_sum().over("feature_id") - length + 1,
    )
