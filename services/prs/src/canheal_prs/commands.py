"""`canheal score`: polygenic scores of a VCF, without any stream."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from canheal_genome.builds import Build, build_from_contigs
from canheal_genome.errors import GenomeError
from canheal_genome.header import read_header
from canheal_genome.reference import build_from_reference
from canheal_process.terminal import plain
from canheal_refdata.bundle import Bundle, open_bundle
from canheal_refdata.errors import BundleError
from canheal_schemas import AssayType
from rich.console import Console

from canheal_prs.cohort import Request, score_vcf
from canheal_prs.errors import PrsError
from canheal_prs.risk import slices_of, statement
from canheal_prs.score import Scored
from canheal_prs.scorefile import read_score

app = typer.Typer(help="Polygenic scores of a VCF.", pretty_exceptions_enable=False, add_completion=False)

_people = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
_FILE: Any = {"exists": True, "dir_okay": False, "readable": True}


@app.command()
def score(
    vcf: Annotated[Path, typer.Argument(help="VCF with genotypes: plain, gzip or BGZF.", **_FILE)],
    score: Annotated[list[Path], typer.Option(help="PGS Catalog scoring file; repeatable.", **_FILE)],
    assembly: Annotated[
        Build | None, typer.Option(help="Build of the VCF, where its contig lengths do not say it.")
    ] = None,
    sample: Annotated[list[str] | None, typer.Option(help="Sample column; all by default.")] = None,
    assay: Annotated[
        AssayType, typer.Option(help="In a genome, a site that the VCF lacks is homozygous reference.")
    ] = AssayType.PANEL,
    as_json: Annotated[bool, typer.Option("--json", help="JSON Lines only; nothing for people.")] = False,
) -> None:
    """Score every sample of a VCF: JSON Lines on stdout, a line for people on stderr.

    A score is germline: give the person's own VCF, never a tumour's. CANHEAL_BUNDLE names the folder of the
    reference bundle, which tells the bases of sites that a genome's VCF lacks; the demo bundle by default.
    """
    with _errors_for_people():
        own = os.environ.get("CANHEAL_BUNDLE")
        opened = open_bundle(Path(own) if own else None)
        build = _build(vcf, assembly, opened)
        request = Request(
            vcf, build, tuple(sample or ()), assay is AssayType.GENOME, slices_of(opened, build)
        )
        for scored in score_vcf(request, [read_score(file) for file in score]):
            typer.echo(json.dumps(_line(scored)))
            if not as_json:
                _say(_in_words(scored))


def _build(vcf: Path, declared: Build | None, bundle: Bundle) -> Build:
    """By contig lengths, else as declared unless REF contradicts, else by REF at the bundle's slices.

    Raises:
        BuildRefused: two of them contradict each other, or nothing tells it.
    """
    lengths = {name: length for name, length in read_header(vcf).contigs.items() if length is not None}
    by_contigs = build_from_contigs(lengths)
    if by_contigs is not None and declared in (None, by_contigs):
        return by_contigs
    assemblies = {build: bundle.assembly(build) for build in bundle.builds}
    evidence = build_from_reference(
        vcf,
        lambda build, contig, start, end: assemblies[build].sequence(contig, start, end),
        covered={build: assembly.covered for build, assembly in assemblies.items()},
    )
    return evidence.demand(declared)


def _line(scored: Scored) -> dict[str, Any]:
    said = statement(scored).model_dump(mode="json", exclude={"score_id"})
    first = {"sample": scored.sample, "score": scored.score.score_id}
    wanted = ("sum", "z", "percentile", "matched", "total")
    return first | {name: said.pop(name) for name in wanted} | said | {"imputed": scored.imputed}


def _in_words(scored: Scored) -> str:
    words = [f"{scored.sample}  {scored.score.score_id}"]
    if scored.sum is None:
        words.append(f"refused: {scored.refusal}")
    else:
        words.append(f"sum {scored.sum:.6g}")
        if scored.z is not None:
            words.append(f"z {scored.z:+.2f}  percentile {scored.percentile:.1f}")
        words.append(f"{scored.matched} of {scored.score.total} variants")
    return "  ".join([*words, *filter(None, (scored.remark, scored.score.notice))])


def _say(text: str) -> None:
    """To a person: what a file's names would do to the terminal is shown instead."""
    _people.print(plain(text), markup=False)


@contextmanager
def _errors_for_people() -> Iterator[None]:
    try:
        yield
    except (PrsError, GenomeError, BundleError) as error:
        _say(f"canheal score: {error}")
        raise typer.Exit(error.exit_code) from error
