"""The body of a request, piece by piece or, where it must be small, whole."""

from collections.abc import AsyncIterator
from typing import Final

from fastapi import Request
from starlette.requests import ClientDisconnect

from canheal_ingest.errors import UploadRefused, UploadTooLarge

MAX_CONSENT_BYTES: Final = 64 << 10


async def body_of(request: Request) -> AsyncIterator[bytes]:
    """The pieces of a body.

    Raises:
        UploadRefused: the connection ended before the body did.
    """
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect as error:
        raise UploadRefused("the connection ended before the body did; send it again") from error


async def small_body(request: Request) -> bytes:
    """The whole body of a request that states a consent.

    Raises:
        UploadRefused, UploadTooLarge: it did not come whole, or is larger than a consent can be.
    """
    body = bytearray()
    async for piece in body_of(request):
        body += piece
        if len(body) > MAX_CONSENT_BYTES:
            raise UploadTooLarge(f"the body has more than {MAX_CONSENT_BYTES:,} bytes; a consent has fewer")
    return bytes(body)
