"""A genome-sized germline VCF: the demo's person, and made-up records outside the bundle's genes.

The same number gives the same bytes. Made up, of nobody.
"""

import gzip
import io
from importlib.resources import files
from typing import Any, Final

import numpy as np
import polars as pl
from canheal_genome.builds import CHROMOSOMES, LENGTHS, Build
from canheal_genome.intervals import overlap_join
from canheal_refdata.bundle import open_bundle
from polars import col

SEED: Final = 5
DEMO: Final = "DEMO-GERMLINE-1.vcf.gz"
COLUMNS: Final = ("contig", "position", "id", "ref", "alt", "qual", "filter", "info", "format", "person")
SAID: Final = {"id": ".", "qual": ".", "filter": "PASS", "info": ".", "format": "GT:AD:DP"}
"""What every made-up record says beside place, alleles and reads."""


def metadata(label: str, site: str = "EE-GENOME") -> dict[str, Any]:
    """The `metadata` part of its submission."""
    return {
        "site": site,
        "country": "EE",
        "pseudonym": label,
        "label": label,
        "kind": "germline",
        "sex": "female",
        "age_years": 47,
        "assay": {"type": "genome"},
        "consent": {"permitted": ["own-care"]},
    }


def genome_vcf(records: int) -> bytes:
    """About so many records in karyotype order, gzip."""
    text = gzip.decompress(files("canheal_cli").joinpath("demo", DEMO).read_bytes()).decode()
    header = "".join(line for line in text.splitlines(keepends=True) if line.startswith("#"))
    body = io.BytesIO(text.removeprefix(header).encode())
    demo = pl.read_csv(
        body, separator="\t", has_header=False, new_columns=list(COLUMNS), infer_schema=False
    ).with_columns(col("contig").str.strip_prefix("chr"), col("position").cast(pl.Int64))
    table = (
        pl.concat([demo, _made_up(records)])
        .sort(col("contig").cast(pl.Enum(CHROMOSOMES)), "position")
        .with_columns(pl.format("chr{}", "contig").alias("contig"))
    )
    written = table.write_csv(separator="\t", include_header=False, quote_style="never")
    return gzip.compress(header.encode() + written.encode(), 1, mtime=0)


def _made_up(records: int) -> pl.DataFrame:
    """Heterozygous SNVs, spread over the chromosomes by their length, none where the bundle has bases."""
    lengths = {name: LENGTHS[Build.GRCH38][name] for name in CHROMOSOMES if name != "MT"}
    chance = np.random.default_rng(SEED)
    drawn = [
        _drawn(chance, name, records * size // sum(lengths.values()), size) for name, size in lengths.items()
    ]
    places = pl.concat(drawn)
    covered = open_bundle().assembly(Build.GRCH38).covered
    spans = places.select("contig", start="position", end="position")
    known = overlap_join(spans, covered)["query"].unique()
    return (
        places.with_row_index("row")
        .filter(~col("row").is_in(known.implode()))
        .drop("row")
        .with_columns(**{name: pl.lit(value) for name, value in SAID.items()})
        .select(COLUMNS)
    )


def _drawn(chance: np.random.Generator, contig: str, count: int, size: int) -> pl.DataFrame:
    """Sorted places, an SNV at each, and some thirty reads of it."""
    position = np.unique(chance.integers(1, size, count))
    ref = chance.integers(0, 4, position.size)
    alt = (ref + chance.integers(1, 4, position.size)) % 4
    reads, carrying = chance.poisson(15, position.size), chance.poisson(15, position.size) + 2
    bases = np.array(list("ACGT"))
    return pl.DataFrame(
        {"position": position, "ref": bases[ref], "alt": bases[alt], "a": reads, "b": carrying}
    ).select(
        "position",
        "ref",
        "alt",
        contig=pl.lit(contig),
        person=pl.format("0/1:{},{}:{}", "a", "b", col("a") + col("b")),
    )
