"""One data key a subject, whoever makes it, and only under a platform key that is accepted."""

import asyncio
import base64
from dataclasses import replace

import pytest
from canheal_vault import keys as ring_module
from canheal_vault.errors import KeyAbsent, KeyDestroyed, KeyUnusable
from canheal_vault.keys import NAMING, PLATFORM, DataKey, KeyRing, Wrapped
from canheal_vault.platformkey import KEY_BYTES, NONCE_BYTES, PlatformKey
from pydantic import SecretStr
from vault_parts import OTHER_KEY, PLATFORM_KEY, MemoryKeys


def mark(key: DataKey) -> str:
    """Tells two keys apart without showing them."""
    running = key.fingerprint()
    running.update(b"the same bytes")
    return str(running.hexdigest())


async def test_a_key_that_is_stored_opens_again_under_the_same_platform_key() -> None:
    kept = MemoryKeys()
    made = await KeyRing(PLATFORM_KEY, kept).make_data_key("s")
    assert mark(await KeyRing(PLATFORM_KEY, kept).data_key("s")) == mark(made)
    assert len(kept.kept["s"].data or b"") == NONCE_BYTES + KEY_BYTES + 16
    assert kept.kept["s"].by == PlatformKey.of(PLATFORM_KEY).fingerprint


async def test_asked_for_a_key_that_nobody_made_it_makes_none() -> None:
    kept = MemoryKeys()
    with pytest.raises(KeyAbsent, match="restored"):
        await KeyRing(PLATFORM_KEY, kept).data_key("s")
    assert kept.kept == {}


@pytest.mark.parametrize("by", [True, False], ids=["that names its key", "from before rotations"])
async def test_another_platform_key_does_not_open_it(by: bool) -> None:
    kept = MemoryKeys()
    await KeyRing(PLATFORM_KEY, kept).make_data_key("s")
    if not by:
        kept.kept["s"] = replace(kept.kept["s"], by="")
    with pytest.raises(KeyUnusable, match="another CANHEAL_PLATFORM_KEY"):
        await KeyRing(OTHER_KEY, kept).data_key("s")


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 60])
async def test_a_damaged_wrapped_key_is_unusable(damage: bytes) -> None:
    kept = MemoryKeys()
    kept.kept["s"] = Wrapped("s", damage)
    with pytest.raises(KeyUnusable):
        await KeyRing(PLATFORM_KEY, kept).data_key("s")


async def test_a_wrapped_key_does_not_open_as_another_subjects() -> None:
    kept = MemoryKeys()
    await KeyRing(PLATFORM_KEY, kept).make_data_key("s")
    kept.kept["t"] = replace(kept.kept["s"], key_id="t")
    with pytest.raises(KeyUnusable):
        await KeyRing(PLATFORM_KEY, kept).data_key("t")


async def test_subjects_have_different_keys_and_the_wrapped_bytes_hold_none() -> None:
    kept = MemoryKeys()
    ring = KeyRing(PLATFORM_KEY, kept)
    assert len({mark(await ring.make_data_key(name)) for name in ("s", "t", PLATFORM)}) == 3


async def test_two_rings_that_make_one_subjects_key_at_once_end_with_the_same() -> None:
    kept = MemoryKeys()
    rings = [KeyRing(PLATFORM_KEY, kept) for _ in range(8)]
    keys = await asyncio.gather(*(ring.make_data_key("s") for ring in rings for _ in range(2)))
    assert len({mark(key) for key in keys}) == 1


async def test_a_forgotten_key_is_read_anew() -> None:
    kept = MemoryKeys()
    ring = KeyRing(PLATFORM_KEY, kept)
    before = await ring.make_data_key("s")
    del kept.kept["s"]
    assert await ring.data_key("s") is before
    ring.forget("s")
    ring.forget("never seen")
    assert mark(await ring.make_data_key("s")) != mark(before)


