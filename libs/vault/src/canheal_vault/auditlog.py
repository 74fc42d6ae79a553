"""The audit log: who saw, took out or changed what. Append-only, a chain (`chain`), without any identity.

The entry's number is its key in the store: of two processes that append at once one meets the other's number,
and appends behind it.
"""

import asyncio
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol
from uuid import UUID

from canheal_vault.chain import Action, Entry, Head, Said
from canheal_vault.errors import KeyAbsent, KeyDestroyed
from canheal_vault.keys import KeyRing

UNNAMED = "unnamed"
LONGEST_ACTOR = 100
PLAIN = frozenset({"count", "error", "form", "input", "platform_key", "service", "why"})
"""What is written as it is: it leads to no person. Everything else becomes a token."""
ANCHOR_EVERY = 1000
"""After so many entries the head is shown outside the database: a proof that nothing was cut off."""


class Entries(Protocol):
    """Where the entries of one service lie."""

    async def append(self, entry: Entry) -> bool:
        """Keep an entry for good; False where there is one of its number already."""
        ...

    async def head(self) -> Head: ...


class AuditLog:
    """A service's audit log."""

    def __init__(
        self,
        writer: tuple[str, str],
        entries: Entries,
        keys: KeyRing,
        now: Callable[[], datetime],
        anchor: Callable[[Head], None],
    ) -> None:
        """`writer` is service and process; `anchor` shows a head where no database can change it."""
        self._service, self._instance = writer
        self._entries = entries
        self._keys = keys
        self._now = now
        self._anchor = anchor
        self._head: Head | None = None
        self._one_at_a_time = asyncio.Lock()

    async def record(
        self,
        action: Action,
        actor: str,
        *,
        subject: str | None = None,
        about: Mapping[str, str] | None = None,
        outcome: str = "done",
        correlation_id: UUID | None = None,
    ) -> Entry:
        """Write down that somebody did something; returns once it is durable.

        What the store raises goes through: then do not answer what was asked.

        Args:
            action: One of the list.
            actor: Who, as they say.
            subject: The person whom it is about, by the platform's name; written as a token.
            about: What it is about, e.g. `{"report": id}`; written as tokens but for the names in `PLAIN`,
                and without a subject only those.
            outcome: `done`, or the slug of the error that is answered.
            correlation_id: The correlation of the event that came of it.
        """
        who, what = await self._tokens(subject, about or {})
        said = Said(
            at=self._now(),
            service=self._service,
            instance=self._instance,
            actor=named(actor),
            action=action,
            subject=who,
            about=what,
            outcome=outcome,
            correlation_id=correlation_id,
        )
        async with self._one_at_a_time:
            return await self._append(said)

    async def show_head(self) -> None:
        """Show where the chain ends now."""
        self._anchor(await self._entries.head())

    async def _tokens(
        self, subject: str | None, about: Mapping[str, str]
    ) -> tuple[str | None, dict[str, str]]:
        plain = {name: value for name, value in about.items() if name in PLAIN}
        if subject is None:
            return None, plain
        try:
            key = await self._keys.data_key(subject)
        except KeyDestroyed:
            return "erased", plain
        except KeyAbsent:
            return "unknown", plain
        tokens = {name: key.token(f"{name}/{value}") for name, value in about.items() if name not in PLAIN}
        return key.token("subject"), tokens | plain

    async def _append(self, said: Said) -> Entry:
        head = self._head or await self._entries.head()
        while not await self._entries.append(entry := Entry.behind(head, said)):
            head = await self._entries.head()
        self._head = entry.head
        if entry.sequence % ANCHOR_EVERY == 0:
            self._anchor(entry.head)
        return entry


def named(actor: str) -> str:
    """A claimed name in one short line."""
    shown = "".join(" " if unicodedata.category(sign)[0] == "C" else sign for sign in actor).strip()
    return shown[:LONGEST_ACTOR] or UNNAMED
