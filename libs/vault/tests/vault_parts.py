"""Parts for the tests of what is secret: keys of their own, and a ring's store in memory."""

import asyncio
import base64
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from canheal_vault.auditlog import AuditLog
from canheal_vault.chain import Entry, Head
from canheal_vault.keys import KeyRing, Wrapped
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


class MemoryEntries:
    """A chain in memory; each question gives way to others, as a database would."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    async def append(self, entry: Entry) -> bool:
        await asyncio.sleep(0)
        if entry.sequence <= len(self.entries):
            return False
        self.entries.append(entry)
        return True

    async def head(self) -> Head:
        await asyncio.sleep(0)
        return self.entries[-1].head if self.entries else Head()

    @property
    def lines(self) -> list[str]:
        return [entry.model_dump_json() for entry in self.entries]


def an_audit_log(
    entries: MemoryEntries, keys: KeyRing | None = None, instance: str = "report-0", **more: Any
) -> AuditLog:
    """An audit log of the service `report`, an entry a second."""
    ticks = count()
    return AuditLog(
        ("report", instance),
        entries,
        keys or KeyRing(PLATFORM_KEY, MemoryKeys()),
        now=lambda: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(ticks)),
        anchor=more.get("anchor", lambda _: None),
    )
