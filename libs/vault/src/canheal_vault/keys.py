"""The key ring: one data key a subject, wrapped by the platform's key; whatever else is needed is derived.

A data key outlives the platform key that wraps it: a rotation wraps it anew and touches no blob. The key that
names subjects (the HMAC of site and pseudonym) is on the ring too, so that a rotation renames nobody.
An erased subject's key is destroyed and its place kept, so that nobody makes it a second one.
"""

import hmac
import os
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from canheal_vault.errors import KeyAbsent, KeyDestroyed, KeyUnusable
from canheal_vault.platformkey import KEY_BYTES, PlatformKey, derive

PLATFORM = "platform"
"""The data key of what belongs to no subject, e.g. an undecodable record."""
FORMER = "CANHEAL_PLATFORM_KEY_FORMER"
NAMING = "naming"
"""The key that names subjects."""
OPEN_KEYS = 4096
"""Data keys held open in memory; the one not used for longest goes first."""
OPEN_SECONDS = 60.0
"""For so long an open key is used unasked: then a key that was destroyed elsewhere is gone here too."""
PAGE = 200
"""Keys that a rotation takes in hand at a time."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A data key as it lies in the store."""

    key_id: str
    data: bytes | None
    """None: destroyed for good."""
    by: str = ""
    """Fingerprint of the platform key that wrapped it; empty where that was before rotations were known."""


class WrappedKeys(Protocol):
    """Where wrapped data keys lie."""

    async def wrapped_key(self, key_id: str) -> Wrapped | None: ...

    async def add_wrapped_key(self, key: Wrapped) -> Wrapped:
        """Keep it unless there is one already (or a destroyed one); what is kept is returned."""
        ...

    async def replace_wrapped_key(self, old: Wrapped, new: Wrapped) -> bool:
        """Put `new` in the place of `old`; False where `old` is no longer what is kept."""
        ...

    async def destroy_wrapped_key(self, key_id: str) -> None:
        """Remove the key and keep its place, whether or not there was one."""
        ...

    async def wrapped_keys(self, not_by: str | None, limit: int) -> list[Wrapped]:
        """Some keys, not destroyed, that another platform key than `not_by` wrapped."""
        ...

    async def count_wrapped_keys(self) -> dict[str, int]:
        """How many keys each platform key wrapped, by its fingerprint; the rest is `destroyed`."""
        ...


class DataKey:
    """The key of one subject's blobs."""

    def __init__(self, key_id: str, key: bytes) -> None:
        self.key_id = key_id
        self.cipher = AESGCM(key)
        self._hmac_key = derive(key, b"blob-hmac")
        self._token_key = derive(key, b"audit-token")

    def fingerprint(self) -> "hmac.HMAC":
        """A running HMAC-SHA256 for plaintext; `update` it and compare the hex digest."""
        return hmac.new(self._hmac_key, digestmod="sha256")

    def token(self, name: str) -> str:
        """A name of the subject's for the audit log: once the key is destroyed, it names nobody."""
        return hmac.new(self._token_key, name.encode(), "sha256").hexdigest()


