"""Parts for the tests of what is secret: keys of their own, and a ring's store in memory."""

import asyncio
import base64

from pydantic import SecretStr

PLATFORM_KEY = SecretStr(base64.b64encode(b"p" * 32).decode())
OTHER_KEY = SecretStr(base64.b64encode(b"q" * 32).decode())


class MemoryKeys:
    """Wrapped keys in a dictionary; each question gives way to others, as a database would."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def wrapped_key(self, key_id: str) -> bytes | None:
        await asyncio.sleep(0)
        return self.kept.get(key_id)

    async def add_wrapped_key(self, key_id: str, wrapped: bytes) -> bytes:
        await asyncio.sleep(0)
        return self.kept.setdefault(key_id, wrapped)
