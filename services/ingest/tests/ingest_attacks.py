"""What an attacker or a mistake sends as the file, each by its name in tests/bad_input/door.tsv."""

import gzip
import struct
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import cyvcf2
from canheal_genome.compression import BGZF_EOF
from ingest_door import VCF

type Make = Callable[[], bytes | str]

LINES: Final = VCF.splitlines(keepends=True)
HEADER, RECORD = "".join(LINES[:-1]), LINES[-1]
FIELDS: Final = RECORD.rstrip("\n").split("\t")
MEGABYTE: Final = 1 << 20


def changed(**fields: str) -> str:
    """The VCF with other fields in its record, `f0` to `f9`."""
    record = [fields.get(f"f{place}", value) for place, value in enumerate(FIELDS)]
    return HEADER + "\t".join(record) + "\n"


def with_line(line: str) -> str:
    """The VCF with one more line in its header."""
    return VCF.replace("#CHROM", f"{line}\n#CHROM", 1)


def gz(text: bytes | str) -> bytes:
    return gzip.compress(text.encode() if isinstance(text, str) else text, mtime=0)


def bgzf(data: bytes, *, length: int | None = None, size: int | None = None) -> bytes:
    """One BGZF block and the EOF block; `length` and `size` are what it claims."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = deflate.compress(data) + deflate.flush()
    claimed = len(packed) + 25 if size is None else size
    head = struct.pack("<4sIBBH2sHH", b"\x1f\x8b\x08\x04", 0, 0, 255, 6, b"BC", 2, claimed)
    trailer = struct.pack("<II", zlib.crc32(data), len(data) if length is None else length)
    return head + packed + trailer + BGZF_EOF


def bcf() -> bytes:
    """The VCF as htslib writes it in binary."""
    with TemporaryDirectory() as folder:
        text, binary = Path(folder, "in.vcf"), Path(folder, "out.bcf")
        text.write_text(with_line("##contig=<ID=7,length=159345973>"))
        source = cyvcf2.VCF(str(text))
        writer = cyvcf2.Writer(str(binary), source, "wb")
        for record in source:
            writer.write_record(record)
        writer.close()
        return binary.read_bytes()


def noise(size: int) -> bytes:
    """The same bytes every time, none of them a newline."""
    made = b"".join(sha256(n.to_bytes(8)).digest() for n in range(size // 32 + 1))[:size]
    return made.replace(b"\n", b"!")


COMPRESSED: Final[dict[str, Make]] = {
    "empty": lambda: b"",
    "gzip-of-zeros": lambda: gz(bytes(64 * MEGABYTE)),
    "gzip-of-newlines": lambda: gz(VCF + "\n" * (32 * MEGABYTE)),
    "gzip-of-header-lines": lambda: gz(LINES[0] + "##x=y\n" * 2_000_000),
    "gzip-of-one-record": lambda: gz(HEADER + RECORD * 1_000_000),
    "gzip-over-the-limit": lambda: gz(HEADER + "".join(_rows(150_000, "X=" + "y" * 100))),
    "gzip-of-gzip": lambda: gz(gz(VCF)),
    "gzip-many-members": lambda: gz(b"") * 20_000 + gz(VCF),
    "gzip-cut": lambda: gz(VCF)[:-8],
    "gzip-wrong-checksum": lambda: gz(VCF)[:-8] + bytes(4) + gz(VCF)[-4:],
    "gzip-with-garbage-after": lambda: gz(VCF) + b"garbage",
    "bgzf-lying-block-size": lambda: bgzf(VCF.encode(), size=60_000),
    "bgzf-lying-length": lambda: bgzf(VCF.encode(), length=1),
    "bgzf-block-bomb": lambda: bgzf(VCF.encode() + bytes(32 * MEGABYTE)),
    "bgzf-without-end": lambda: bgzf(VCF.encode()).removesuffix(BGZF_EOF),
}
TEXT: Final[dict[str, Make]] = {
    "line-of-11-mb": lambda: changed(f7="X=" + "y" * (11 * MEGABYTE)),
    "header-of-a-million-lines": lambda: with_line(
        "\n".join(f"##contig=<ID=c{n}>" for n in range(1_000_000))
    ),
    "100k-samples": lambda: HEADER.rstrip("\n") + "".join(f"\tS{n}" for n in range(100_000)) + "\n",
    "nul-in-a-record": lambda: changed(f7="X=\0"),
    "lone-carriage-return": lambda: changed(f7="X=1\rY"),
    "utf-16": lambda: VCF.encode("utf-16"),
    "latin-1": lambda: changed(f7="X=M\xfcller").encode("latin-1"),
    "utf-8-byte-order-mark": lambda: b"\xef\xbb\xbf" + VCF.encode(),
    "mixed-newlines": lambda: HEADER.replace("\n", "\r\n") + RECORD,
    "no-final-newline": lambda: VCF.rstrip("\n"),
    "blank-line": lambda: HEADER + "\n" + RECORD,
    "spaces-for-tabs": lambda: VCF.replace("\t", " "),
    "vcf-3": lambda: VCF.replace("VCFv4.2", "VCFv3.3"),
    "random-bytes": lambda: noise(11 * MEGABYTE),
    "position-in-arabic-digits": lambda: changed(f1="\u0661\u0662\u0663"),
    "position-of-30-digits": lambda: changed(f1="9" * 30),
    "genotype-of-30-digits": lambda: changed(f9="0/" + "9" * 30),
    "genotype-of-another-allele": lambda: changed(f9="0/2"),
    "depth-beyond-32-bits": lambda: changed(f7="DP=99999999999"),
    "depth-in-words": lambda: changed(f7="DP=many"),
    "format-of-10000-keys": lambda: changed(f8="GT:" + ":".join(f"K{n}" for n in range(10_000))),
    "contig-length-of-5000-digits": lambda: with_line(f"##contig=<ID=7,length={'9' * 5000}>"),
    "description-without-end": lambda: with_line('##INFO=<ID=X,Description="' + 'a\\"' * MEGABYTE),
    "sample-name-right-to-left": lambda: VCF.replace("TUMOUR", "TU\u202eMOUR"),
    "html-in-alt": lambda: changed(f4="<img/src=x/onerror=alert(1)>"),
    "html-in-id": lambda: changed(f2="<script>alert(1)</script>"),
    "path-in-chrom": lambda: VCF + "\t".join(["../../etc/passwd", "1", *FIELDS[2:]]) + "\n",
    "unsorted": lambda: VCF + "\t".join([FIELDS[0], "5", *FIELDS[2:]]) + "\n",
    "other-genome": lambda: with_line("##contig=<ID=chr7,length=145441459>"),
    "build-contradicted": lambda: with_line("##contig=<ID=chr7,length=159138663>"),
}
FOREIGN: Final[dict[str, Make]] = {
    "bam": lambda: bgzf(b"BAM\x01" + bytes(40)),
    "cram": lambda: b"CRAM\x03\x00" + bytes(40),
    "fastq": lambda: gz("@read/1\nACGTN\n+\nIIIII\n"),
    "tbi": lambda: bgzf(b"TBI\x01" + bytes(40)),
    "csi": lambda: bgzf(b"CSI\x01" + bytes(40)),
    "xlsx": lambda: b"PK\x03\x04\x14\x00" + bytes(24) + b"[Content_Types].xml",
    "pdf": lambda: b"%PDF-1.7\n",
    "html": lambda: "<!DOCTYPE html><html><body>Please log in</body></html>\n",
    "zip": lambda: b"PK\x03\x04\x14\x00" + bytes(24) + b"sample.vcf",
    "zstd": lambda: b"\x28\xb5\x2f\xfd" + bytes(40),
    "bcf": bcf,
    "bcf-cut": lambda: bcf()[:200],
    "bcf-cut-inside": lambda: gz(gzip.decompress(bcf())[:-3]),
    "bcf-of-noise": lambda: gz(b"BCF\x02\x02" + noise(5_000)),
}
FILES: Final = COMPRESSED | TEXT | FOREIGN


def _rows(count: int, info: str) -> list[str]:
    return ["\t".join([FIELDS[0], str(n + 1), *FIELDS[2:7], info, *FIELDS[8:]]) + "\n" for n in range(count)]
