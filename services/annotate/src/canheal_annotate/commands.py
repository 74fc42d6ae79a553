"""`canheal annotate`: what the variants of a VCF mean, without any stream."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Annotated, Any, Final

import polars as pl
import typer
from canheal_genome.builds import Build
from canheal_genome.errors import GenomeError
from canheal_genome.vcf import check
from canheal_process.terminal import plain
from canheal_refdata.bundle import warm_bundle
from canheal_refdata.errors import BundleError
from canheal_schemas import Assay, AssayType, GenomeBuild, SampleContext, SampleKind
from rich.console import Console
from rich.table import Table

from canheal_annotate.builds import tell_build
from canheal_annotate.fates import FILTERED, IN_GENE, NOT_CARRIED, NOT_INTERPRETABLE, OUTSIDE, Tally
from canheal_annotate.interpret import not_examined
from canheal_annotate.lines import allele_lines

app = typer.Typer(
    help="What the variants of a VCF mean.", pretty_exceptions_enable=False, add_completion=False
)

_people: Final = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
_FILE: Final[Any] = {"exists": True, "dir_okay": False, "readable": True}
_SHOWN: Final = ("tier", "tier_level", "gene", "transcript", "hgvs_c", "hgvs_p", "vaf")


@dataclass(frozen=True, kw_only=True)
class Request:
    """The command's options."""

    vcf: Annotated[Path, typer.Argument(help="VCF: plain, gzip or BGZF.", **_FILE)]
    bundle: Annotated[
        Path | None, typer.Option(help="Folder of the reference bundle; the demo bundle by default.")
    ] = None
    assembly: Annotated[
        Build | None, typer.Option(help="Build of the VCF, where its contig lengths do not say it.")
    ] = None
    tumour: Annotated[str | None, typer.Option(help="Name of the sample column to interpret.")] = None
    normal: Annotated[str | None, typer.Option(help="Name of the matched normal's column.")] = None
    kind: Annotated[SampleKind, typer.Option(help="Whose variants they are.")] = SampleKind.TUMOUR
    oncotree: Annotated[str | None, typer.Option(help="Tumour type as an OncoTree code, such as COAD.")] = (
        None
    )
    json: Annotated[bool, typer.Option("--json", help="JSON Lines only; nothing for people.")] = False


def annotate(**options: Any) -> None:
    """Say of every allele what it means: JSON Lines on stdout, one an allele and transcript.

    An allele that is not interpreted has its line too, with the reason. A summary goes to stderr.
    """
    request = Request(**options)
    with _errors_for_people():
        context = _context(request)
        tally, reportable = Tally(), list[pl.DataFrame]()
        for lines in allele_lines(request.vcf, context, request.bundle, tally):
            typer.echo(lines.write_ndjson(), nl=False)
            reportable.append(lines.filter(pl.col("reportable").cast(pl.Boolean)).select(_SHOWN))
        if not request.json:
            _tell(context, request.bundle, tally, reportable)


annotate.__annotations__ = dict(Request.__annotations__)  # typer reads a command's options off its signature
annotate.__dict__["__signature__"] = signature(Request).replace(return_annotation=None)
app.command()(annotate)


def _context(request: Request) -> SampleContext:
    opened = warm_bundle(request.bundle)
    tree = opened.oncotree
    if request.oncotree is not None and tree is not None and tree.current(request.oncotree) is None:
        raise typer.BadParameter(
            f"OncoTree has no code {request.oncotree}; see oncotree.info", param_hint="--oncotree"
        )
    facts = check(request.vcf, kind=request.kind.value, tumour=request.tumour, normal=request.normal)
    build, basis = tell_build(request.vcf, request.assembly, opened)
    return SampleContext(
        label=request.vcf.name[:100],
        kind=request.kind,
        assay=Assay(type=AssayType.PANEL),
        build=GenomeBuild(build.value),
        build_basis=basis,
        vcf_sample=facts.sample,
        vcf_normal=facts.normal,
        oncotree_code=request.oncotree,
    )


def _tell(context: SampleContext, bundle: Path | None, tally: Tally, batches: list[pl.DataFrame]) -> None:
    opened, fates = warm_bundle(bundle), tally.fates
    _say(f"{context.label}: {context.build} by {context.build_basis}; bundle {opened.version}")
    counted = ", ".join(
        f"{fates[fate]} {fate}" for fate in (IN_GENE, OUTSIDE, FILTERED, NOT_CARRIED, NOT_INTERPRETABLE)
    )
    _say(f"{tally.records} records, {tally.alleles} alleles: {counted}")
    nothing = pl.DataFrame(schema=dict.fromkeys(_SHOWN, pl.Null))
    reportable = pl.concat([nothing, *batches], how="vertical_relaxed")
    _people.print(_table(reportable) if reportable.height else "no allele changes a protein or splicing")
    for remark in not_examined(context, bundle).remarks:
        _say(remark)


def _table(reportable: pl.DataFrame) -> Table:
    table = Table("tier", "gene", "transcript", "c.", "p.", "VAF", box=None)
    shown = reportable.sort("tier", "tier_level", nulls_last=True).head(40)
    for tier, level, gene, transcript, hgvs_c, hgvs_p, vaf in shown.iter_rows():
        fraction = "" if vaf is None else f"{vaf:.0%}"
        table.add_row(f"{tier or ''} {level or ''}", gene, transcript, hgvs_c or "", hgvs_p or "", fraction)
    if reportable.height > shown.height:
        table.caption = f"and {reportable.height - shown.height} more"
    return table


def _say(text: str) -> None:
    """To a person: what a file's names would do to the terminal is shown instead."""
    _people.print(plain(text), markup=False)


@contextmanager
def _errors_for_people() -> Iterator[None]:
    try:
        yield
    except (GenomeError, BundleError) as error:
        _say(f"canheal annotate: {error}")
        raise typer.Exit(error.exit_code) from error
