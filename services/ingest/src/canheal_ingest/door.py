"""Whether a VCF may enter, which of its columns is the sample, and on which genome it was called.

The build is what the contig lengths say, else what the hospital says, else what the REF bases say; the bases
are compared in every case, and an answer that they contradict is refused.
"""

import os
from pathlib import Path
from typing import Final

from canheal_genome.bcf import to_vcf
from canheal_genome.builds import Build
from canheal_genome.compression import BGZF_EOF, is_bcf
from canheal_genome.errors import BuildRefused
from canheal_genome.reference import build_from_reference
from canheal_genome.vcf import check
from canheal_refdata.bundle import Bundle, warm_bundle

from canheal_ingest.errors import ScratchFull
from canheal_ingest.questions import Passed, Question
from canheal_ingest.sites import sites_with_bases

SITES_COMPARED: Final = 1_000
"""Records of each build's slices whose REF is compared; five tell the builds apart."""


def examine(question: Question, bundle: Path | None) -> Passed:
    """Read the whole file once and refuse it by rule and line, or say what it is.

    Runs in a process of the pool: a genome takes a minute.

    Raises:
        VcfRefused: a rule of the door is broken.
        BuildRefused: the build is unknown, or two sources contradict each other.
        AssemblyAbsent: the bundle does not have this build.
    """
    vcf = _as_vcf(question)
    facts = check(
        vcf,
        kind="germline" if question.germline else "tumour",
        tumour=question.vcf_sample,
        normal=question.vcf_normal,
        max_uncompressed_bytes=question.max_uncompressed_bytes,
    )
    opened = warm_bundle(bundle)
    by_contigs, by_word = facts.build, Build(question.declared) if question.declared else None
    if by_contigs and by_word and by_contigs is not by_word:
        raise BuildRefused(
            "build-contradicted",
            f"the file is declared as {by_word}, but the lengths of its ##contig lines are those of "
            f"{by_contigs}. Declare the right build, or correct the ##contig lines",
        )
    build = _confirmed(question, vcf, opened, by_contigs or by_word)
    opened.assembly(build)
    basis = "contig lengths" if by_contigs else "declared" if by_word else "REF bases"
    return Passed(vcf, facts.sample, facts.normal, build.value, basis)


def current_codes(bundle: Path | None) -> dict[str, str] | None:
    """Each OncoTree code, replaced ones too, with the one that counts now; None without OncoTree."""
    oncotree = warm_bundle(bundle).oncotree
    if oncotree is None:
        return None
    codes = oncotree.nodes.select("code", "earlier_codes").rows()
    replaced = {earlier: code for code, earlier_codes in codes for earlier in earlier_codes}
    return replaced | {code: code for code, _ in codes}


def _as_vcf(question: Question) -> Path:
    """A BCF as the VCF that everything behind the door reads, beside it; another file as it is.

    The same BCF gives the same VCF, so that sent again it is the same sample.
    """
    if not is_bcf(question.path):
        return question.path
    target = question.path.with_name("vcf-of-bcf")
    to_vcf(question.path, target, question.max_uncompressed_bytes)
    if not _written_whole(target):
        raise ScratchFull("the disk has no room for the BCF's VCF; send it again later, or tell the operator")
    return target


def _written_whole(path: Path) -> bool:
    """Where a disk is full htslib says nothing."""
    with path.open("rb") as file:
        file.seek(-min(len(BGZF_EOF), path.stat().st_size), os.SEEK_END)
        return file.read() == BGZF_EOF


def _confirmed(question: Question, vcf: Path, bundle: Bundle, said: Build | None) -> Build:
    assemblies = {build: bundle.assembly(build) for build in bundle.builds}

    def sequence(build: Build, contig: str, start: int, end: int) -> str | None:
        return assemblies[build].sequence(contig, start, end) if build in assemblies else None

    covered = {build: assembly.covered for build, assembly in assemblies.items()}
    sites = sites_with_bases(vcf, covered, enough=SITES_COMPARED, max_bytes=question.max_uncompressed_bytes)
    return build_from_reference(sites, sequence, max_sites=SITES_COMPARED).demand(said)
