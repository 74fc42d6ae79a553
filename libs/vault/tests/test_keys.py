"""One data key a subject, whoever makes it, and only under the platform's key that wrapped it."""

import asyncio
import base64

import pytest
from canheal_vault.errors import KeyUnusable
from canheal_vault.keys import KEY_BYTES, NONCE_BYTES, PLATFORM, DataKey, KeyRing
from pydantic import SecretStr
from vault_parts import OTHER_KEY, PLATFORM_KEY, MemoryKeys


def mark(key: DataKey) -> str:
    """Tells two keys apart without showing them."""
    running = key.fingerprint()
    running.update(b"the same bytes")
    return str(running.hexdigest())


async def test_a_key_that_is_stored_opens_again_under_the_same_platform_key() -> None:
    kept = MemoryKeys()
    made = await KeyRing(PLATFORM_KEY, kept).data_key("s")
    assert mark(await KeyRing(PLATFORM_KEY, kept).data_key("s")) == mark(made)
    assert len(kept.kept["s"]) == NONCE_BYTES + KEY_BYTES + 16


async def test_another_platform_key_does_not_open_it() -> None:
    kept = MemoryKeys()
    await KeyRing(PLATFORM_KEY, kept).data_key("s")
    with pytest.raises(KeyUnusable, match="another CANHEAL_PLATFORM_KEY"):
        await KeyRing(OTHER_KEY, kept).data_key("s")


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 60])
async def test_a_damaged_wrapped_key_is_unusable(damage: bytes) -> None:
    kept = MemoryKeys()
    kept.kept["s"] = damage
    with pytest.raises(KeyUnusable):
        await KeyRing(PLATFORM_KEY, kept).data_key("s")


async def test_a_wrapped_key_does_not_open_as_another_subjects() -> None:
    kept = MemoryKeys()
    await KeyRing(PLATFORM_KEY, kept).data_key("s")
    kept.kept["t"] = kept.kept["s"]
    with pytest.raises(KeyUnusable):
        await KeyRing(PLATFORM_KEY, kept).data_key("t")


async def test_subjects_have_different_keys_and_the_wrapped_bytes_hold_none() -> None:
    kept = MemoryKeys()
    ring = KeyRing(PLATFORM_KEY, kept)
    assert len({mark(await ring.data_key(name)) for name in ("s", "t", PLATFORM)}) == 3


async def test_two_rings_that_make_one_subjects_key_at_once_end_with_the_same() -> None:
    kept = MemoryKeys()
    rings = [KeyRing(PLATFORM_KEY, kept) for _ in range(8)]
    keys = await asyncio.gather(*(ring.data_key("s") for ring in rings for _ in range(2)))
    assert len({mark(key) for key in keys}) == 1


async def test_a_forgotten_key_is_read_anew() -> None:
    kept = MemoryKeys()
    ring = KeyRing(PLATFORM_KEY, kept)
    before = await ring.data_key("s")
    del kept.kept["s"]
    assert await ring.data_key("s") is before
    ring.forget("s")
    ring.forget("never seen")
    assert mark(await ring.data_key("s")) != mark(before)


@pytest.mark.parametrize(
    "malformed", ["", "k", "not base64!", "schlüssel", base64.b64encode(b"k" * 31).decode()]
)
def test_a_malformed_platform_key_is_refused_in_words_that_do_not_repeat_it(malformed: str) -> None:
    with pytest.raises(KeyUnusable, match="32 bytes in base64") as refused:
        KeyRing(SecretStr(malformed), MemoryKeys())
    assert len(malformed) < 2 or malformed not in str(refused.value)


def test_what_is_derived_for_one_use_is_not_the_platforms_key_nor_another_use() -> None:
    ring = KeyRing(PLATFORM_KEY, MemoryKeys())
    assert ring.subject_hmac_key != b"p" * 32
    assert ring.subject_hmac_key != KeyRing(OTHER_KEY, MemoryKeys()).subject_hmac_key
