"""VCFs written on the spot."""

from collections.abc import Callable
from pathlib import Path

import pytest

HEADER = (
    "##fileformat=VCFv4.2\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOR\tNORMAL\n"
)
ROW = "1\t{at}\t.\tA\tG\t50\tPASS\tDP=30\tGT:AD\t0/1:20,10\t0/0:30,0\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str | bytes, name: str = "sample.vcf") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return written


@pytest.fixture
def vcf(write: Write) -> Write:
    """Writes a two-sample VCF whose records are the given lines."""

    def written(*records: str, header: str = HEADER) -> Path:
        return write(header + "".join(f"{record}\n" for record in records))

    return written


@pytest.fixture
def many_rows() -> bytes:
    return (HEADER + "".join(ROW.format(at=100 + 10 * n) for n in range(5000))).encode()
