"""From alleles in genes to what they mean: the rules in the order in which they build on each other."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import polars as pl
from canheal_genome.alleles import normalise
from canheal_genome.builds import Build
from canheal_refdata.assembly import Assembly
from canheal_refdata.bundle import Bundle, warm_bundle
from canheal_schemas import Assay, AssayType, GenomeBuild, SampleContext, SampleKind
from polars import col

from canheal_annotate.civic import Knowledge, matched, read_knowledge
from canheal_annotate.consequences import changes_protein, changes_splicing, with_consequences
from canheal_annotate.germline import with_germline_hint
from canheal_annotate.known import pathogenic, recorded
from canheal_annotate.places import with_exon, with_transcripts
from canheal_annotate.protein import with_keys
from canheal_annotate.reading import SCHEMA
from canheal_annotate.tiering import otherwise, tiered


@dataclass(frozen=True)
class Judged:
    """Variants, and what is known of each by `_row`."""

    rows: pl.DataFrame
    """One row an allele and transcript."""
    evidence: pl.DataFrame
    known: pl.DataFrame


@cache
def knowledge_of(bundle: Path | None) -> Knowledge | None:
    """The bundle's CIViC, prepared once a process; None where the bundle was built without."""
    civic = warm_bundle(bundle).civic
    return None if civic is None else read_knowledge(civic)


def assembly_of(bundle: Path | None, context: SampleContext) -> Assembly:
    return warm_bundle(bundle).assembly(Build(context.build.value))


def judge(alleles: pl.DataFrame, context: SampleContext, bundle: Path | None) -> Judged:
    """Name alleles, match what is known, tier.

    Args:
        alleles: Those in a gene, columns of `reading.SCHEMA`.
        context: Kind of sample, build, tumour type.
        bundle: Folder of the reference bundle; the demo bundle by default.
    """
    assembly = assembly_of(bundle, context)
    rows = (
        normalise(alleles, assembly.sequence)
        .pipe(with_transcripts, assembly.genes)
        .pipe(with_exon, assembly.exons)
        .pipe(with_consequences, assembly)
        .pipe(with_keys)
        .with_row_index("_row")
        .with_columns(changes=changes_protein() | changes_splicing())
    )
    evidence = _evidence(rows, context, warm_bundle(bundle), knowledge_of(bundle))
    known = recorded(rows, assembly.clinvar)
    return Judged(_judged(rows, evidence, known, context), evidence, known)


def warm(bundle: Path | None) -> None:
    """Open everything that interpretation reads, once a process, by judging one variant of each build."""
    knowledge_of(bundle)
    for build in warm_bundle(bundle).builds:
        assembly = warm_bundle(bundle).assembly(build)
        contig, start = assembly.exons.select("contig", "start").row(0)
        ref = assembly.sequence(contig, start, start) or "N"
        alt = "A" if ref == "C" else "C"
        allele = {"record": 0, "contig": contig, "position": start, "ref": ref, "alt": alt, "allele_index": 1}
        frame = pl.DataFrame([allele | {"kind": "snv"}], schema=SCHEMA)
        context = SampleContext(
            label="warm",
            kind=SampleKind.TUMOUR,
            assay=Assay(type=AssayType.PANEL),
            build=GenomeBuild(build.value),
        )
        judge(frame, context, bundle)


def _evidence(
    rows: pl.DataFrame, context: SampleContext, bundle: Bundle, knowledge: Knowledge | None
) -> pl.DataFrame:
    if knowledge is None:
        return pl.DataFrame(schema={"_row": pl.UInt32, "match": pl.Int8})
    return matched(rows, knowledge, context.oncotree_code, bundle.oncotree)


def _judged(
    rows: pl.DataFrame, evidence: pl.DataFrame, known: pl.DataFrame, context: SampleContext
) -> pl.DataFrame:
    """Add `evidence_total`, `reportable`, `pathogenic` and, for a tumour, tier and germline hint."""
    totals = evidence.group_by("_row").agg(evidence_total=pl.len(), _exact=(col("match") == 0).any())
    rows = (
        rows.join(totals, on="_row", how="left", maintain_order="left")
        .with_columns(col("evidence_total").fill_null(0), col("_exact").fill_null(value=False))
        .with_columns(reportable=col("changes") | col("_exact") | col("_row").is_in(known["_row"].implode()))
        .with_columns(pathogenic=col("_row").is_in(pathogenic(known).implode()))
        .drop("_exact")
    )
    if context.kind is SampleKind.GERMLINE:
        nothing = pl.lit(None, pl.String)
        return rows.with_columns(
            tier=nothing,
            amp_level=nothing,
            tier_reason=nothing,
            decided_by=pl.lit(None, pl.Int64),
            germline_reason=nothing,
        )
    return _tiered(rows, evidence).pipe(with_germline_hint)


def _tiered(rows: pl.DataFrame, evidence: pl.DataFrame) -> pl.DataFrame:
    tier, reason = otherwise()
    if evidence.is_empty():
        names = dict.fromkeys(("tier", "amp_level", "tier_reason"), pl.String)
        found = pl.DataFrame(schema={"_row": pl.UInt32, **names, "decided_by": pl.Int64})
    else:
        found = tiered(evidence)
    return rows.join(found, on="_row", how="left", maintain_order="left").with_columns(
        col("tier").fill_null(tier), col("tier_reason").fill_null(reason)
    )
