"""Files that are no VCF, told by their first bytes, so that the answer can name what was sent instead."""

import re
from typing import Final

from canheal_genome.errors import VcfRefused

BCF: Final = b"BCF\x02"
"""What a BCF starts with, once decompressed."""

_ZIP: Final = b"PK\x03\x04"
_COMPRESSED: Final = {
    _ZIP: ("ZIP", "send the VCF alone, compressed with bgzip"),
    b"BZh": ("bzip2", "decompress it and compress it with bgzip"),
    b"\xfd7zXZ": ("xz", "decompress it and compress it with bgzip"),
    b"\x28\xb5\x2f\xfd": ("zstd", "decompress it and compress it with bgzip"),
    b"\x1f\x9d": ("compress", "decompress it and compress it with bgzip"),
    b"\x1f\x8b": ("gzip twice", "decompress it once"),
    b"7z\xbc\xaf": ("7-Zip", "send the VCF alone, compressed with bgzip"),
    b"Rar!": ("RAR", "send the VCF alone, compressed with bgzip"),
}
_OTHER: Final = {
    b"BAM\x01": "a BAM, the alignments that a VCF is called from",
    b"CRAM": "a CRAM, the alignments that a VCF is called from",
    b"@HD\t": "a SAM, the alignments that a VCF is called from",
    b"@SQ\t": "a SAM, the alignments that a VCF is called from",
    b"TBI\x01": "the index (.tbi) of a VCF",
    b"CSI\x01": "the index (.csi) of a VCF or BCF",
    b"BAI\x01": "the index (.bai) of a BAM",
    b"CRAI": "the index of a CRAM",
    b"BCF\x04": "a BCF of version 1, which no current tool writes",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old office document (.xls, .doc)",
    b"Hugo_Symbol\t": "a MAF",
    b"#version 2": "a MAF",
    b"{": "a JSON document",
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"\x89HDF": "an HDF5 file",
    b"\x6c\x1b": "a PLINK .bed",
}
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_PATTERNS: Final = (
    (re.compile(rb"@[^\n]+\n[ACGTNacgtn]+\r?\n\+"), "a FASTQ, the reads that a VCF is called from"),
    (re.compile(rb">[^\n]+\n[A-Za-z*\r\n-]+"), "a FASTA"),
    (re.compile(rb"\s*<(?:!doctype\s+html|html|\?xml)", re.IGNORECASE), "a web page or XML document"),
)
_TAR_MAGIC: Final = slice(257, 262)


def refuse_foreign(start: bytes) -> None:
    """Refuse what is certainly no VCF.

    Args:
        start: The first bytes, decompressed.

    Raises:
        VcfRefused: `foreign-file`, `compression-unsupported`, `encoding`.
    """
    if what := _named(start):
        raise VcfRefused(
            "foreign-file",
            f"this is {what}, not a VCF; expected a VCF as text, gzip or BGZF, or a BCF. Send the file that "
            "the variant caller wrote",
        )
    for magic, (name, mend) in _COMPRESSED.items():
        if start.startswith(magic):
            raise VcfRefused(
                "compression-unsupported",
                f"the file is compressed with {name}; expected gzip or BGZF: {mend}",
            )
    if start.startswith(_UTF16):
        raise VcfRefused("encoding", "the file is UTF-16 text; expected UTF-8. Save it as UTF-8")


def _named(start: bytes) -> str | None:
    if start.startswith(_ZIP) and b"[Content_Types].xml" in start[:4096]:
        return "an office document (.xlsx, .docx)"
    if start[_TAR_MAGIC] == b"ustar":
        return "a TAR archive"
    if start.startswith(BCF):
        return "a BCF where the text of a VCF is read"
    known = (what for magic, what in _OTHER.items() if start.startswith(magic))
    told = (what for pattern, what in _PATTERNS if pattern.match(start[:4096]))
    return next(known, None) or next(told, None)
