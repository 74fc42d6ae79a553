"""A backup's folder: sealed files of BSON documents, and a manifest that names each with its count and hash.

Every file is encrypted under a key derived from the platform's key and the backup's id, and opens only under
its own name in its own backup. The manifest carries no content and is authenticated by an HMAC.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid5

from bson.raw_bson import RawBSONDocument
from canheal_vault.errors import BlobUnreadable, KeyUnusable
from canheal_vault.keys import DataKey
from canheal_vault.platformkey import PlatformKey, derive
from canheal_vault.sealing import CHUNK_BYTES, decrypted, encrypt
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from canheal_cli.errors import BackupDamagedError

MANIFEST = "manifest.json"
FORMAT = 1
LENGTH_BYTES = 4
"""A BSON document begins with its length, little-endian."""


class Part(BaseModel):
    """One sealed file: a collection."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    database: str
    collection: str
    documents: int
    sha256: str
    """Of the sealed bytes."""


class Manifest(BaseModel):
    """What a backup holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    backup: UUID
    made_at: AwareDatetime
    platform_key: str
    """Fingerprint of the platform key under which it is sealed."""
    parts: tuple[Part, ...]
    hmac: str = ""

    def mark(self, key: bytes) -> str:
        """The HMAC of all it says."""
        return hmac.new(key, self.model_dump_json(exclude={"hmac"}).encode(), "sha256").hexdigest()


@dataclass(frozen=True)
class Box:
    """A backup's folder and the key that opens it."""

    folder: Path
    backup: UUID
    key: bytes

    @classmethod
    def under(cls, folder: Path, backup: UUID, platform: PlatformKey) -> "Box":
        return cls(folder, backup, derive(platform.derived(b"backup"), backup.bytes))

    def put(self, name: str, documents: Iterable[bytes]) -> tuple[int, str]:
        """Seal documents into a file; how many they were, and the file's SHA-256."""
        counted = _Counted(documents)
        digest = hashlib.sha256()
        with (self.folder / name).open("xb") as file:
            for piece in encrypt(_chunks(counted), self._data_key, self._id(name)):
                digest.update(piece)
                file.write(piece)
        return counted.count, digest.hexdigest()

    def get(self, part: Part) -> Iterator[RawBSONDocument]:
        """The documents of a file, one by one.

        Raises:
            BackupDamagedError: the file was cut, changed or exchanged.
        """
        path = self.folder / part.file
        try:
            with path.open("rb") as file:
                pieces = iter(lambda: file.read(CHUNK_BYTES), b"")
                yield from _documents(decrypted(pieces, self._data_key, self._id(part.file)))
        except (BlobUnreadable, OSError) as error:
            raise BackupDamagedError(f"{path} is damaged or absent: {error}") from error

    def write_manifest(self, manifest: Manifest) -> None:
        signed = manifest.model_copy(update={"hmac": manifest.mark(self._mark_key)})
        (self.folder / MANIFEST).write_text(signed.model_dump_json(indent=2) + "\n")

    def demand_whole(self, manifest: Manifest) -> None:
        """Read every file once.

        Raises:
            BackupDamagedError: manifest or a file is not what was written.
        """
        if not hmac.compare_digest(manifest.hmac, manifest.mark(self._mark_key)):
            raise BackupDamagedError(f"{self.folder / MANIFEST} was changed after the backup was made")
        for part in manifest.parts:
            if part.sha256 != _sha256(self.folder / part.file):
                raise BackupDamagedError(
                    f"{self.folder / part.file} is absent or not the file that the manifest names"
                )

    @property
    def _data_key(self) -> DataKey:
        return DataKey("backup", self.key)

    @property
    def _mark_key(self) -> bytes:
        return derive(self.key, b"manifest")

    def _id(self, name: str) -> UUID:
        return uuid5(self.backup, name)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup.

    Raises:
        BackupDamagedError: there is none, or this version does not read it.
    """
    path = folder / MANIFEST
    try:
        said: Mapping[str, object] = json.loads(path.read_text())
        manifest = Manifest.model_validate(said)
    except OSError as error:
        raise BackupDamagedError(f"{folder} holds no whole backup: {MANIFEST}: {error.strerror}") from error
    except (ValueError, ValidationError) as error:
        raise BackupDamagedError(f"{path} cannot be read: {type(error).__name__}") from error
    if manifest.format != FORMAT:
        raise BackupDamagedError(f"{path} is of format {manifest.format}; this version reads {FORMAT}")
    return manifest


def box_of(folder: Path, manifest: Manifest, keys: Iterable[PlatformKey]) -> Box:
    """The backup's folder under the platform key that sealed it.

    Raises:
        KeyUnusable: none of these did.
    """
    accepted = {key.fingerprint: key for key in keys}
    if manifest.platform_key not in accepted:
        raise KeyUnusable(
            f"{folder} is sealed under the platform key {manifest.platform_key}; at hand is "
            f"{', '.join(accepted)}. Name the right one in CANHEAL_PLATFORM_KEY, or in "
            "CANHEAL_PLATFORM_KEY_FORMER where keys were rotated since."
        )
    return Box.under(folder, manifest.backup, accepted[manifest.platform_key])


class _Counted:
    """Documents, counted as they pass."""

    def __init__(self, documents: Iterable[bytes]) -> None:
        self.count = 0
        self._documents = documents

    def __iter__(self) -> Iterator[bytes]:
        for document in self._documents:
            self.count += 1
            yield document


def _chunks(documents: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks of one size."""
    buffer = bytearray()
    for document in documents:
        buffer += document
        while len(buffer) >= CHUNK_BYTES:
            yield bytes(buffer[:CHUNK_BYTES])
            del buffer[:CHUNK_BYTES]
    yield bytes(buffer)


def _documents(chunks: Iterable[bytes]) -> Iterator[RawBSONDocument]:
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) >= LENGTH_BYTES:
            length = int.from_bytes(buffer[:LENGTH_BYTES], "little")
            if len(buffer) < length:
                break
            yield RawBSONDocument(bytes(buffer[:length]))
            del buffer[:length]
    if buffer:
        raise BlobUnreadable("it ends within a document")


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def encoded(document: RawBSONDocument) -> bytes:
    """A document's bytes."""
    return bytes(document.raw)