class KeyRing:
    """Unwraps data keys, makes new ones, and destroys them."""

    def __init__(
        self, platform_key: SecretStr, wrapped: WrappedKeys, former: SecretStr | None = None
    ) -> None:
        """A ring under `platform_key`; `former` is accepted beside it while a rotation is on.

        Raises:
            KeyUnusable: a platform key is malformed.
        """
        self.platform = PlatformKey.of(platform_key)
        accepted = [self.platform] + ([PlatformKey.of(former, FORMER)] if former else [])
        self._accepted = {key.fingerprint: key for key in accepted}
        self._stored = wrapped
        self._open: OrderedDict[str, tuple[float, DataKey]] = OrderedDict()
        self._naming: bytes | None = None

    async def open(self) -> None:
        """Read the key that names subjects, and so find out whether the platform's key is the right one.

        At the first start it is derived from the platform's key, as before there was a ring: ids stay.

        Raises:
            KeyUnusable: what is stored was wrapped by another platform key.
        """
        stored = await self._stored.wrapped_key(NAMING)
        if stored is None:
            origin = await self._platform_key_in_use()
            key = origin.derived(b"subject-id")
            made = Wrapped(NAMING, self.platform.wrap(NAMING, key), self.platform.fingerprint)
            stored = await self._stored.add_wrapped_key(made)
        self._naming = self._unwrap(stored)

    async def _platform_key_in_use(self) -> PlatformKey:
        """The accepted key under which the stored keys were wrapped; the present one where there are none."""
        for stored in await self._stored.wrapped_keys(None, 1):
            return self._unwrapped(stored)[0]
        return self.platform

    def accepts(self, fingerprint: str) -> bool:
        """Whether this ring opens what that platform key wrapped."""
        return fingerprint in self._accepted

    @property
    def subject_hmac_key(self) -> bytes:
        """The key that names subjects.

        Raises:
            KeyUnusable: the ring is not open yet.
        """
        if self._naming is None:
            raise KeyUnusable("the key ring is not open yet")
        return self._naming

    async def data_key(self, key_id: str) -> DataKey:
        """The data key of a subject (or `PLATFORM`).

        Raises:
            KeyAbsent: none was ever made.
            KeyDestroyed: the subject was erased.
            KeyUnusable: the stored key was wrapped by another platform key.
        """
        opened_at, key = self._open.get(key_id, (-OPEN_SECONDS, None))
        if key is not None and monotonic() - opened_at < OPEN_SECONDS:
            self._open.move_to_end(key_id)
            return key
        self.forget(key_id)
        stored = await self._stored.wrapped_key(key_id)
        if stored is None:
            raise KeyAbsent(f"there is no data key {key_id}; was it restored with the blobs?")
        return self._opened(stored)

    async def make_data_key(self, key_id: str) -> DataKey:
        """The data key of a subject (or `PLATFORM`), made when there is none yet.

        Raises:
            KeyDestroyed: the subject was erased; it gets no second key.
            KeyUnusable: the stored key was wrapped by another platform key.
        """
        try:
            return await self.data_key(key_id)
        except KeyAbsent:
            fresh = self.platform.wrap(key_id, os.urandom(KEY_BYTES))
            made = Wrapped(key_id, fresh, self.platform.fingerprint)
            return self._opened(await self._stored.add_wrapped_key(made))

    def forget(self, key_id: str) -> None:
        """Drop an open key from memory."""
        self._open.pop(key_id, None)

    async def destroy(self, key_id: str) -> None:
        """Destroy a subject's data key for good; the same again is harmless.

        Another process that has it open must `forget` it.

        Raises:
            KeyUnusable: it is a key of the platform's own, without which nothing works.
        """
        if key_id in {PLATFORM, NAMING}:
            raise KeyUnusable(f"the key {key_id!r} is the platform's own and is never destroyed")
        await self._stored.destroy_wrapped_key(key_id)
        self.forget(key_id)

    async def rotate(self) -> AsyncIterator[int]:
        """Wrap every key with the present platform key; counts up as it goes. Killed half-way: run it again.

        A key that is destroyed or wrapped by somebody else meanwhile is left as it then is.

        Raises:
            KeyUnusable: a key was wrapped by a platform key that is neither the present nor the former one.
        """
        done = 0
        while page := await self._stored.wrapped_keys(self.platform.fingerprint, PAGE):
            for old in page:
                new = self.platform.wrap(old.key_id, self._unwrap(old))
                fresh = Wrapped(old.key_id, new, self.platform.fingerprint)
                if await self._stored.replace_wrapped_key(old, fresh):
                    done += 1
                    yield done

    def _opened(self, stored: Wrapped) -> DataKey:
        key = DataKey(stored.key_id, self._unwrap(stored))
        self._open[stored.key_id] = (monotonic(), key)
        if len(self._open) > OPEN_KEYS:
            self._open.popitem(last=False)
        return key

    def _unwrap(self, stored: Wrapped) -> bytes:
        return self._unwrapped(stored)[1]

    def _unwrapped(self, stored: Wrapped) -> tuple[PlatformKey, bytes]:
        """The platform key that opens it, and what it opens to."""
        if stored.data is None:
            raise KeyDestroyed("the subject was erased and its key destroyed; nothing of it opens again")
        named = self._accepted.get(stored.by)
        for key in [named] if named else self._accepted.values():
            opened = key.unwrap(stored.key_id, stored.data)
            if opened is not None:
                return key, opened
        raise KeyUnusable(
            "a data key does not open: was the database written under another CANHEAL_PLATFORM_KEY? "
            "During a rotation, name the former one in CANHEAL_PLATFORM_KEY_FORMER."
        )
