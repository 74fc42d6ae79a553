"""The header of a VCF: version, declared contigs, sample columns, and what it says of the samples' roles.

Read strictly where we rely on it (version, contigs, column names), leniently where callers differ (the other
meta lines).
Source: VCF 4.1-4.5, section 1.4 "Meta-information lines".
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from canheal_genome.compression import pieces
from canheal_genome.definitions import Definition, check_line, define
from canheal_genome.errors import VcfRefused
from canheal_genome.lines import Block, blocks

FIXED: Final = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
"""The eight columns every VCF has."""

MAX_SAMPLES: Final = 5_000
MAX_HEADER_LINES: Final = 100_000
MAX_HEADER_BYTES: Final = 64 << 20

_NAME_LENGTH: Final = 1_000
_VERSION: Final = re.compile(r"##fileformat=(VCFv4\.[0-5])")
_META: Final = re.compile(r"##[^=<>\s][^=]*=.+", re.DOTALL)
_FIELDS: Final = re.compile(r'([^=,<>"]+)=("(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^,]*)(?:,|$)')
_STRUCTURED: Final = ("INFO", "FORMAT", "FILTER", "ALT", "contig")
_LENGTH: Final = re.compile(r"[0-9]{1,12}")
_HEADER_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Header:
    fileformat: str
    columns: tuple[str, ...]
    """As on the #CHROM line, samples last."""
    contigs: Mapping[str, int | None]
    roles: Mapping[str, str]
    """Sample name by role (`tumour`, `normal`) where a meta line such as ##tumor_sample names it."""
    infos: Mapping[str, Definition]
    """What the file declares of its INFO keys."""
    formats: Mapping[str, Definition]
    n_lines: int

    @property
    def samples(self) -> tuple[str, ...]:
        return self.columns[9:]


@dataclass(slots=True)
class _Draft:
    n_bytes: int = 0
    contigs: dict[str, int | None] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    definitions: dict[str, dict[str, Definition]] = field(default_factory=lambda: {"INFO": {}, "FORMAT": {}})

    def header(self, fileformat: str, columns: tuple[str, ...], n_lines: int) -> Header:
        infos, formats = self.definitions["INFO"], self.definitions["FORMAT"]
        return Header(fileformat, columns, self.contigs, self.roles, infos, formats, n_lines)


def read_header(path: Path) -> Header:
    """Only the header; the records are not looked at.

    Raises:
        VcfRefused: as `split_header`.
    """
    header, _ = split_header(blocks(pieces(path, max_bytes=1 << 62), _HEADER_BYTES))
    return header


def split_header(source: Iterable[Block]) -> tuple[Header, Iterator[Block]]:
    """The header and the blocks of records after it.

    Raises:
        VcfRefused: `fileformat`, `meta-line`, `contig-line`, `header-missing`, `header-columns`,
            `header-large`, `samples-many`, `sample-name`, `sample-duplicate`, and as `definitions`.
    """
    blocks_ = iter(source)
    draft, fileformat = _Draft(), ""
    for block in blocks_:
        start = 0
        for number in range(block.first_line, block.first_line + block.data.count(b"\n")):
            end = block.data.index(b"\n", start)
            line = block.data[start:end].decode()
            start = end + 1
            if number == 1:
                fileformat = _version(line)
            elif line.startswith("##"):
                _meta(line, number, draft)
            else:
                header = draft.header(fileformat, _columns(line, number), number)
                return header, _records(block, start, number + 1, blocks_)
        draft.n_bytes += len(block.data)
    raise VcfRefused("header-missing", "the file ends before a #CHROM line; expected one after the ## lines")


def _records(block: Block, start: int, line: int, following: Iterator[Block]) -> Iterator[Block]:
    if start < len(block.data):
        yield Block(block.data[start:], line)
    yield from following


def _version(line: str) -> str:
    if version := _VERSION.fullmatch(line):
        return version[1]
    what = "a byte order mark before" if line.startswith("\ufeff") else f"{line[:60]!r} instead of"
    raise VcfRefused(
        "fileformat",
        f"found {what} ##fileformat=VCFv4.0 to VCFv4.5; the first line must say the version. Is this a VCF?",
        1,
    )


