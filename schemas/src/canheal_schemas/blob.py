"""Claim check: large or sensitive data lies encrypted in the blob store, the event carries its reference."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from canheal_schemas.event import Model


class BlobRef(Model):
    """Where an encrypted blob lies and how to know that it is the right one."""

    blob_id: UUID
    """Names the blob in the blob store; derived from owner, subject, root and name."""
    size: Annotated[int, Field(ge=0, examples=[48213])]
    """Bytes of the plaintext."""
    key_id: str
    """The data key: the subject's, or the platform's where there is no subject."""
    hmac_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """HMAC-SHA256 of the plaintext under a key derived from the data key."""
