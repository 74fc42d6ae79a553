"""Several scores and samples on one VCF: read once, matched once a score, counted once a sample."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from canheal_genome.builds import Build
from canheal_genome.errors import VcfRefused
from canheal_genome.header import read_header
from polars import col

from canheal_prs.calls import read_calls, sample_column
from canheal_prs.dosages import copies
from canheal_prs.errors import CannotScore
from canheal_prs.matching import MATCHED, match
from canheal_prs.refbases import Slices, reference_bases
from canheal_prs.rules import Rules, rules
from canheal_prs.score import Scored, score_sample
from canheal_prs.scorefile import ScoreFile


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be scored, and how its VCF is to be read."""

    vcf: Path
    build: Build
    samples: tuple[str, ...]
    """None named: every column."""
    whole_genome: bool = False
    """A site that the VCF lacks is homozygous reference; else it was not looked at."""
    slices: Slices | None = None
    """The build's own sequence, where a scoring file does not state its bases."""


def score_vcf(request: Request, scores: Sequence[ScoreFile]) -> Iterator[Scored]:
    """Every score of every sample, score by score.

    Raises:
        VcfRefused: the VCF cannot be read.
        CannotScore: it has no genotypes.
    """
    samples = _samples(request)
    sites = [score.variants["site"] for score in scores if score.build is request.build]
    calls = read_calls(request.vcf, pl.concat([pl.Series("site", [], dtype=pl.Int64), *sites]), samples)
    for score in scores:
        if score.build is request.build:
            yield from _score(request, score, calls, samples)
        else:
            yield from (_other_build(request, score, sample) for sample in samples)


def _samples(request: Request) -> Sequence[str]:
    columns = read_header(request.vcf).samples
    samples = request.samples or columns
    if unknown := sorted(set(samples) - set(columns)):
        has = ", ".join(columns[:20]) or "no sample columns"
        raise VcfRefused("sample-unknown", f"no column is named {unknown[0]}; found {has}")
    if not samples:
        raise CannotScore("the VCF has no sample columns; a polygenic score needs genotypes")
    return samples


def _score(
    request: Request, score: ScoreFile, calls: pl.DataFrame, samples: Sequence[str]
) -> Iterator[Scored]:
    numbers = rules()
    columns = [sample_column(sample) for sample in samples]
    matched = match(score.variants, calls, cohort_frequencies(calls, columns, numbers), numbers)
    absent = reference_bases(score.variants, request.slices) if request.whole_genome else None
    for sample, column in zip(samples, columns, strict=True):
        yield score_sample(score, sample, copies(matched, calls, column), absent, numbers)


def cohort_frequencies(calls: pl.DataFrame, columns: Sequence[str], numbers: Rules) -> pl.DataFrame:
    """Frequency of each A/T or C/G SNV's ALT among the VCF's own samples; empty for a few samples."""
    schema = {"record": pl.Int64(), "allele_index": pl.Int64(), "cohort_frequency": pl.Float64()}
    if len(columns) < numbers.cohort_samples:
        return pl.DataFrame(schema=schema)
    alt = col("alts").list.first()
    pairs = pl.concat_str("ref", alt).is_in(["AT", "TA", "CG", "GC"])
    records = calls.filter(pairs & (col("alts").list.len() == 1))
    target = records.select(
        col("record").alias("row"),
        "record",
        pl.lit(1, pl.Int64).alias("counted"),
        pl.lit(None, pl.String).alias("reason"),
    ).cast(MATCHED)
    counts = [copies(target, records, column)["copies"] for column in columns]
    mean = pl.DataFrame({str(n): one for n, one in enumerate(counts)}).mean_horizontal()
    return pl.DataFrame(
        {"record": target["record"], "allele_index": target["counted"], "cohort_frequency": mean / 2},
        schema=schema,
    )


def _other_build(request: Request, score: ScoreFile, sample: str) -> Scored:
    return Scored(
        score,
        sample,
        matched=0,
        assumed_reference=0,
        imputed=0,
        refusal=(
            f"the score's positions are on {score.build or 'no stated build'}, the sample's on "
            f"{request.build}; take the scoring file harmonised to {request.build}, or state its build as "
            "#genome_build="
        ),
    )
