"""What goes wrong with secrets; the attributes are those of the chassis' tree, read by HTTP and CLI alike.

VaultError
├── KeyUnusable       a platform key is malformed or does not open a data key
├── SecretUnreadable  a secret's file cannot be read, or contradicts the environment
├── KeyAbsent         a data key was never made, or is not in this store
├── KeyDestroyed      the subject was erased: the key is gone for good
└── BlobUnreadable    a blob is absent or its bytes are not those that were stored
"""

from typing import ClassVar


class VaultError(Exception):
    """Something secret cannot be opened or made."""

    slug: ClassVar[str] = "vault-error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1


class KeyUnusable(VaultError):
    """The platform's key is malformed, or a data key was wrapped by another one."""

    slug = "key-unusable"
    exit_code = 78


class SecretUnreadable(VaultError):
    """The file of a secret cannot be read, is empty, or says another thing than the environment."""

    slug = "secret-unreadable"
    exit_code = 78


class KeyAbsent(VaultError):
    """A data key was never made, or was not restored with its blobs."""

    slug = "key-absent"


class KeyDestroyed(VaultError):
    """The subject was erased and its key destroyed; nothing sealed under it opens again."""

    slug = "key-destroyed"
    status = 410


class BlobUnreadable(VaultError):
    """A blob is absent, or its bytes are not those that were stored."""

    slug = "blob-unreadable"
