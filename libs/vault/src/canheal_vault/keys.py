"""Keys: one data key a subject, wrapped by the platform's key; whatever else is needed is derived from these.

The platform's key never encrypts data. HKDF-SHA256 (RFC 5869) derives from it the key that wraps data keys
and the key that names subjects; from a data key it derives the HMAC key of the subject's blobs.
"""

import base64
import hashlib
import hmac
import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from canheal_vault.errors import KeyUnusable

KEY_BYTES = 32
NONCE_BYTES = 12
PLATFORM = "platform"
"""The data key of what belongs to no subject, e.g. an undecodable record."""


class WrappedKeys(Protocol):
    """Where wrapped data keys lie."""

    async def wrapped_key(self, key_id: str) -> bytes | None: ...

    async def add_wrapped_key(self, key_id: str, wrapped: bytes) -> bytes:
        """Keep `wrapped` unless there is one already; the one that is kept is returned."""
        ...


def _derive(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"canheal/" + purpose).derive(
        key
    )


class DataKey:
    """The key of one subject's blobs."""

    def __init__(self, key_id: str, key: bytes) -> None:
        self.key_id = key_id
        self.cipher = AESGCM(key)
        self._hmac_key = _derive(key, b"blob-hmac")

    def fingerprint(self) -> "hmac.HMAC":
        """A running HMAC-SHA256 for plaintext; `update` it and compare the hex digest."""
        return hmac.new(self._hmac_key, digestmod=hashlib.sha256)


class KeyRing:
    """Unwraps data keys and makes new ones."""

    def __init__(self, platform_key: SecretStr, wrapped: WrappedKeys) -> None:
        try:
            key = base64.b64decode(platform_key.get_secret_value(), validate=True)
        except ValueError:  # not base64, or not even ASCII
            key = b""
        if len(key) != KEY_BYTES:
            raise KeyUnusable(
                "CANHEAL_PLATFORM_KEY must be 32 bytes in base64; `openssl rand -base64 32` makes one"
            )
        self._wrapping = AESGCM(_derive(key, b"wrap"))
        self.subject_hmac_key = _derive(key, b"subject-id")
        self._stored = wrapped
        self._open: dict[str, DataKey] = {}

    async def data_key(self, key_id: str) -> DataKey:
        """The data key of a subject (or `PLATFORM`), made when there is none yet.

        Raises:
            KeyUnusable: the stored key was wrapped by another platform key.
        """
        if key_id not in self._open:
            wrapped = await self._stored.wrapped_key(key_id)
            if wrapped is None:
                wrapped = await self._stored.add_wrapped_key(
                    key_id, self._wrap(key_id, os.urandom(KEY_BYTES))
                )
            self._open[key_id] = DataKey(key_id, self._unwrap(key_id, wrapped))
        return self._open[key_id]

    def forget(self, key_id: str) -> None:
        """Drop an open key from memory."""
        self._open.pop(key_id, None)

    def _wrap(self, key_id: str, key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, key, key_id.encode())

    def _unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        try:
            return self._wrapping.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], key_id.encode())
        except (InvalidTag, ValueError) as cause:
            raise KeyUnusable(
                "a data key does not open: was the database written under another CANHEAL_PLATFORM_KEY?"
            ) from cause
