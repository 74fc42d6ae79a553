"""What a bundle knows of one genome build: genes, exons, bases, and the annotator that names variants."""

from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl
from canheal_genome.builds import LENGTHS, Build

from canheal_refdata.annotator import Annotator, open_on_slices
from canheal_refdata.sequences import Bases, FlatBases, PackedBases

GENES_FILE: Final = "genes.{}.arrow"
EXONS_FILE: Final = "exons.{}.arrow"
SLICES_FILE: Final = "slices.{}.arrow"
SPLICED_FILE: Final = "spliced.{}.arrow"
RUNS_FILE: Final = "runs.{}.arrow"
DATABASE_FILE: Final = "transcripts.{}.bin.zst"
FLAT_FILE: Final = "genome.{}.fa"
PACKED_FILE: Final = "slices.2bit"
CLINVAR_FILE: Final = "clinvar.{}.arrow"


class Assembly:
    """Opened by `Bundle.assembly`; everything is read when first asked for and kept."""

    def __init__(self, directory: Path, build: Build) -> None:
        self.build = build
        self._directory = directory

    def _path(self, name: str) -> Path:
        return self._directory / name.format(self.build.value)

    def _frame(self, name: str) -> pl.DataFrame:
        return pl.read_ipc(self._path(name))

    @cached_property
    def genes(self) -> pl.DataFrame:
        """One row a transcript, columns of `models.GENES`, sorted by contig and start."""
        return self._frame(GENES_FILE)

    @cached_property
    def exons(self) -> pl.DataFrame:
        """One row an exon, columns of `models.EXONS`, sorted by `feature_id` and rank."""
        return self._frame(EXONS_FILE)

    @cached_property
    def clinvar(self) -> pl.DataFrame | None:
        """ClinVar records, columns of `sources.clinvar.CLINVAR`; None where the bundle was built without."""
        return self._frame(CLINVAR_FILE) if self._path(CLINVAR_FILE).exists() else None

    @cached_property
    def missing_sequence(self) -> tuple[str, ...]:
        """Genes around which the bundle has no bases: no left-alignment, no intron context there."""
        return tuple(self.genes.filter(~pl.col("has_sequence"))["gene"].unique().sort())

    @cached_property
    def covered(self) -> pl.DataFrame:
        """`contig start end` (1-based inclusive): where the bundle has bases."""
        return self._frame(SLICES_FILE).select("contig", "start", "end")

    @cached_property
    def _bases(self) -> Bases:
        slices = self._frame(SLICES_FILE)
        if self._path(FLAT_FILE).exists():
            index = {
                contig: (offset, end)
                for contig, end, offset in slices.select("contig", "end", "offset").iter_rows()
            }
            return FlatBases(self._path(FLAT_FILE), index)
        return PackedBases(self._directory / PACKED_FILE, slices, self._frame(RUNS_FILE))

    def sequence(self, contig: str, start: int, end: int) -> str | None:
        """Bases `start`..`end`, 1-based inclusive, upper case; None when not all lie in one slice."""
        return self._bases.sequence(contig, start, end)

    @cached_property
    def _transcripts(self) -> PackedBases:
        return PackedBases(self._directory / PACKED_FILE, self._frame(SPLICED_FILE), self._frame(RUNS_FILE))

    def spliced(self, feature_id: str) -> str | None:
        """The whole spliced transcript, 5' to 3', UTRs included; None for an unknown transcript.

        It is the sequence on which names in c. and p. count, and it is here for genes without bases around
        too.
        """
        length = self._lengths.get(feature_id)
        return None if length is None else self._transcripts.sequence(feature_id, 1, length)

    @cached_property
    def _lengths(self) -> dict[str, int]:
        return dict(self.genes.select("feature_id", "length").iter_rows())

    @cached_property
    def _annotator(self) -> Annotator:
        database = self._path(DATABASE_FILE)
        if self._path(FLAT_FILE).exists():
            return Annotator(database, self._path(FLAT_FILE), self.covered)
        places = self.covered.iter_rows()
        bases = ((contig, start, self.sequence(contig, start, end) or "") for contig, start, end in places)
        return open_on_slices(database, self.covered, bases, dict(LENGTHS[self.build]))

    def annotator(self) -> Annotator:
        """Names variants; opened at the first call, then kept."""
        return self._annotator
