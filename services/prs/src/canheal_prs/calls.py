"""A VCF at a score's sites: what is read there, before any allele is compared.

Read apart from `canheal_genome.columns`, which gives one sample's genotype of every allele: a score needs a
few sites of many samples, imputed dosages (DS) too, and is done with a genome before its alleles are split.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from canheal_genome.compression import BGZF_EOF, compression_of
from canheal_genome.errors import VcfRefused
from canheal_genome.header import read_header
from polars import col

from canheal_prs.sites import canonical, site_key

_BATCH_RECORDS: Final = 200_000


def sample_column(name: str) -> str:
    """A sample's column; prefixed, since a sample may be called `ref`."""
    return f"sample:{name}"


def read_calls(path: Path, sites: pl.Series, samples: Sequence[str]) -> pl.DataFrame:
    """The VCF's records at the sites.

    Args:
        path: A VCF, plain, gzip or BGZF; its records may be in any order.
        sites: Keys of `sites.site_key`.
        samples: The columns wanted.

    Returns:
        `record` (0-based, of the file), `site`, `ref`, `alts` (list),
        `filter` (null: passed), `format`, and one `sample:<name>` column each, as text.

    Raises:
        VcfRefused: the header or the compression is broken, or a position is no number.
    """
    _demand_whole(path)
    records = _scan(path, read_header(path).columns, samples)
    keys = np.unique(sites.drop_nulls().to_numpy())
    found, first = [], 0
    try:
        for batch in records.collect_batches(chunk_size=_BATCH_RECORDS, maintain_order=True):
            found.append(_at(batch, first, keys))
            first += batch.height
    except pl.exceptions.PolarsError as error:
        raise VcfRefused(
            "records-unreadable",
            f"the records cannot be read after the first {first:,} ({str(error).splitlines()[0]}); expected "
            "tab-separated records with a number in POS. Send the whole file again",
        ) from error
    calls = pl.concat(found) if found else _at(records.head(0).collect(), 0, keys)
    return calls.with_columns(
        col("ref").str.to_uppercase(), col("alt").str.to_uppercase().str.split(",").alias("alts")
    )


def _scan(path: Path, columns: Sequence[str], samples: Sequence[str]) -> pl.LazyFrame:
    def named(_: list[str]) -> list[str]:
        return [*(name.lstrip("#").lower() for name in columns[:9]), *map(sample_column, columns[9:])]

    lines = pl.scan_csv(
        path,
        separator="\t",
        comment_prefix="##",
        infer_schema=False,
        quote_char=None,
        with_column_names=named,
    )
    passed = col("filter").is_in([".", "PASS"])
    return lines.select(
        col("chrom").alias("contig_original"),
        col("pos").cast(pl.Int64).alias("position"),
        "ref",
        "alt",
        pl.when(~passed).then("filter").alias("filter"),
        *(["format"] if samples else [pl.lit(None, pl.String).alias("format")]),
        *map(sample_column, samples),
    )


def _at(batch: pl.DataFrame, first: int, keys: npt.NDArray[np.int64]) -> pl.DataFrame:
    frame = (
        batch.with_row_index("record", first)
        .join(canonical(batch["contig_original"]), on="contig_original", how="left", maintain_order="left")
        .with_columns(col("record").cast(pl.Int64), site_key())
        .filter(col("site").is_not_null())
        .drop("contig_original", "contig", "position")
    )
    places = frame["site"].to_numpy()
    at = np.searchsorted(keys, places)
    wanted = (
        np.zeros(len(places), dtype=bool) if not len(keys) else keys[at.clip(max=len(keys) - 1)] == places
    )
    return frame.filter(pl.Series(wanted))


def _demand_whole(path: Path) -> None:
    """A BGZF file cut at a block border reads without any error as a shorter genome."""
    if compression_of(path) == "bgzf":
        with path.open("rb") as file:
            file.seek(-min(len(BGZF_EOF), path.stat().st_size), 2)
            if file.read() != BGZF_EOF:
                raise VcfRefused(
                    "bgzf-truncated",
                    "the BGZF file has no EOF block at its end, so it was cut. Send the whole file",
                )
