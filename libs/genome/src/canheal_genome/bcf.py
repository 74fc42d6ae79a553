"""A BCF as the VCF that it is: read by htslib record by record and written as BGZF, in bounded memory.

The compression is proven whole first, since htslib reads a file cut at a block border without an error.
htslib is C code on a stranger's bytes: call `to_vcf` in a process that may die.
Source: VCF 4.4, section 6 "BCF specification".
"""

from pathlib import Path
from typing import Final

from cyvcf2 import VCF, Writer

from canheal_genome.compression import raw_pieces
from canheal_genome.errors import VcfRefused

_MEND: Final = "Send it again, or as a VCF: bcftools view -Oz -o out.vcf.gz in.bcf"


def to_vcf(path: Path, target: Path, max_bytes: int) -> None:
    """Write the BCF's records as a BGZF VCF.

    Args:
        path: A file of which `compression.is_bcf` is true.
        target: Where the VCF is written; the same BCF gives the same bytes.
        max_bytes: Where reading stops, of the decompressed BCF.

    Raises:
        VcfRefused: `bcf-corrupt`, and as `compression.pieces`.
    """
    for _ in raw_pieces(path, max_bytes):
        pass
    try:
        _convert(path, target)
    except UnicodeDecodeError as error:
        raise VcfRefused(
            "bcf-corrupt", f"the BCF's header is no UTF-8 text ({error.reason}). {_MEND}"
        ) from error
    except Exception as error:  # cyvcf2 raises bare Exception for what htslib says
        raise VcfRefused(
            "bcf-corrupt", f"htslib cannot read the BCF to its end ({error}). {_MEND}"
        ) from error


def _convert(path: Path, target: Path) -> None:
    source = VCF(str(path))
    try:
        writer = Writer(str(target), source, "wz")
        try:
            for record in source:
                writer.write_record(record)
        finally:
            writer.close()
    finally:
        source.close()
