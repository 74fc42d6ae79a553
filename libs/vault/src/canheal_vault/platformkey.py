"""The platform's key: it wraps data keys and never encrypts data.

HKDF-SHA256 (RFC 5869) derives from it one key for each use. Its fingerprint tells which platform key wrapped
a data key, so that a rotation knows what is left to do; it is derived too, and opens nothing.
"""

import base64
import os
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from canheal_vault.errors import KeyUnusable

KEY_BYTES = 32
NONCE_BYTES = 12
FINGERPRINT_BYTES = 8


def derive(key: bytes, purpose: bytes) -> bytes:
    """The key of one use, 32 bytes."""
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"canheal/" + purpose).derive(
        key
    )


class PlatformKey:
    """One platform key: the present one, or a former one during a rotation."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._wrapping = AESGCM(derive(key, b"wrap"))
        self.fingerprint = derive(key, b"fingerprint")[:FINGERPRINT_BYTES].hex()

    def __repr__(self) -> str:
        return f"PlatformKey({self.fingerprint})"

    @classmethod
    def of(cls, secret: SecretStr, setting: str = "CANHEAL_PLATFORM_KEY") -> Self:
        """The key that a setting names.

        Raises:
            KeyUnusable: it is not 32 bytes in base64.
        """
        try:
            key = base64.b64decode(secret.get_secret_value(), validate=True)
        except ValueError:  # not base64, or not even ASCII
            key = b""
        if len(key) != KEY_BYTES:
            raise KeyUnusable(
                f"{setting} must be {KEY_BYTES} bytes in base64; `openssl rand -base64 {KEY_BYTES}` makes one"
            )
        return cls(key)

    def derived(self, purpose: bytes) -> bytes:
        """The key of one use, 32 bytes."""
        return derive(self._key, purpose)

    def wrap(self, key_id: str, key: bytes) -> bytes:
        """Nonce and ciphertext of a data key; it does not open as another's."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, key, key_id.encode())

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes | None:
        """The data key; None where another platform key wrapped it, or it is damaged."""
        try:
            return self._wrapping.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], key_id.encode())
        except (InvalidTag, ValueError):
            return None
