"""Writes a bundle: gene models, bases, the annotator's database, knowledge, and bundle.json last.

Nothing written holds a clock or a path, and every table has one order: the same sources give the same bytes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
from canheal_genome.builds import LENGTHS, Build

from canheal_refdata import assembly as files
from canheal_refdata.bundle import CIVIC_FILE, ONCOTREE_FILE
from canheal_refdata.database import write_database
from canheal_refdata.errors import SourceRefused
from canheal_refdata.manifest import Manifest, Source, describe
from canheal_refdata.models import Models, ordered, reverse_complement
from canheal_refdata.sequences import RUNS, SLICES, Packer
from canheal_refdata.sources.fasta import Slice

type Row = tuple[str, int, int, int]
type Run = tuple[str, int, int, str]


class BundleWriter:
    """Collects one bundle in an empty folder; `finish` seals it."""

    def __init__(self, directory: Path) -> None:
        if directory.exists() and any(directory.iterdir()):
            raise SourceRefused(directory, "is not empty; name a new folder for the bundle with --out")
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._packer = Packer()
        self._builds: list[Build] = []

    def _path(self, name: str, build: Build) -> Path:
        return self._directory / name.format(build.value)

    def _write(self, frame: pl.DataFrame, path: Path) -> None:
        frame.rechunk().write_ipc(path, compression="uncompressed")

    def add_sequences(
        self, build: Build, slices: Iterable[Slice], each: Callable[[Slice], None] = lambda _: None
    ) -> tuple[str, ...]:
        """Lay down the bases.

        Args:
            build: Of which assembly.
            slices: Whole chromosomes or parts of them; when the first is whole, parts are left out.
            each: Hears of every sequence that was read, for a progress bar.

        Returns:
            The names of the sequences that were left out.
        """
        flat = _Flat(self._path(files.FLAT_FILE, build), build)
        rows, runs, skipped = list[Row](), list[Run](), list[str]()
        for part in slices:
            if part.contig is None or (flat.begun and not flat.is_whole(part)):
                skipped.append(part.name)
            elif flat.is_whole(part) and len(rows) == flat.count:
                rows.append(flat.add(part.contig, part.bases))
            else:
                packed = self._packer.add(part.contig, part.start, part.bases)
                rows.append(packed.row)
                runs += packed.runs
            each(part)
        flat.close()
        self._write(_frame(sorted(rows), SLICES), self._path(files.SLICES_FILE, build))
        self._write(_frame(sorted(set(runs)), RUNS), self._path(files.RUNS_FILE, build))
        self._write_packed()
        return tuple(skipped)

    def _write_packed(self) -> None:
        (self._directory / files.PACKED_FILE).write_bytes(self._packer.packed.getvalue())

    def add_models(self, build: Build, models: Models) -> None:
        """Write genes, exons and the annotator's database; `add_sequences` comes first."""
        covered = pl.read_ipc(self._path(files.SLICES_FILE, build))
        genes, exons = ordered(_with_sequence_known(models.genes, covered), models.exons)
        self._write(genes, self._path(files.GENES_FILE, build))
        self._write(exons, self._path(files.EXONS_FILE, build))
        self._add_spliced(build, models)
        sorted_models = replace(models, genes=genes, exons=exons)
        write_database(sorted_models, build, self._path(files.DATABASE_FILE, build))
        self._builds.append(build)

    def _add_spliced(self, build: Build, models: Models) -> None:
        packed = [
            self._packer.add(name, 1, bases.encode()) for name, bases in sorted(models.sequences.items())
        ]
        runs = [run for one in packed for run in one.runs]
        genomic = pl.read_ipc(self._path(files.RUNS_FILE, build))
        self._write(_frame([one.row for one in packed], SLICES), self._path(files.SPLICED_FILE, build))
        self._write(pl.concat([genomic, _frame(runs, RUNS)]), self._path(files.RUNS_FILE, build))
        self._write_packed()

    def spliced(self, build: Build, genes: pl.DataFrame, exons: pl.DataFrame) -> Models:
        """The models with their sequences read from the bases laid down; transcripts without are left out."""
        reader = files.Assembly(self._directory, build)
        strands = dict(genes.select("feature_id", "strand").iter_rows())
        sequences = {}
        for (name,), part in exons.sort("feature_id", "rank").group_by("feature_id", maintain_order=True):
            spans = part.select("contig", "start", "end").iter_rows()
            pieces = [reader.sequence(contig, start, end) for contig, start, end in spans]
            if all(piece is not None for piece in pieces):
                sequences[str(name)] = _joined([piece or "" for piece in pieces], strands[name])
        kept = pl.col("feature_id").is_in(list(sequences))
        return Models(
            genes.filter(kept).with_columns(start_codon=_start_codons(genes.filter(kept), sequences)),
            exons.filter(kept),
            sequences,
        )

    def add_civic(self, evidence: pl.DataFrame) -> None:
        self._write(evidence, self._directory / CIVIC_FILE)

    def add_oncotree(self, nodes: pl.DataFrame) -> None:
        self._write(nodes, self._directory / ONCOTREE_FILE)

    def add_clinvar(self, build: Build, records: pl.DataFrame) -> None:
        self._write(records, self._path(files.CLINVAR_FILE, build))

    def finish(self, name: str, sources: Iterable[Source], notes: Iterable[str] = ()) -> Manifest:
        """Write bundle.json over everything that lies in the folder."""
        names = [path.name for path in self._directory.iterdir()]
        builds = tuple(build.value for build in self._builds)
        manifest = Manifest(name, builds, describe(self._directory, names), tuple(sources), tuple(notes))
        manifest.write(self._directory)
        return manifest


class _Flat:
    """Whole chromosomes as one plain FASTA, one line each, with its index."""

    def __init__(self, path: Path, build: Build) -> None:
        self._path = path
        self._lengths = LENGTHS[build]
        self._index: list[str] = []
        self._at = 0

    @property
    def begun(self) -> bool:
        return bool(self._index)

    @property
    def count(self) -> int:
        return len(self._index)

    def is_whole(self, part: Slice) -> bool:
        return part.contig is not None and part.start == 1 and len(part.bases) == self._lengths[part.contig]

    def add(self, contig: str, bases: bytes) -> Row:
        header = f">{contig}\n".encode()
        offset, length = self._at + len(header), len(bases)
        with self._path.open("ab") as file:
            file.writelines((header, bases, b"\n"))
        self._index.append(f"{contig}\t{length}\t{offset}\t{length}\t{length + 1}\n")
        self._at = offset + length + 1
        return contig, 1, length, offset

    def close(self) -> None:
        if self._index:
            self._path.with_name(self._path.name + ".fai").write_text("".join(self._index), encoding="ascii")


def _frame(rows: Sequence[tuple[object, ...]], schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema, orient="row")


def _with_sequence_known(genes: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    known = genes.join(covered.select("contig", _from="start", _to="end"), on="contig").filter(
        (pl.col("_from") <= pl.col("start")) & (pl.col("_to") >= pl.col("end"))
    )
    return genes.with_columns(has_sequence=pl.col("feature_id").is_in(known["feature_id"].implode()))


def _joined(pieces: list[str], strand: str) -> str:
    return "".join(reverse_complement(piece) for piece in pieces) if strand == "-" else "".join(pieces)


def _start_codons(genes: pl.DataFrame, sequences: Mapping[str, str]) -> pl.Series:
    spans = genes.select("feature_id", "cds_start").iter_rows()
    return pl.Series(
        [None if at is None else sequences[name][at - 1 : at + 2] for name, at in spans], dtype=pl.String
    )
