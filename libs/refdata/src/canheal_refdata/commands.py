"""`canheal refdata`: make a reference bundle from your own files, look at one, check one."""

import inspect
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from canheal_genome.builds import Build
from rich.console import Console

from canheal_refdata.bundle import Bundle, open_bundle
from canheal_refdata.errors import BundleError
from canheal_refdata.manifest import HASHED_AT_OPENING
from canheal_refdata.request import Inputs, Request, build_bundle
from canheal_refdata.sources.gff3 import Transcripts

app = typer.Typer(
    name="refdata",
    help="The reference bundle: what variants are read against.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_people: Final = Console(stderr=True, highlight=False, soft_wrap=True)

_FILE: Final[Any] = {"exists": True, "dir_okay": False, "readable": True}

BundleOption = Annotated[
    Path | None,
    typer.Option("--bundle", help="Folder of the bundle; the demo bundle by default.", show_default=False),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout instead of text on stderr.")
]


@contextmanager
def _errors_for_people() -> Iterator[None]:
    try:
        yield
    except BundleError as error:
        _people.print(f"canheal refdata: {error}", markup=False)
        raise typer.Exit(error.exit_code) from error


@dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """The options of `build`; those of one assembly stand in the order of --assembly."""

    assembly: Annotated[list[Build], typer.Option(help="Genome build; repeat for a second one.")]
    gff: Annotated[
        list[Path], typer.Option(help="Ensembl-style GFF3 (.gz or plain), one for each --assembly.")
    ]
    fasta: Annotated[list[Path], typer.Option(help="FASTA (.gz or plain), one for each --assembly.", **_FILE)]
    out: Annotated[Path, typer.Option(help="New folder for the bundle.")]
    clinvar: Annotated[
        list[Path] | None, typer.Option(help="ClinVar VCF, one for each --assembly.", **_FILE)
    ] = None
    civic: Annotated[Path | None, typer.Option(help="CIViC accepted-evidence TSV.", **_FILE)] = None
    oncotree: Annotated[Path | None, typer.Option(help="OncoTree JSON.", **_FILE)] = None
    name: Annotated[str, typer.Option(help="First part of the bundle's version.")] = "own"
    transcripts: Annotated[Transcripts, typer.Option(help="Which transcripts of a gene to keep.")] = (
        Transcripts.SELECT
    )
    json: JsonOption = False

    def request(self) -> Request:
        self._one_each("--gff", len(self.gff))
        self._one_each("--fasta", len(self.fasta))
        records: list[Path | None] = [*(self.clinvar or [])]
        if records:
            self._one_each("--clinvar", len(records))
        parts = zip(self.assembly, self.gff, self.fasta, records or [None] * len(self.gff), strict=True)
        inputs = tuple(Inputs(*part) for part in parts)
        return Request(self.name, inputs, self.transcripts, self.civic, self.oncotree)

    def _one_each(self, option: str, given: int) -> None:
        if given != len(self.assembly):
            reason = (
                f"{len(self.assembly)} --assembly and {given} {option}; give one {option} for each --assembly"
            )
            raise typer.BadParameter(reason)


def _with_options(command: Callable[[BuildOptions], None]) -> Callable[..., None]:
    """A command whose options are the fields of `BuildOptions`: typer reads them off the signature."""

    def run(**values: Any) -> None:
        command(BuildOptions(**values))

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = dict(BuildOptions.__annotations__)
    signature = inspect.signature(BuildOptions)
    run.__dict__["__signature__"] = signature.replace(return_annotation=None)
    return run


@app.command()
@_with_options
def build(options: BuildOptions) -> None:
    """Make a bundle from your own gene models and genome."""
    request = options.request()
    if options.out.exists() and any(options.out.iterdir()):
        raise typer.BadParameter(f"{options.out} is not empty; name a new folder with --out")
    with _errors_for_people(), _scratch_beside(options.out) as scratch:
        build_bundle(request, scratch, _people)
        if options.out.exists():
            options.out.rmdir()
        scratch.rename(options.out)
        _tell(open_bundle(options.out), as_json=options.json)


@contextmanager
def _scratch_beside(out: Path) -> Iterator[Path]:
    """A folder that becomes `out` by one rename, so that half a bundle never lies there."""
    scratch = out.with_name(f"{out.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@app.command()
def show(bundle: BundleOption = None, as_json: JsonOption = False) -> None:
    """Say what a bundle holds, where it comes from and what it lacks."""
    with _errors_for_people():
        _tell(open_bundle(bundle), as_json=as_json)


@app.command()
def verify(bundle: BundleOption = None, as_json: JsonOption = False) -> None:
    """Compare every byte of a bundle with its checksums."""
    with _errors_for_people():
        checked = open_bundle(bundle, every_byte=True)
    files = checked.manifest.files
    if as_json:
        typer.echo(json.dumps({"version": checked.version, "files": len(files), "intact": True}))
    else:
        _people.print(f"{checked.version}: all {len(files)} files are as they were written", markup=False)


def _tell(bundle: Bundle, *, as_json: bool) -> None:
    facts = _facts(bundle)
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    _people.print(f"{facts['version']} in {bundle.directory}, {facts['bytes'] / 1e6:.1f} MB", markup=False)
    for build_name, part in facts["assemblies"].items():
        missing = (
            f"; no bases around {', '.join(part['without_sequence'])}" if part["without_sequence"] else ""
        )
        _people.print(
            f"{build_name}: {part['genes']} genes, {part['transcripts']} transcripts{missing}", markup=False
        )
        _people.print(f"  ClinVar records: {part['clinvar_records']}", markup=False)
    _people.print(f"CIViC evidence: {facts['civic_evidence']}; OncoTree types: {facts['oncotree_types']}")
    for note in facts["notes"]:
        _people.print(note, markup=False)
    if facts["well_known_genes_lacking"]:
        _people.print(
            f"Well-known cancer genes it lacks: {', '.join(facts['well_known_genes_lacking'])}", markup=False
        )
    for source in facts["sources"]:
        _people.print(
            f"source: {source['name']} ({source['version']}; {source['licence']}): {source['gives']}",
            markup=False,
        )


def _facts(bundle: Bundle) -> dict[str, Any]:
    sizes = [file.size for file in bundle.manifest.files.values()]
    return {
        "version": bundle.version,
        "directory": str(bundle.directory),
        "bytes": sum(sizes),
        "checked": "every byte"
        if max(sizes) <= HASHED_AT_OPENING
        else "sizes of large files, every byte of others",
        "assemblies": {build.value: _assembly_facts(bundle, build) for build in bundle.builds},
        "civic_evidence": 0 if bundle.civic is None else bundle.civic.height,
        "oncotree_types": 0 if bundle.oncotree is None else len(bundle.oncotree),
        "well_known_genes_lacking": bundle.genes_lacking,
        "notes": bundle.manifest.notes,
        "sources": [asdict(source) for source in bundle.sources],
    }


def _assembly_facts(bundle: Bundle, build: Build) -> dict[str, Any]:
    assembly = bundle.assembly(build)
    return {
        "genes": assembly.genes["gene_id"].n_unique(),
        "transcripts": assembly.genes.height,
        "without_sequence": assembly.missing_sequence,
        "clinvar_records": 0 if assembly.clinvar is None else assembly.clinvar.height,
    }
