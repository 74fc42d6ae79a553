"""The demo bundle: real facts of 170 cancer genes on both builds, small enough to ship with the program.

Written from the project's shared data by `make demo-bundle`; see its own README.md for sources, licences and
what it lacks.
"""

import tomllib
from collections.abc import Callable, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from canheal_genome.builds import Build

from canheal_refdata.build import BundleWriter
from canheal_refdata.bundle import Bundle, open_bundle
from canheal_refdata.manifest import Source
from canheal_refdata.sources.civic import read_civic
from canheal_refdata.sources.fasta import Slice, read_fasta
from canheal_refdata.sources.mane import genes_not_on, read_mane
from canheal_refdata.sources.oncotree import read_oncotree

DEMO_NAME: Final = "demo-2026.11"

_MANE: Final = ("genes/mane_select_transcripts.jsonl.gz", "genes/mane_select_transcripts.extra.jsonl.gz")
_REGIONS: Final = "genes/cancer_regions.{}.fa.gz"
_CIVIC: Final = "knowledge/civic/civic_accepted_evidence.tsv.gz"
_ONCOTREE: Final = "knowledge/oncotree/oncotree_2025_10_03.json.gz"


def write_demo_bundle(data: Path, directory: Path, each: Callable[[Slice], None] = lambda _: None) -> None:
    """Write the demo bundle into an empty folder.

    Raises:
        SourceRefused: a file of the shared data is not as expected.
    """
    writer = BundleWriter(directory)
    mane = [data / name for name in _MANE]
    for build in Build:
        writer.add_sequences(build, read_fasta(data / _REGIONS.format(build.value), build), each)
        writer.add_models(build, read_mane(mane, build))
    writer.add_civic(read_civic(data / _CIVIC).evidence)
    writer.add_oncotree(read_oncotree(data / _ONCOTREE))
    absent = {build: genes_not_on(mane, build) for build in Build}
    notes = [f"{', '.join(genes)} has no model on {build.value}." for build, genes in absent.items() if genes]
    writer.finish(DEMO_NAME, (Source(**entry) for entry in _about()["sources"]), notes)
    (directory / "README.md").write_text(_readme(open_bundle(directory)), encoding="utf-8")


def _about() -> dict[str, Any]:
    return tomllib.loads(files("canheal_refdata").joinpath("demo.toml").read_text(encoding="utf-8"))


def _readme(bundle: Bundle) -> str:
    genes = bundle.assembly(Build.GRCH38).genes
    older = bundle.assembly(Build.GRCH37).genes.drop_nulls("differences")
    template: str = _about()["readme"]["text"]
    return template.format(
        version=bundle.version,
        sources="\n".join(
            f"| {s.name} | {s.version} | {s.licence} | {s.origin} | {s.gives} |" for s in bundle.sources
        ),
        count=genes.height,
        lacking_count=len(bundle.genes_lacking),
        lacking=", ".join(bundle.genes_lacking),
        missing=_listed(bundle.assembly(Build.GRCH38).missing_sequence),
        elsewhere=" ".join(bundle.manifest.notes),
        clipped=_listed(genes.filter(genes["utr_clipped"].fill_null(value=False))["gene"]),
        differences=_listed(
            f"{gene} n.{what}" for gene, what in older.select("gene", "differences").iter_rows()
        ),
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
