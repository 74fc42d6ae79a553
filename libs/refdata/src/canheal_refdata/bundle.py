"""The reference bundle: a folder with a version, checked when it is opened, mapped when it is read."""

from functools import cache, cached_property
from pathlib import Path
from typing import Final

import polars as pl
from canheal_genome.builds import Build

from canheal_refdata.assembly import Assembly
from canheal_refdata.errors import AssemblyAbsent
from canheal_refdata.known_genes import well_known_cancer_genes
from canheal_refdata.manifest import Manifest, Source, check_files, read_manifest
from canheal_refdata.sources.oncotree import OncoTree

DEMO_BUNDLE: Final = Path(__file__).parent / "demo"
CIVIC_FILE: Final = "civic.arrow"
ONCOTREE_FILE: Final = "oncotree.arrow"


class Bundle:
    """An opened bundle; see `open_bundle`."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.directory = directory
        self.manifest = manifest
        self._assemblies: dict[Build, Assembly] = {}

    @property
    def version(self) -> str:
        """Name and content hash, such as `demo-2026.11+0123456789ab`: in every event, on every report."""
        return self.manifest.version

    @property
    def sources(self) -> tuple[Source, ...]:
        return self.manifest.sources

    @property
    def builds(self) -> tuple[Build, ...]:
        return tuple(Build(name) for name in self.manifest.assemblies)

    def assembly(self, build: Build) -> Assembly:
        """Raises AssemblyAbsent where the bundle has not this build."""
        if build not in self.builds:
            raise AssemblyAbsent(build.value, self.manifest.assemblies)
        return self._assemblies.setdefault(build, Assembly(self.directory, build))

    def _optional(self, name: str) -> pl.DataFrame | None:
        return pl.read_ipc(self.directory / name) if name in self.manifest.files else None

    @cached_property
    def civic(self) -> pl.DataFrame | None:
        """CIViC evidence, columns of `sources.civic.CIVIC`; None where the bundle was built without."""
        return self._optional(CIVIC_FILE)

    @cached_property
    def oncotree(self) -> OncoTree | None:
        """The tumour types; None where the bundle was built without."""
        nodes = self._optional(ONCOTREE_FILE)
        return None if nodes is None else OncoTree(nodes)

    @cached_property
    def genes_lacking(self) -> tuple[str, ...]:
        """Well-known cancer genes of which the bundle has no transcript on any build."""
        present: set[str] = set()
        for build in self.builds:
            present |= set(self.assembly(build).genes["gene"])
        return tuple(sorted(well_known_cancer_genes() - present))


def open_bundle(directory: Path | None = None, *, every_byte: bool = False) -> Bundle:
    """Open and check a bundle; None is the demo bundle that the package ships.

    Args:
        directory: The folder with bundle.json.
        every_byte: Hash large files too, of which otherwise only the size is compared.

    Raises:
        BundleAbsent: there is no bundle.
        BundleBroken: a file is missing, cut or changed; it is named.
    """
    where = DEMO_BUNDLE if directory is None else directory
    manifest = read_manifest(where)
    check_files(where, manifest, every_byte=every_byte)
    return Bundle(where, manifest)


@cache
def warm_bundle(directory: Path | None = None) -> Bundle:
    """`open_bundle`, once a process: for workers that meet the same bundle with every event."""
    return open_bundle(directory)
