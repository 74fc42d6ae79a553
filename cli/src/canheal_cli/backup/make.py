"""What the commands do: make a backup, put it back, take the erasure list out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from canheal_process.clock import utc_now
from canheal_vault.platformkey import PlatformKey

from canheal_cli.backup.databases import Databases, Place
from canheal_cli.backup.erasure_list import LIST, applied, listed
from canheal_cli.backup.sealed import MANIFEST, Box, Manifest, Part, box_of, encoded, read_manifest
from canheal_cli.errors import BackupDamagedError

type Say = Callable[[str], None]


@dataclass(frozen=True)
class Maker:
    """Writes a folder; the manifest comes last, so that a folder without one is no backup."""

    box: Box
    platform: PlatformKey
    made_at: datetime

    @classmethod
    def into(cls, folder: Path, platform: PlatformKey) -> "Maker":
        """Begin a backup in an empty or new folder.

        Raises:
            BackupDamagedError: something lies there.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise BackupDamagedError(f"{folder} is not empty; name a new folder for each backup")
        return cls(Box.under(folder, uuid4(), platform), platform, utc_now())

    def part(self, place: Place, documents: Iterable[bytes]) -> Part:
        """Seal one collection."""
        name = ".".join(filter(None, place)) + ".sealed"
        count, digest = self.box.put(name, documents)
        return Part(file=name, database=place[0], collection=place[1], documents=count, sha256=digest)

    def finish(self, parts: Iterable[Part]) -> Manifest:
        """Write the manifest."""
        manifest = Manifest(
            backup=self.box.backup,
            made_at=self.made_at,
            platform_key=self.platform.fingerprint,
            parts=tuple(parts),
        )
        self.box.write_manifest(manifest)
        return manifest


def back_up(databases: Databases, folder: Path, platform: PlatformKey) -> Manifest:
    """Every collection, each in a file of its own, and the erasure list."""
    maker = Maker.into(folder, platform)
    parts = [maker.part(place, map(encoded, databases.read(place))) for place in databases.places()]
    return maker.finish([*parts, maker.part(LIST, listed(databases))])


def export_erasures(databases: Databases, folder: Path, platform: PlatformKey) -> Manifest:
    """The erasure list alone."""
    maker = Maker.into(folder, platform)
    return maker.finish([maker.part(LIST, listed(databases))])


@dataclass(frozen=True)
class Opened:
    """A folder that was read whole and is what was written."""

    box: Box
    manifest: Manifest

    @classmethod
    def at(cls, folder: Path, keys: Iterable[PlatformKey]) -> "Opened":
        """Open a folder.

        Raises:
            BackupDamagedError: it is not what was written.
            KeyUnusable: it was sealed under another platform key.
        """
        manifest = read_manifest(folder)
        box = box_of(folder, manifest, keys)
        box.demand_whole(manifest)
        return cls(box, manifest)

    @property
    def collections(self) -> dict[Place, Part]:
        """The parts that are collections of a database."""
        return {(part.database, part.collection): part for part in self.manifest.parts if part.database}

    @property
    def erasures(self) -> Part:
        """The erasure list."""
        found = [part for part in self.manifest.parts if part.collection == LIST[1]]
        if not found:
            raise BackupDamagedError(f"{self.box.folder / MANIFEST} names no erasure list")
        return found[0]


def restore(databases: Databases, backup: Opened, erasures: Opened | None, *, force: bool) -> int:
    """Put a backup into the databases, then the newer erasure list; how many erased persons that names.

    Killed half-way, the databases are not empty: run it again with `force`.

    Raises:
        DatabaseNotEmptyError: something is there, and `force` was not said.
        BackupDamagedError: a file does not open.
    """
    if not force:
        databases.demand_empty()
    parts = backup.collections
    kept = databases.longer_audits({place: part.documents for place, part in parts.items()}) if force else []
    databases.empty(kept)
    for place, part in reversed(parts.items()):
        if place in kept:
            continue
        written = databases.write(place, backup.box.get(part))
        if written != part.documents:
            raise BackupDamagedError(f"{part.file} holds {written} documents, not {part.documents}")
    return applied(databases, erasures.box.get(erasures.erasures)) if erasures else 0
