"""bundle.json: what a bundle is called, its files with their SHA-256, and where each fact comes from."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from canheal_refdata.errors import BundleAbsent, BundleBroken

MANIFEST: Final = "bundle.json"
FORMAT: Final = 1
HASHED_AT_OPENING: Final = 64 << 20
"""A larger file is compared by size when a bundle is opened, by SHA-256 on `canheal refdata verify`."""


@dataclass(frozen=True)
class Source:
    """Where facts come from.

    Args:
        name: What people call it.
        version: The publisher's version or date.
        licence: SPDX id or the publisher's own words.
        origin: Publisher, and by which way it came here.
        gives: What of the bundle is made from it.
    """

    name: str
    version: str
    licence: str
    origin: str
    gives: str


@dataclass(frozen=True)
class File:
    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    name: str
    assemblies: tuple[str, ...]
    files: Mapping[str, File]
    sources: tuple[Source, ...]
    notes: tuple[str, ...]

    @property
    def version(self) -> str:
        """The name and 12 hex digits of a SHA-256 over every file's name and hash and the sources."""
        said = json.dumps(
            [{name: file.sha256 for name, file in sorted(self.files.items())}, *map(asdict, self.sources)]
        )
        return f"{self.name}+{hashlib.sha256(said.encode()).hexdigest()[:12]}"

    def write(self, directory: Path) -> None:
        body = {"format": FORMAT, "version": self.version, **asdict(self)}
        text = json.dumps(body, indent=1, ensure_ascii=False, default=list) + "\n"
        (directory / MANIFEST).write_text(text, encoding="utf-8")


def describe(directory: Path, names: Iterable[str]) -> dict[str, File]:
    return {
        name: File(_sha256(directory / name), (directory / name).stat().st_size) for name in sorted(names)
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(directory: Path) -> Manifest:
    """Read bundle.json.

    Raises:
        BundleAbsent: there is none.
        BundleBroken: it is no bundle.json of a known format, or its version does not follow from its content.
    """
    path = directory / MANIFEST
    if not path.is_file():
        raise BundleAbsent(directory)
    try:
        body: dict[str, Any] = json.loads(path.read_bytes())
        if body["format"] != FORMAT:
            raise BundleBroken(path, f"is of format {body['format']}; this program reads format {FORMAT}")
        manifest = Manifest(
            name=body["name"],
            assemblies=tuple(body["assemblies"]),
            files={name: File(**entry) for name, entry in body["files"].items()},
            sources=tuple(Source(**entry) for entry in body["sources"]),
            notes=tuple(body["notes"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleBroken(path, f"is no bundle description ({error!r})") from error
    for name in manifest.files:
        if Path(name).name != name:
            raise BundleBroken(
                path, f"names the file {name!r}, which does not lie in the bundle's own folder"
            )
    if manifest.version != body["version"]:
        reason = f"says version {body['version']}, but its content makes {manifest.version}: it was edited"
        raise BundleBroken(path, reason)
    return manifest


def check_files(directory: Path, manifest: Manifest, *, every_byte: bool) -> None:
    """Compare each file with the manifest.

    Raises:
        BundleBroken: naming the first file that is missing, cut or changed.
    """
    for name, expected in manifest.files.items():
        path = directory / name
        if not path.is_file():
            raise BundleBroken(path, "is missing")
        size = path.stat().st_size
        if size != expected.size:
            raise BundleBroken(path, f"has {size:,} bytes; bundle.json says {expected.size:,}")
        if every_byte or size <= HASHED_AT_OPENING:
            found = _sha256(path)
            if found != expected.sha256:
                reason = f"was changed: its SHA-256 is {found[:12]}..., not {expected.sha256[:12]}..."
                raise BundleBroken(path, reason)
