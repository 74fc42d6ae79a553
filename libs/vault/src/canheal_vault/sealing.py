"""Encryption in chunks: AES-256-GCM with the STREAM construction (Hoang et al., CRYPTO 2015).

Layout: 7 random bytes, then each 256 KiB of plaintext as ciphertext + 16 bytes of tag. A chunk's nonce is the
prefix, its number (4 bytes) and whether it is the last (1 byte): a cut, swapped or repeated chunk does not
open.
The blob's id is associated data: a blob does not open under another's name.
"""

import os
from collections.abc import AsyncIterator, Iterator
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
    buffer = bytearray()
    prefix = b""
    number = 0
    full = CHUNK_BYTES + TAG_BYTES
    async for piece in pieces:
        buffer += piece
        if not prefix and len(buffer) >= PREFIX_BYTES:
            prefix = bytes(buffer[:PREFIX_BYTES])
            del buffer[:PREFIX_BYTES]
        while len(buffer) > full:
            yield _open(key, _nonce(prefix, number, last=False), bytes(buffer[:full]), blob_id)
            del buffer[:full]
            number += 1
    yield _open(key, _nonce(prefix, number, last=True), bytes(buffer), blob_id)


def _open(key: DataKey, nonce: bytes, ciphertext: bytes, blob_id: UUID) -> bytes:
    try:
        return key.cipher.decrypt(nonce, ciphertext, blob_id.bytes)
    except (InvalidTag, ValueError) as cause:
        msg = f"blob {blob_id} does not open: it was cut, changed or encrypted under another key"
        raise BlobUnreadable(msg) from cause
