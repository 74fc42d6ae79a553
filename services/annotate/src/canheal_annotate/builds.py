"""Which build a VCF was called on, and how that is known."""

from pathlib import Path

from canheal_genome.builds import Build, build_from_contigs
from canheal_genome.errors import BuildRefused
from canheal_genome.header import read_header
from canheal_genome.reference import build_from_reference
from canheal_refdata.bundle import Bundle


def tell_build(vcf: Path, declared: Build | None, bundle: Bundle) -> tuple[Build, str]:
    """The build, and whether contig lengths, the caller or REF bases told it.

    Raises:
        BuildRefused: contig lengths or REF bases contradict the declared build, or nothing tells it.
    """
    lengths = {name: length for name, length in read_header(vcf).contigs.items() if length is not None}
    by_lengths = build_from_contigs(lengths)
    if by_lengths is not None and declared not in (None, by_lengths):
        found = f"the file is declared as {declared}, but its ##contig lengths are those of {by_lengths}"
        raise BuildRefused("build-contradicted", f"{found}. Declare the right build")
    if by_lengths is not None:
        return by_lengths, "contig lengths"
    assemblies = {build: bundle.assembly(build) for build in bundle.builds}
    evidence = build_from_reference(
        vcf,
        lambda build, contig, start, end: assemblies[build].sequence(contig, start, end),
        covered={build: assembly.covered for build, assembly in assemblies.items()},
    )
    return evidence.demand(declared), "REF bases" if declared is None else "declared"
