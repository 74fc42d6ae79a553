"""A bundle of the user's own: from a GFF3 and a FASTA for each build, and knowledge where it is given."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from canheal_genome.builds import LENGTHS, Build
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from canheal_refdata.build import BundleWriter
from canheal_refdata.errors import SourceRefused
from canheal_refdata.manifest import Source
from canheal_refdata.models import Models
from canheal_refdata.sources.civic import read_civic
from canheal_refdata.sources.clinvar import read_clinvar
from canheal_refdata.sources.fasta import read_fasta
from canheal_refdata.sources.gff3 import GeneModels, Transcripts, read_gff3
from canheal_refdata.sources.oncotree import read_oncotree

_OWN_LICENCE = "not stated: the user's own file"


@dataclass(frozen=True)
class Inputs:
    """Files of one assembly."""

    build: Build
    gff: Path
    fasta: Path
    clinvar: Path | None = None


@dataclass(frozen=True)
class Request:
    name: str
    assemblies: tuple[Inputs, ...]
    transcripts: Transcripts
    civic: Path | None = None
    oncotree: Path | None = None


def build_bundle(request: Request, directory: Path, console: Console) -> None:
    """Write the bundle, with a progress bar on the console; what was left out stands in its notes.

    Raises:
        SourceRefused: a source cannot be understood, or GFF3 and FASTA do not belong together.
    """
    writer = BundleWriter(directory)
    notes: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        for inputs in request.assemblies:
            notes += _add_assembly(writer, inputs, request.transcripts, progress)
        notes += _add_knowledge(writer, request, progress)
        with _step(progress, "checksums"):
            writer.finish(request.name, _sources(request), notes)


@contextmanager
def _step(progress: Progress, what: str) -> Iterator[None]:
    """A line of the progress display whose end is not known while it runs."""
    task = progress.add_task(what, total=None)
    yield
    progress.update(task, total=1, completed=1)


def _add_assembly(writer: BundleWriter, inputs: Inputs, keep: Transcripts, progress: Progress) -> list[str]:
    build = inputs.build
    with _step(progress, f"{build} gene models"):
        found = read_gff3(inputs.gff, keep)
    task = progress.add_task(f"{build} bases", total=sum(LENGTHS[build].values()))
    skipped = writer.add_sequences(
        build, read_fasta(inputs.fasta, build), lambda part: progress.advance(task, len(part.bases))
    )
    progress.update(task, total=1, completed=1)
    with _step(progress, f"{build} transcripts"):
        models = writer.spliced(build, found.genes, found.exons)
        if models.genes.is_empty():
            reason = f"has the bases of not one transcript of {inputs.gff}; give the FASTA that belongs to it"
            raise SourceRefused(inputs.fasta, reason)
        writer.add_models(build, models)
    notes = [f"{build}: {note}" for note in (*found.notes, *_without_bases(found, models))]
    if skipped:
        notes.append(f"{build}: {len(skipped)} sequences that are no chromosome were left out")
    if inputs.clinvar is not None:
        with _step(progress, f"{build} ClinVar"):
            records = read_clinvar(inputs.clinvar, build)
            writer.add_clinvar(build, records.records)
        notes += [
            f"{build} ClinVar {records.release}: {n} rows left out: {why}"
            for why, n in records.left_out.items()
        ]
    return notes


def _without_bases(found: GeneModels, models: Models) -> list[str]:
    lost = found.genes.join(models.genes, on="feature_id", how="anti")
    names = lost["gene"].unique().sort().to_list()
    if not names:
        return []
    shown = ", ".join(names[:20]) + (" ..." if len(names) > 20 else "")
    return [f"{lost.height} transcripts have no bases in the FASTA and were left out: {shown}"]


def _add_knowledge(writer: BundleWriter, request: Request, progress: Progress) -> list[str]:
    notes: list[str] = []
    if request.civic is not None:
        with _step(progress, "CIViC"):
            reduced = read_civic(request.civic)
            writer.add_civic(reduced.evidence)
        if reduced.refused:
            notes.append(
                f"CIViC: {len(reduced.refused)} rows not understood: {'; '.join(reduced.refused[:5])}"
            )
    if request.oncotree is not None:
        with _step(progress, "OncoTree"):
            writer.add_oncotree(read_oncotree(request.oncotree))
    return notes


def _sources(request: Request) -> list[Source]:
    """Each file by its name and hash; a licence is the user's to know."""
    given: list[tuple[Path | None, str]] = [(request.civic, "CIViC evidence"), (request.oncotree, "OncoTree")]
    for inputs in request.assemblies:
        given += [
            (inputs.gff, f"gene models of {inputs.build}"),
            (inputs.fasta, f"bases of {inputs.build}"),
            (inputs.clinvar, f"ClinVar records of {inputs.build}"),
        ]
    return [
        Source(path.name, f"sha256 {_digest(path)}", _OWN_LICENCE, "given to canheal refdata build", gives)
        for path, gives in given
        if path is not None
    ]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