async def test_of_the_open_keys_the_one_not_used_for_longest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ring_module, "OPEN_KEYS", 3)
    kept = MemoryKeys()
    ring = KeyRing(PLATFORM_KEY, kept)
    first = {name: await ring.make_data_key(name) for name in ("a", "b", "c")}
    assert await ring.data_key("a") is first["a"]
    await ring.make_data_key("d")
    assert await ring.data_key("a") is first["a"]
    again = await ring.data_key("b")
    assert again is not first["b"]
    assert mark(again) == mark(first["b"])


async def test_a_destroyed_key_is_gone_and_nobody_makes_it_again() -> None:
    kept = MemoryKeys()
    ring, other = KeyRing(PLATFORM_KEY, kept), KeyRing(PLATFORM_KEY, kept)
    await ring.make_data_key("s")
    await ring.destroy("s")
    await ring.destroy("s")
    for asked in (ring.data_key, ring.make_data_key, other.data_key, other.make_data_key):
        with pytest.raises(KeyDestroyed, match="erased"):
            await asked("s")
    assert kept.kept["s"].data is None


async def test_a_key_that_was_destroyed_by_another_process_is_gone_here_within_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept, now = MemoryKeys(), [1000.0]
    monkeypatch.setattr(ring_module, "monotonic", lambda: now[0])
    ring = KeyRing(PLATFORM_KEY, kept)
    await ring.make_data_key("s")
    await KeyRing(PLATFORM_KEY, kept).destroy("s")
    assert await ring.data_key("s")
    now[0] += ring_module.OPEN_SECONDS
    with pytest.raises(KeyDestroyed):
        await ring.data_key("s")


async def test_a_key_is_destroyed_before_anybody_made_it_and_then_nobody_does() -> None:
    kept = MemoryKeys()
    ring = KeyRing(PLATFORM_KEY, kept)
    await ring.destroy("s")
    with pytest.raises(KeyDestroyed):
        await ring.make_data_key("s")


@pytest.mark.parametrize("own", [PLATFORM, NAMING])
async def test_the_platforms_own_keys_are_not_destroyed(own: str) -> None:
    with pytest.raises(KeyUnusable, match="never destroyed"):
        await KeyRing(PLATFORM_KEY, MemoryKeys()).destroy(own)


async def test_a_token_is_the_same_for_a_name_and_another_for_another_subject() -> None:
    ring = KeyRing(PLATFORM_KEY, MemoryKeys())
    one, two = await ring.make_data_key("s"), await ring.make_data_key("t")
    assert one.token("s") == one.token("s") != two.token("s")
    assert "s" * 64 not in one.token("s" * 64)


@pytest.mark.parametrize(
    "malformed", ["", "k", "not base64!", "schlüssel", base64.b64encode(b"k" * 31).decode()]
)
def test_a_malformed_platform_key_is_refused_in_words_that_do_not_repeat_it(malformed: str) -> None:
    for asked in (
        lambda: KeyRing(SecretStr(malformed), MemoryKeys()),
        lambda: PlatformKey.of(SecretStr(malformed)),
    ):
        with pytest.raises(KeyUnusable, match="32 bytes in base64") as refused:
            asked()
        assert len(malformed) < 2 or malformed not in str(refused.value)


async def test_what_is_derived_for_one_use_is_not_the_platforms_key_nor_another_use() -> None:
    ring, other = KeyRing(PLATFORM_KEY, MemoryKeys()), KeyRing(OTHER_KEY, MemoryKeys())
    with pytest.raises(KeyUnusable, match="not open"):
        _ = ring.subject_hmac_key
    await asyncio.gather(ring.open(), other.open())
    assert ring.subject_hmac_key != b"p" * 32
    assert ring.subject_hmac_key != other.subject_hmac_key
    assert ring.platform.derived(b"backup") != ring.subject_hmac_key
    assert repr(ring.platform) == f"PlatformKey({ring.platform.fingerprint})"
