"""Encryption in chunks: AES-256-GCM with the STREAM construction (Hoang et al., CRYPTO 2015).

Layout: 7 random bytes, then each 256 KiB of plaintext as ciphertext + 16 bytes of tag. A chunk's nonce is the
prefix, its number (4 bytes) and whether it is the last (1 byte): a cut, swapped or repeated chunk does not
open.
The blob's id is associated data: a blob does not open under another's name.
"""

import os
from collections.abc import AsyncIterator, Iterable, Iterator
from uuid import UUID

from cryptography.exceptions import InvalidTag

from canheal_vault.errors import BlobUnreadable
from canheal_vault.keys import DataKey

CHUNK_BYTES = 256 * 1024
TAG_BYTES = 16
PREFIX_BYTES = 7


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


def encrypt(chunks: Iterator[bytes], key: DataKey, blob_id: UUID) -> Iterator[bytes]:
    """Ciphertext of plaintext chunks; every chunk but the last has `CHUNK_BYTES`."""
    prefix = os.urandom(PREFIX_BYTES)
    yield prefix
    held = next(chunks, b"")
    number = 0
    for chunk in chunks:
        yield key.cipher.encrypt(_nonce(prefix, number, last=False), held, blob_id.bytes)
        held = chunk
        number += 1
    yield key.cipher.encrypt(_nonce(prefix, number, last=True), held, blob_id.bytes)


async def decrypt(pieces: AsyncIterator[bytes], key: DataKey, blob_id: UUID) -> AsyncIterator[bytes]:
    """Plaintext chunks of a ciphertext that comes in pieces of any size.

    Raises:
        BlobUnreadable: a chunk does not open.
    """
    opening = _Opening(key, blob_id)
    async for piece in pieces:
        for chunk in opening.take(piece):
            yield chunk
    yield opening.last()


def decrypted(pieces: Iterable[bytes], key: DataKey, blob_id: UUID) -> Iterator[bytes]:
    """`decrypt` for a ciphertext that is at hand."""
    opening = _Opening(key, blob_id)
    for piece in pieces:
        yield from opening.take(piece)
    yield opening.last()


class _Opening:
    """A ciphertext on its way in."""

    def __init__(self, key: DataKey, blob_id: UUID) -> None:
        self._key = key
        self._blob_id = blob_id
        self._buffer = bytearray()
        self._prefix = b""
        self._number = 0

    def take(self, piece: bytes) -> Iterator[bytes]:
        """Plaintext of the chunks that are whole now; the one that may be the last waits."""
        self._buffer += piece
        if not self._prefix and len(self._buffer) >= PREFIX_BYTES:
            self._prefix = bytes(self._buffer[:PREFIX_BYTES])
            del self._buffer[:PREFIX_BYTES]
        full = CHUNK_BYTES + TAG_BYTES
        while len(self._buffer) > full:
            nonce = _nonce(self._prefix, self._number, last=False)
            yield _open(self._key, nonce, bytes(self._buffer[:full]), self._blob_id)
            del self._buffer[:full]
            self._number += 1

    def last(self) -> bytes:
        """Plaintext of the last chunk."""
        nonce = _nonce(self._prefix, self._number, last=True)
        return _open(self._key, nonce, bytes(self._buffer), self._blob_id)


def _open(key: DataKey, nonce: bytes, ciphertext: bytes, blob_id: UUID) -> bytes:
    try:
        return key.cipher.decrypt(nonce, ciphertext, blob_id.bytes)
    except (InvalidTag, ValueError) as cause:
        msg = f"blob {blob_id} does not open: it was cut, changed or encrypted under another key"
        raise BlobUnreadable(msg) from cause