def _meta(line: str, number: int, draft: _Draft) -> None:
    if number > MAX_HEADER_LINES or draft.n_bytes > MAX_HEADER_BYTES:
        raise VcfRefused(
            "header-large",
            f"the header has more than {MAX_HEADER_LINES:,} lines or {MAX_HEADER_BYTES:,} bytes; expected "
            "that of one sample's VCF. Remove what is no header, or the contigs without records",
            number,
        )
    if not _META.fullmatch(line):
        raise VcfRefused("meta-line", f"found {line[:60]!r}; a ## line must read ##key=value", number)
    key, value = line[2:].split("=", 1)
    if key in _STRUCTURED:
        fields = _structured(key, value, number)
        check_line(key, fields, number)
        if key == "contig":
            _contig(fields, number, draft.contigs)
        if key in ("INFO", "FORMAT"):
            draft.definitions[key][fields["ID"]] = define(key, fields, number)
    elif key.lower() in ("tumor_sample", "tumour_sample"):
        draft.roles["tumour"] = value
    elif key.lower() == "normal_sample":
        draft.roles["normal"] = value


def _structured(key: str, value: str, number: int) -> dict[str, str]:
    fields: dict[str, str] = {}
    whole = value.startswith("<") and value.endswith(">")
    at = 1
    while whole and at < len(value) - 1:
        match = _FIELDS.match(value, at, len(value) - 1)
        if match is None:
            break
        name = match[1].strip()
        fields.setdefault(name, match[2] if name == "Description" else match[2].strip('"'))
        at = match.end()
    if not whole or at < len(value) - 1 or not fields.get("ID"):
        raise VcfRefused(
            "meta-line", f"found ##{key}={value[:60]}; expected ##{key}=<ID=...,key=value,...>", number
        )
    return fields


def _contig(fields: Mapping[str, str], number: int, contigs: dict[str, int | None]) -> None:
    name, length = fields["ID"], fields.get("length")
    if length is not None and not _LENGTH.fullmatch(length):
        raise VcfRefused(
            "contig-line", f"contig {name} has length {length[:60]!r}; expected a count of bases", number
        )
    known = contigs.get(name)
    if known is not None and length is not None and known != int(length):
        raise VcfRefused(
            "contig-line",
            f"contig {name} is declared with {known} and with {length} bases; remove the wrong ##contig line",
            number,
        )
    contigs[name] = known if length is None else int(length)


def _columns(line: str, number: int) -> tuple[str, ...]:
    if not line.startswith("#CHROM"):
        raise VcfRefused(
            "header-missing", f"found {line[:60]!r}; expected the #CHROM line before the first record", number
        )
    columns = tuple(line.split("\t"))
    if columns[:8] != FIXED or columns[8:9] not in ((), ("FORMAT",)):
        why = "spaces instead of tabs" if "\t" not in line else f"the columns {', '.join(columns[:9])}"
        raise VcfRefused(
            "header-columns",
            f"found {why}; expected {', '.join(FIXED)} and, before samples, FORMAT, with tabs between them",
            number,
        )
    _samples(columns[9:], number)
    return columns


def _samples(samples: Sequence[str], number: int) -> None:
    if len(samples) > MAX_SAMPLES:
        raise VcfRefused(
            "samples-many",
            f"the file has {len(samples):,} sample columns; at most {MAX_SAMPLES:,} are read. Send the "
            "person's: bcftools view -s NAME",
            number,
        )
    for name in samples:
        if not name.strip() or len(name) > _NAME_LENGTH or not name.isprintable():
            raise VcfRefused(
                "sample-name",
                f"a sample column is named {name[:60]!r}; expected 1 to {_NAME_LENGTH:,} printable letters",
                number,
            )
    if len(set(samples)) < len(samples):
        twice = next(name for name in samples if samples.count(name) > 1)
        raise VcfRefused("sample-duplicate", f"two columns are named {twice}; give each its own name", number)
