"""What a hospital says of a sample beside its VCF: from a JSON file, completed or corrected by options."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canheal_cli.errors import MetadataError


@dataclass(frozen=True)
class Field:
    """One option and where it stands in the metadata document."""

    path: tuple[str, ...]
    help: str
    parse: Callable[[str], Any] = str
    required: bool = False
    """The door refuses a sample of which this is not said."""

    def said_in(self, document: Mapping[str, Any]) -> bool:
        """Whether the document says it, rightly or not: that is for the door to judge."""
        place: Any = document
        for name in self.path:
            if not isinstance(place, Mapping) or name not in place:
                return False
            place = place[name]
        return True


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


FIELDS: Mapping[str, Field] = {
    "site": Field(("site",), "the hospital's site code, e.g. BE-UZG", required=True),
    "country": Field(("country",), "ISO 3166 country, e.g. BE", required=True),
    "pseudonym": Field(("pseudonym",), "the hospital's pseudonym of the person", required=True),
    "label": Field(("label",), "the hospital's name of the sample; the file's name when absent"),
    "kind": Field(("kind",), "tumour or germline", required=True),
    "assay": Field(("assay", "type"), "panel, exome or genome", required=True),
    "size-mb": Field(("assay", "size_mb"), "callable size of the assay in megabases", float),
    "build": Field(("build",), "GRCh37 or GRCh38; told from the file when absent"),
    "oncotree": Field(("oncotree_code",), "tumour type as OncoTree code, e.g. COAD"),
    "sex": Field(("sex",), "female, male or unknown"),
    "age": Field(("age_years",), "age at sampling in completed years", int),
    "purity": Field(("purity",), "share of tumour cells, 0 to 1", float),
    "column": Field(("vcf_sample",), "the VCF column of this sample"),
    "normal": Field(("vcf_normal",), "the VCF column of the matched normal"),
    "permit": Field(
        ("consent", "permitted"), "purposes allowed, e.g. own-care,research", _words, required=True
    ),
}


def split_words(words: Sequence[str]) -> tuple[list[Path], dict[str, str]]:
    """Tell files from `--name value` and `--name=value`.

    Raises:
        MetadataError: an option is unknown or lacks its value, or no file is named.
    """
    files: list[Path] = []
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("--"):
            files.append(Path(word))
            continue
        name, equals, value = word.removeprefix("--").partition("=")
        if name not in FIELDS:
            raise MetadataError(
                f"No such option: --{name}. There are: {', '.join(f'--{n}' for n in FIELDS)}."
            )
        options[name] = value if equals else next(rest, "")
        if not options[name]:
            raise MetadataError(f"--{name} needs a value: {FIELDS[name].help}.")
    if not files:
        raise MetadataError("No FILE is named: `canheal submit FILE...` sends VCFs.")
    return files, options


def metadata_for(vcf: Path, given: Path | None, options: Mapping[str, str]) -> dict[str, Any]:
    """The metadata document for one file: `given`, else the JSON file beside the VCF, then the options.

    Raises:
        MetadataError: the JSON file cannot be read, or an option's value is not a number where one is due.
    """
    beside = vcf.with_name(f"{stem(vcf)}.json")
    source = given or (beside if beside.exists() else None)
    document = _read(source) if source else {}
    document.setdefault("label", stem(vcf))
    for name, text in options.items():
        _put(document, FIELDS[name].path, _parsed(name, text))
    return document


def check_complete(document: Mapping[str, Any]) -> None:
    """See to it before a long upload that everything is said which the door asks for.

    Raises:
        MetadataError: with the option for each thing that is not.
    """
    missing = [name for name, field in FIELDS.items() if field.required and not field.said_in(document)]
    if missing:
        told = "\n".join(f"  --{name:<10} {FIELDS[name].help}" for name in missing)
        raise MetadataError(
            "Not sent. These options are missing (or their fields in a JSON file, see --metadata):\n" + told
        )


def option_for(pointer: str) -> str:
    """` (option --age)` for the JSON pointer `#/age_years`; nothing where no option says that field."""
    path = tuple(pointer.removeprefix("#").strip("/").split("/"))
    return next((f" (option --{name})" for name, field in FIELDS.items() if field.path == path), "")


def stem(vcf: Path) -> str:
    """`T001` of `T001.vcf.gz`."""
    return vcf.name.removesuffix(".gz").removesuffix(".bgz").removesuffix(".vcf")


def _read(source: Path) -> dict[str, Any]:
    try:
        document = json.loads(source.read_text())
    except OSError as error:
        raise MetadataError(f"{source}: cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise MetadataError(f"{source} is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise MetadataError(f"{source} holds a JSON {type(document).__name__}; an object is expected.")
    return document


def _parsed(name: str, text: str) -> Any:
    try:
        return FIELDS[name].parse(text)
    except ValueError:
        raise MetadataError(f"--{name} {text}: expected {FIELDS[name].help}.") from None


def _put(document: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *parents, last = path
    for name in parents:
        document = document.setdefault(name, {})
    document[last] = value
