"""Encrypted blobs by claim check: derived id, fresh nonce, one data key a subject."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from canheal_schemas import BlobRef

from canheal_vault.errors import BlobUnreadable, KeyAbsent
from canheal_vault.keys import DataKey, KeyRing
from canheal_vault.sealing import CHUNK_BYTES, decrypt, encrypt


@dataclass(frozen=True, slots=True)
class NewBlob:
    """Data to encrypt and store; its reference is known before it is written."""

    ref: BlobRef
    data: bytes = field(repr=False)


class Files(Protocol):
    """Where sealed bytes lie."""

    async def find(self, blob_id: UUID, hmac_sha256: str) -> Mapping[str, Any] | None:
        """A whole file of this blob with this content."""
        ...

    async def write(self, blob_id: UUID, pieces: AsyncIterator[bytes], metadata: dict[str, Any]) -> None: ...

    def read(self, file: Mapping[str, Any]) -> AsyncGenerator[bytes]:
        """The bytes of a file that `find` found; BlobUnreadable where pieces of it are missing."""
        ...

    async def remove(self, blob_id: UUID) -> None: ...


def _file_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _data_chunks(data: bytes) -> Iterator[bytes]:
    return (data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES))


class BlobStore:
    """Writes and reads blobs for one owner."""

    def __init__(self, files: Files, keys: KeyRing, owner: str) -> None:
        self._files = files
        self._keys = keys
        self._owner = owner

    async def seal(self, blob_id: UUID, key_id: str, data: bytes) -> NewBlob:
        """The reference of data that is not written yet."""
        return NewBlob(await self._reference(blob_id, key_id, _data_chunks(data)), data)

    async def put(self, blob: NewBlob, root: UUID) -> None:
        """Write a sealed blob; one that is there already is left as it is."""
        await self._write(blob.ref, root, _data_chunks(blob.data))

    async def put_file(self, blob_id: UUID, key_id: str, root: UUID, path: Path) -> BlobRef:
        """Encrypt a file into the store, a chunk at a time."""
        ref = await self._reference(blob_id, key_id, _file_chunks(path))
        await self._write(ref, root, _file_chunks(path))
        return ref

    async def get_file(self, ref: BlobRef, path: Path) -> Path:
        """Decrypt a blob into a file.

        Raises:
            BlobUnreadable: the blob is absent, or its bytes are not those that were stored.
        """
        with path.open("wb") as target:
            async for chunk in self._plaintext(ref):
                target.write(chunk)
        return path

    async def get(self, ref: BlobRef) -> bytes:
        """Decrypt a small blob into memory.

        Raises:
            BlobUnreadable: the blob is absent, or its bytes are not those that were stored.
        """
        return b"".join([chunk async for chunk in self._plaintext(ref)])

    async def remove(self, blob_id: UUID) -> None:
        """Remove a blob."""
        await self._files.remove(blob_id)

    async def _plaintext(self, ref: BlobRef) -> AsyncIterator[bytes]:
        file = await self._files.find(ref.blob_id, ref.hmac_sha256)
        if file is None:
            raise BlobUnreadable(f"blob {ref.blob_id} is not in the blob store as its reference names it")
        key = await self._key(ref)
        fingerprint = key.fingerprint()
        async with aclosing(self._files.read(file)) as pieces:
            async for chunk in decrypt(pieces, key, ref.blob_id):
                fingerprint.update(chunk)
                yield chunk
        if fingerprint.hexdigest() != ref.hmac_sha256:
            raise BlobUnreadable(f"blob {ref.blob_id} is not the one that its reference names")

    async def _key(self, ref: BlobRef) -> DataKey:
        """Reading makes no key: a blob without one was not restored whole."""
        try:
            return await self._keys.data_key(ref.key_id)
        except KeyAbsent as error:
            raise BlobUnreadable(f"blob {ref.blob_id} has lost its data key") from error

    async def _reference(self, blob_id: UUID, key_id: str, chunks: Iterator[bytes]) -> BlobRef:
        fingerprint = (await self._keys.make_data_key(key_id)).fingerprint()
        size = 0
        for chunk in chunks:
            fingerprint.update(chunk)
            size += len(chunk)
            await asyncio.sleep(0)
        return BlobRef(blob_id=blob_id, size=size, key_id=key_id, hmac_sha256=fingerprint.hexdigest())

    async def _write(self, ref: BlobRef, root: UUID, chunks: Iterator[bytes]) -> None:
        if await self._files.find(ref.blob_id, ref.hmac_sha256):
            return
        key = await self._keys.data_key(ref.key_id)

        async def pieces() -> AsyncIterator[bytes]:
            for piece in encrypt(chunks, key, ref.blob_id):
                yield piece

        owner = {
            "owner": self._owner,
            "subject": ref.key_id,
            "root": str(root),
            "hmac_sha256": ref.hmac_sha256,
        }
        await self._files.write(ref.blob_id, pieces(), owner)
