"""One sample's VCF to findings and counts: a pure function, run in a process of the pool."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl
from canheal_refdata.bundle import warm_bundle
from canheal_refdata.sources.oncotree import OncoTree
from canheal_schemas import Finding, NotExamined, SampleContext, SampleKind, VariantCounts
from polars import col

from canheal_annotate.fates import IN_GENE, NOT_CARRIED, OUTSIDE, Tally
from canheal_annotate.findings import findings
from canheal_annotate.judgement import Judged, assembly_of, judge, knowledge_of
from canheal_annotate.places import NEAR
from canheal_annotate.reading import SCHEMA, read_alleles
from canheal_annotate.rules import document, version

_REMARKS: Final = (
    "Copy numbers, fusions, other structural variants and genome-wide biomarkers were not looked for.",
    f"Promoters were not read; a variant further than {NEAR} bases from an exon is counted, not named.",
)


@dataclass(frozen=True)
class Interpretation:
    """What a sample's variants mean, and what became of every allele."""

    findings: tuple[Finding, ...]
    """All of them, the most relevant first."""
    counts: VariantCounts
    not_examined: NotExamined
    bundle: str
    """Version of the reference bundle."""
    rules: str
    """Version of the rules."""


def interpret(vcf: Path, context: SampleContext, bundle: Path | None) -> Interpretation:
    """Interpret the variants of one sample.

    Args:
        vcf: A file that `canheal_genome.vcf.check` let in; plain, gzip or BGZF.
        context: Kind, build, VCF columns and tumour type of the sample.
        bundle: Folder of the reference bundle; the demo bundle when None.

    Raises:
        VcfRefused: the VCF has no such column.
        AssemblyAbsent: the bundle has not the sample's build.
    """
    genes = assembly_of(bundle, context).genes
    tally, kept = Tally(), list[pl.DataFrame]()
    for alleles in read_alleles(vcf, context, genes):
        tally.add(alleles)
        kept.append(alleles.filter(col("fate") == IN_GENE))
    judged = judge(pl.concat([pl.DataFrame(schema=SCHEMA), *kept]), context, bundle)
    return Interpretation(
        findings=findings(judged),
        counts=_counts(tally, judged),
        not_examined=not_examined(context, bundle),
        bundle=warm_bundle(bundle).version,
        rules=version(),
    )


def _counts(tally: Tally, judged: Judged) -> VariantCounts:
    alleles = judged.rows.select("record", "allele_index", "gene", "changes", "has_sequence")
    one_each = alleles.unique(["record", "allele_index", "gene"])
    without = one_each.filter(~col("has_sequence")).group_by("gene").len().sort("gene")
    return VariantCounts(
        records=tally.records,
        alleles=tally.alleles,
        filtered=dict(sorted(tally.filtered.items())),
        not_carried=tally.fates[NOT_CARRIED],
        not_interpretable=dict(sorted(tally.not_interpretable.items())),
        outside_bundle=tally.fates[OUTSIDE],
        in_bundle_genes=tally.fates[IN_GENE],
        protein_or_splice=alleles.filter("changes").select("record", "allele_index").n_unique(),
        without_sequence=dict(without.iter_rows()),
    )


def not_examined(context: SampleContext, bundle: Path | None) -> NotExamined:
    """What an interpretation by this bundle cannot speak about."""
    opened, assembly = warm_bundle(bundle), assembly_of(bundle, context)
    here = set(assembly.genes["gene"])
    elsewhere = {gene for build in opened.builds for gene in opened.assembly(build).genes["gene"]}
    return NotExamined(
        genes_lacking=opened.genes_lacking,
        genes_without_sequence=assembly.missing_sequence,
        genes_without_model=tuple(sorted(elsewhere - here)),
        remarks=(*_REMARKS, *_knowledge_remarks(context, bundle)),
    )


def _knowledge_remarks(context: SampleContext, bundle: Path | None) -> list[str]:
    knowledge, remarks = knowledge_of(bundle), list[str]()
    if knowledge is None:
        remarks.append("The bundle has no CIViC evidence: no tier rests on evidence.")
    else:
        reasons = ", ".join(f"{reason} {number}" for reason, number in knowledge.not_compared.items())
        items = f"Of {knowledge.evidence.height} CIViC items"
        remarks.append(f"{items} these speak of what a small variant does not show: {reasons}.")
    if assembly_of(bundle, context).clinvar is None:
        remarks.append("The bundle has no ClinVar records: no variant was looked up there.")
    if context.kind is SampleKind.TUMOUR:
        remarks.append(str(document("tiering")["tier_iv"]["says"]))
        remarks += _tumour_type_remarks(context, warm_bundle(bundle).oncotree)
    return remarks


def _tumour_type_remarks(context: SampleContext, tree: OncoTree | None) -> list[str]:
    code, then = context.oncotree_code, "evidence counts as from another tumour type"
    if code is None:
        return [f"No tumour type was given: {then}."]
    if tree is None:
        return [f"The bundle has no OncoTree: {then}."]
    if tree.current(code) is None:
        return [f"OncoTree has no code {code}: {then}."]
    return []
