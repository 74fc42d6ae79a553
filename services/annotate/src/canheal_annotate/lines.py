"""Every allele of a VCF as one JSON line a transcript, for people and programs without any stream."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl
from canheal_schemas import SampleContext
from polars import col

from canheal_annotate.fates import FILTERED, IN_GENE, NO_ALLELE, NOT_CARRIED, NOT_INTERPRETABLE, Tally
from canheal_annotate.findings import MOST_EVIDENCE
from canheal_annotate.judgement import Judged, assembly_of, judge
from canheal_annotate.reading import read_alleles

COLUMNS: Final = (
    "contig", "position", "ref", "alt", "gene", "transcript", "transcript_ensembl", "consequence", "hgvs_c",
    "hgvs_p", "vaf", "depth", "filter", "genotype", "reportable", "tier", "tier_level", "tier_reason",
    "germline_hint", "evidence", "evidence_total", "known", "left_aligned", "reason",
)  # fmt: skip


def allele_lines(
    vcf: Path, context: SampleContext, bundle: Path | None, tally: Tally
) -> Iterator[pl.DataFrame]:
    """Batches of lines, `COLUMNS`, in the file's order; `tally` is kept on the way.

    An allele that is not interpreted has no gene, and a `reason`.
    """
    genes = assembly_of(bundle, context).genes
    for alleles in read_alleles(vcf, context, genes):
        tally.add(alleles)
        in_genes = alleles.filter(col("fate") == IN_GENE)
        rest = alleles.filter(~col("fate").is_in([IN_GENE, NO_ALLELE])).with_columns(reason=_reason())
        parts = [rest] if in_genes.is_empty() else [_told(judge(in_genes, context, bundle)), rest]
        lines = pl.concat(parts, how="diagonal")
        absent = [pl.lit(None).alias(name) for name in COLUMNS if name not in lines.columns]
        yield lines.with_columns(absent).sort("record", "allele_index", "gene", "transcript").select(COLUMNS)


def _told(judged: Judged) -> pl.DataFrame:
    strongest = judged.evidence.group_by("_row", maintain_order=True).head(MOST_EVIDENCE)
    cited = (
        strongest.group_by("_row", maintain_order=True).agg(evidence=pl.format("EID{}", "evidence_id"))
        if not strongest.is_empty()
        else pl.DataFrame(schema={"_row": pl.UInt32, "evidence": pl.List(pl.String)})
    )
    records = judged.known.group_by("_row", maintain_order=True).agg(
        known=pl.format("ClinVar {}: {} ({} stars)", "record_id", "classification", "stars")
    )
    return (
        judged.rows.join(cited, on="_row", how="left", maintain_order="left")
        .join(records, on="_row", how="left", maintain_order="left")
        .rename(
            {
                "consequences": "consequence",
                "amp_level": "tier_level",
                "germline_reason": "germline_hint",
                "aligned": "left_aligned",
            }
        )
        .with_columns(reason=pl.lit(None, pl.String))
    )


def _reason() -> pl.Expr:
    return (
        pl.when(col("fate") == FILTERED)
        .then(pl.format("filtered: {}", "why"))
        .when(col("fate") == NOT_INTERPRETABLE)
        .then(pl.format("not interpretable: {}", "why"))
        .when(col("fate") == NOT_CARRIED)
        .then(pl.format("not carried: genotype {}", "genotype"))
        .otherwise("fate")
    )
