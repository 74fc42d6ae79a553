"""What an attacker or a mistake says of a sample, and how the body is put together: names as in door.tsv."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from ingest_door import VCF, metadata

type Document = Callable[[], bytes]
SCRIPT: Final = "<script>alert(1)</script>"
BOUNDARY: Final = b"frontier"
TYPE: Final = "multipart/form-data; boundary=frontier"


class Body(NamedTuple):
    """A request's body, in the pieces in which it comes, and its content type."""

    pieces: tuple[bytes, ...]
    content_type: str = TYPE


def said(**more: Any) -> Document:
    """The document with other fields."""
    return lambda: json.dumps(metadata(**more)).encode()


def spliced(field: str, text: str) -> Document:
    """The document with a field written as no JSON writer would."""
    return lambda: json.dumps(metadata(**{field: "@@"})).replace('"@@"', text).encode()


def assay(text: str) -> Document:
    """The document with the assay's size written so."""
    return lambda: (
        json.dumps(metadata(assay={"type": "panel", "size_mb": "@@"})).replace('"@@"', text).encode()
    )


def bed(text: str) -> Document:
    return said(assay={"type": "panel", "bed": text})


def _many_fields() -> bytes:
    return json.dumps(metadata() | {f"field{n}": n for n in range(40_000)}).encode()


METADATA: Final[Mapping[str, Document]] = {
    "not-json": lambda: b"site: BE-TEST",
    "array": lambda: b"[]",
    "nested-100000-deep": lambda: b'{"label":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "utf-16-metadata": lambda: json.dumps(metadata()).encode("utf-16"),
    "lone-surrogate": spliced("label", '"\\ud800"'),
    "lone-surrogate-as-name": lambda: b'{"\\ud800": 1, "\\ud800": 2}',
    "field-twice": lambda: json.dumps(metadata()).replace("{", '{"label": "x", ', 1).encode(),
    "100000-fields": _many_fields,
    "over-the-limit": said(label="x" * (2 << 20)),
    "nan": spliced("purity", "NaN"),
    "infinity": assay("Infinity"),
    "1e400": assay("1e400"),
    "integer-of-10000-digits": spliced("age_years", "9" * 10_000),
    "negative-age": said(age_years=-1),
    "age-of-half-years": said(age_years=45.5),
    "number-as-text": assay('"1.2"'),
    "true-as-number": said(age_years=True),
    "purity-of-2": said(purity=2),
    "null-label": said(label=None),
    "operator-as-pseudonym": said(pseudonym={"$gt": ""}),
    "operator-as-label": said(label="$where"),
    "html-label": said(label=SCRIPT),
    "html-pseudonym": said(pseudonym="<img src=x onerror=alert(1)>"),
    "path-label": said(label="../../../../etc/passwd"),
    "nul-label": said(label="a\0b"),
    "newline-pseudonym": said(pseudonym="a\nb"),
    "right-to-left-label": said(label="a\u202eb"),
    "zero-width-label": said(label="a\u200bb"),
    "blank-around-label": said(label=" a "),
    "empty-label": said(label=""),
    "label-of-101": said(label="a" * 101),
    "path-as-site": said(site="../BE"),
    "html-as-site": said(site="<b>"),
    "country-as-word": said(country="Belgium"),
    "unknown-kind": said(kind="<script>"),
    "unknown-field": said(**{"<script>": 1}),
    "unknown-purpose": said(consent={"permitted": ["everything"]}),
    "unknown-tumour-type": said(oncotree_code="<script>"),
    "size-and-bed": said(assay={"type": "panel", "size_mb": 1.2, "bed": "1\t1\t2\n"}),
    "bed-of-html": bed("<!DOCTYPE html>\n"),
    "bed-backwards": bed("1\t20\t10\n"),
    "bed-beyond": bed("1\t10\t99999999999999999999\n"),
    "unknown-column": said(vcf_sample="<script>"),
}


def part(name: str, data: bytes, *headers: str, more: str = "") -> bytes:
    lines = [f'Content-Disposition: form-data; name="{name}"{more}', *headers]
    return b"--" + BOUNDARY + b"\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n" + data + b"\r\n"


def document() -> bytes:
    return part("metadata", json.dumps(metadata()).encode())


def whole(*parts: bytes) -> Body:
    return Body((b"".join(parts) + b"--" + BOUNDARY + b"--\r\n",))


def file(*headers: str, data: bytes = VCF.encode(), more: str = '; filename="s.vcf"') -> bytes:
    return part("vcf", data, *headers, more=more)


NESTED: Final = (
    b'--in\r\nContent-Disposition: form-data; name="vcf"\r\n\r\n' + VCF.encode() + b"\r\n--in--\r\n"
)
MULTIPART: Final[Mapping[str, Callable[[], Body]]] = {
    "no-vcf": lambda: whole(document()),
    "no-metadata": lambda: whole(file()),
    "metadata-twice": lambda: whole(document(), document(), file()),
    "vcf-twice": lambda: whole(document(), file(), file()),
    "another-part": lambda: whole(document(), part("file", b"x"), file()),
    "path-as-part-name": lambda: whole(part("vcf/../metadata", b"{}"), file()),
    "parts-reversed": lambda: whole(file(), document()),
    "part-header-of-1-mb": lambda: whole(document(), file("X-Long: " + "y" * (1 << 20))),
    "1000-part-headers": lambda: whole(document(), file(*(f"X-{n}: y" for n in range(1_000)))),
    "two-dispositions": lambda: whole(document(), file('Content-Disposition: form-data; name="metadata"')),
    "path-as-file-name": lambda: whole(document(), file(more='; filename="../../../etc/cron.d/x"')),
    "nul-in-file-name": lambda: whole(document(), file(more='; filename="a\0b.vcf"')),
    "nested": lambda: whole(document(), file("Content-Type: multipart/mixed; boundary=in", data=NESTED)),
    "base64": lambda: whole(document(), file("Content-Transfer-Encoding: base64", data=b"IyNmaWxlZm9y\n")),
    "boundary-of-300": lambda: Body(whole(document(), file()).pieces, TYPE + "x" * 300),
    "no-boundary": lambda: Body(whole(document(), file()).pieces, "multipart/form-data"),
    "other-boundary": lambda: Body(whole(document(), file()).pieces, TYPE + "x"),
    "cut": lambda: Body((document() + file()[:-30],)),
    "bytes-after-the-end": lambda: Body(whole(document(), file()).pieces + (b"x" * 1000,) * 100),
    "json-instead": lambda: Body((json.dumps(metadata()).encode(),), "application/json"),
    "form-instead": lambda: Body((b"site=BE-TEST",), "application/x-www-form-urlencoded"),
    "empty-body": lambda: Body((b"",)),
}
