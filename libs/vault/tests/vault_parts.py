"""Parts for the tests of what is secret: keys of their own, and a ring's store in memory."""

import asyncio
import base64
from collections import Counter

from canheal_vault.keys import Wrapped
from pydantic import SecretStr

PLATFORM_KEY = SecretStr(base64.b64encode(b"p" * 32).decode())
OTHER_KEY = SecretStr(base64.b64encode(b"q" * 32).decode())


class MemoryKeys:
    """Wrapped keys in a dictionary; each question gives way to others, as a database would."""

    def __init__(self) -> None:
        self.kept: dict[str, Wrapped] = {}

    async def wrapped_key(self, key_id: str) -> Wrapped | None:
        await asyncio.sleep(0)
        return self.kept.get(key_id)

    async def add_wrapped_key(self, key: Wrapped) -> Wrapped:
        await asyncio.sleep(0)
        return self.kept.setdefault(key.key_id, key)

    async def replace_wrapped_key(self, old: Wrapped, new: Wrapped) -> bool:
        await asyncio.sleep(0)
        if self.kept.get(old.key_id) != old:
            return False
        self.kept[old.key_id] = new
        return True

    async def destroy_wrapped_key(self, key_id: str) -> None:
        await asyncio.sleep(0)
        self.kept[key_id] = Wrapped(key_id, None)

    async def wrapped_keys(self, not_by: str | None, limit: int) -> list[Wrapped]:
        await asyncio.sleep(0)
        others = [key for key in self.kept.values() if key.data is not None]
        return [key for key in others if not_by is None or key.by != not_by][:limit]

    async def count_wrapped_keys(self) -> dict[str, int]:
        await asyncio.sleep(0)
        return dict(Counter("destroyed" if key.data is None else key.by for key in self.kept.values()))
