"""A genome of a gigabyte as plain text, sent to the door, and what the door's processes held in memory.

The peak is the kernel's own count (VmHWM in /proc), so that no moment is missed.
"""

import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

GIGABYTE: Final = 10**9
PATIENCE_SECONDS: Final = 900.0
BOUNDARY: Final = "one-gigabyte"
_HEAD: Final = (
    "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=248956422>\n"
    '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency">\n'
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="Depth">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Reads">\n'
    '##FORMAT=<ID=PL,Number=G,Type=Integer,Description="Likelihoods">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tPERSON\n"
)
_ROW: Final = (
    "chrUn_1\t{at}\trs{at}\tA\tG\t812.6\tPASS\tAC=1;AF=0.500;AN=2;BaseQRankSum=0.315;DP=38;ExcessHet=3.0103;"
    "FS=1.207;MLEAC=1;MLEAF=0.500;MQ=60.00;MQRankSum=0.000;QD=21.38;ReadPosRankSum=-0.411;SOR=0.693"
    "\tGT:AD:DP:GQ:PL\t0/1:18,20:38:99:820,0,731\n"
)
"""As a genome's caller writes it, on a contig that is no chromosome: nothing in it is interpreted."""
_ROWS_A_PIECE: Final = 4_000


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What the upload took."""

    status: int
    answer: str
    sent_bytes: int
    seconds: float


def pieces(size: int) -> Iterator[bytes]:
    """The VCF, about that many bytes."""
    yield _HEAD.encode()
    sent, at = len(_HEAD), 1
    while sent < size:
        piece = "".join([_ROW.format(at=at + row) for row in range(_ROWS_A_PIECE)]).encode()
        sent, at = sent + len(piece), at + _ROWS_A_PIECE
        yield piece


async def upload(ingest: str, metadata: Mapping[str, Any], size: int) -> Uploaded:
    """Send it as a hospital's client would, in chunks."""
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield _part("metadata") + json.dumps(metadata).encode() + b"\r\n" + _part("vcf")
        for piece in pieces(size):
            sent += len(piece)
            yield piece
        yield f"\r\n--{BOUNDARY}--\r\n".encode()

    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    began = time.perf_counter()
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
        answer = await http.post(f"{ingest}/v1/samples", content=body(), headers=kind)
    return Uploaded(answer.status_code, answer.text, sent, time.perf_counter() - began)


def _part(name: str) -> bytes:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()


def peaks_mb(pids: Sequence[int]) -> list[float]:
    """The most that each process ever held, in MB; one that ended meanwhile is passed over."""
    found = []
    for pid in pids:
        status = Path(f"/proc/{pid}/status")
        lines = status.read_text().splitlines() if status.exists() else []
        found += [int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM")]
    return found
