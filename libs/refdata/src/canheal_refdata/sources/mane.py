"""MANE Select transcripts as JSON Lines: exons on both builds, spliced RefSeq sequence, CDS inside it.

The sequence is the transcript's own, so names in c. and p. count on it on both builds; where GRCh37's genome
has another base, `differences` says so. A transcript whose alignment to a build has a gap (PRKDC on GRCh37)
has no exons there and is left out.
"""

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from canheal_genome.builds import Build

from canheal_refdata.errors import SourceRefused
from canheal_refdata.models import EXONS, GENES, Models, ordered, with_transcript_positions


def read_mane(paths: Iterable[Path], build: Build) -> Models:
    """The transcripts marked `cancer` that have exons on the build.

    Raises:
        SourceRefused: a line is no JSON object with the known fields, or exons and sequence differ in length.
    """
    records = [record for path in paths for record in _records(path)]
    placed = [record for record in records if record.get(_exons_field(build))]
    genes, exons = ordered(_genes(placed, build), _exons(placed, build))
    return Models(genes, exons, {record["refseq"]: record["sequence"] for record in placed})


def genes_not_on(paths: Iterable[Path], build: Build) -> tuple[str, ...]:
    """Genes marked `cancer` that have no exons on the build."""
    return tuple(
        sorted(
            record["gene"]
            for path in paths
            for record in _records(path)
            if not record.get(_exons_field(build))
        )
    )


def _exons_field(build: Build) -> str:
    return f"exons_{build.lower()}"


def _records(path: Path) -> list[dict[str, Any]]:
    records = []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            record = json.loads(line)
            if not record["cancer"]:
                continue
            spliced = sum(end - start + 1 for start, end in record["exons_grch38"])
            if spliced != len(record["sequence"]):
                reason = (
                    f"{record['refseq']}: exons of {spliced} bases, sequence of {len(record['sequence'])}"
                )
                raise SourceRefused(path, reason, number)
            records.append(record)
    return records


def _genes(records: Sequence[dict[str, Any]], build: Build) -> pl.DataFrame:
    return pl.DataFrame([_gene(record, build) for record in records], schema=GENES)


def _gene(record: dict[str, Any], build: Build) -> dict[str, Any]:
    exons = record[_exons_field(build)]
    first = record["cds_start"] - 1
    return {
        "gene": record["gene"],
        "gene_id": record["gene"],
        "hgnc_id": record["hgnc_id"],
        "contig": record["chrom"],
        "start": min(start for start, _ in exons),
        "end": max(end for _, end in exons),
        "strand": record["strand"],
        "feature_id": record["refseq"],
        "transcript": record["refseq"],
        "transcript_ensembl": record["ensembl"],
        "protein": record["refseq_protein"],
        "protein_ensembl": record["ensembl_protein"],
        "biotype": "protein_coding",
        "tag": "MANE_Select",
        "length": len(record["sequence"]),
        "cds_start": record["cds_start"],
        "cds_end": record["cds_end"],
        "start_codon": record["sequence"][first : first + 3],
        "utr_clipped": record.get("utr_clipped"),
        "differences": _differences(record, build),
        "has_sequence": False,
    }


def _differences(record: dict[str, Any], build: Build) -> str | None:
    known = record.get("differences_on_grch37")
    if build is not Build.GRCH37 or not isinstance(known, list):
        return None
    return ",".join(f"{position}{transcript}>{genome}" for position, transcript, genome in known)


def _exons(records: Sequence[dict[str, Any]], build: Build) -> pl.DataFrame:
    """CDS parts and phases follow from where `cds_start`..`cds_end` of the transcript falls on each exon."""
    rows = [
        (
            record["refseq"],
            record["chrom"],
            record["strand"],
            rank,
            start,
            end,
            record["cds_start"],
            record["cds_end"],
        )
        for record in records
        for rank, (start, end) in enumerate(record[_exons_field(build)], start=1)
    ]
    names = ["feature_id", "contig", "strand", "rank", "start", "end", "first", "last"]
    exons = with_transcript_positions(pl.DataFrame(rows, schema=names, orient="row"))
    coding_from = pl.max_horizontal("tx_start", "first")
    coding_to = pl.min_horizontal("tx_end", "last")
    forward = pl.col("strand") == "+"
    low = pl.when(forward).then(pl.col("start") + coding_from - pl.col("tx_start"))
    high = pl.when(forward).then(pl.col("start") + coding_to - pl.col("tx_start"))
    coding = coding_from <= coding_to
    return exons.with_columns(
        cds_start=pl.when(coding).then(low.otherwise(pl.col("end") - coding_to + pl.col("tx_start"))),
        cds_end=pl.when(coding).then(high.otherwise(pl.col("end") - coding_from + pl.col("tx_start"))),
        phase=pl.when(coding).then((3 - (coding_from - pl.col("first")) % 3) % 3),
    ).select(EXONS.names())
