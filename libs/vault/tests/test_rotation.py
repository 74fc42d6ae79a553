"""Another platform key: every data key is wrapped anew, nothing is renamed, nothing becomes unreadable."""

import asyncio
import base64
from dataclasses import replace

import pytest
from canheal_vault.errors import KeyDestroyed, KeyUnusable
from canheal_vault.keys import NAMING, PAGE, DataKey, KeyRing, Wrapped
from canheal_vault.platformkey import PlatformKey, derive
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from vault_parts import OTHER_KEY, PLATFORM_KEY, MemoryKeys

OLD, NEW = PLATFORM_KEY, OTHER_KEY
OLD_MARK, NEW_MARK = (PlatformKey.of(key).fingerprint for key in (OLD, NEW))
THIRD = SecretStr(base64.b64encode(b"r" * 32).decode())
MANY = PAGE + 50


def mark(key: DataKey) -> str:
    running = key.fingerprint()
    running.update(b"the same bytes")
    return str(running.hexdigest())


async def filled(count: int = MANY) -> tuple[MemoryKeys, dict[str, str]]:
    """A ring under the old key, and a mark of each data key."""
    kept = MemoryKeys()
    ring = KeyRing(OLD, kept)
    await ring.open()
    return kept, {name: mark(await ring.make_data_key(name)) for name in map(str, range(count))}


async def rotated(kept: MemoryKeys, until: int | None = None) -> None:
    async for done in KeyRing(NEW, kept, former=OLD).rotate():
        if done == until:
            return  # as if killed


async def marks(ring: KeyRing, names: dict[str, str]) -> dict[str, str]:
    return {name: mark(await ring.data_key(name)) for name in names}


async def test_after_a_rotation_the_new_key_alone_opens_everything_and_the_old_one_nothing() -> None:
    kept, before = await filled()
    await rotated(kept)
    assert await marks(KeyRing(NEW, kept), before) == before
    assert await kept.count_wrapped_keys() == {NEW_MARK: MANY + 1}
    with pytest.raises(KeyUnusable):
        await KeyRing(OLD, kept).data_key("7")


@pytest.mark.parametrize("until", [1, PAGE, PAGE + 1])
async def test_killed_half_way_everything_opens_and_a_second_run_does_the_rest(until: int) -> None:
    kept, before = await filled()
    await rotated(kept, until)
    assert (await kept.count_wrapped_keys())[NEW_MARK] == until
    assert await marks(KeyRing(NEW, kept, former=OLD), before) == before
    assert await marks(KeyRing(OLD, kept, former=NEW), before) == before
    await rotated(kept)
    assert await marks(KeyRing(NEW, kept), before) == before


async def test_two_rotations_at_once_and_new_subjects_meanwhile_leave_nothing_under_the_old_key() -> None:
    kept, before = await filled()
    fresh = KeyRing(NEW, kept, former=OLD)
    await asyncio.gather(rotated(kept), rotated(kept), *(fresh.make_data_key(f"new-{n}") for n in range(20)))
    assert await kept.count_wrapped_keys() == {NEW_MARK: MANY + 1 + 20}
    assert await marks(KeyRing(NEW, kept), before) == before


async def test_subjects_keep_their_names_through_rotations() -> None:
    kept, _ = await filled(3)
    ring = KeyRing(OLD, kept)
    await ring.open()
    named = ring.subject_hmac_key
    await rotated(kept)
    after = KeyRing(NEW, kept)
    await after.open()
    assert after.subject_hmac_key == named


async def test_a_database_from_before_there_was_a_ring_keeps_its_names() -> None:
    kept, before = await filled(3)
    del kept.kept[NAMING]
    kept.kept = {name: replace(key, by="") for name, key in kept.kept.items()}
    ring = KeyRing(NEW, kept, former=OLD)
    await ring.open()
    assert ring.subject_hmac_key == derive(b"p" * 32, b"subject-id")
    await rotated(kept)
    assert await marks(KeyRing(NEW, kept), before) == before


async def test_a_database_from_before_there_was_a_ring_is_not_opened_under_a_wrong_key() -> None:
    kept, _ = await filled(3)
    del kept.kept[NAMING]
    with pytest.raises(KeyUnusable):
        await KeyRing(NEW, kept).open()
    assert NAMING not in kept.kept


async def test_a_key_destroyed_during_a_rotation_stays_destroyed() -> None:
    kept, _ = await filled(5)
    rotating = KeyRing(NEW, kept, former=OLD)
    async for done in rotating.rotate():
        if done == 1:
            left = next(name for name, key in kept.kept.items() if key.by == OLD_MARK and name != NAMING)
            await KeyRing(NEW, kept, former=OLD).destroy(left)
    assert kept.kept[left].data is None
    with pytest.raises(KeyDestroyed):
        await rotating.data_key(left)


async def test_a_key_of_neither_platform_key_stops_the_rotation_and_says_so() -> None:
    kept, _ = await filled(2)
    await KeyRing(THIRD, kept).make_data_key("foreign")
    with pytest.raises(KeyUnusable, match="CANHEAL_PLATFORM_KEY_FORMER"):
        await rotated(kept)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["make", "destroy", "rotate", "kill"]), max_size=12), st.integers(1, 6))
def test_in_any_order_of_making_destroying_and_rotating_a_key_opens_as_it_was_made_or_never(
    steps: list[str], until: int
) -> None:
    asyncio.run(_any_order(steps, until))


async def _any_order(steps: list[str], until: int) -> None:
    kept, known = await filled(4)
    ring = KeyRing(NEW, kept, former=OLD)
    gone: set[str] = set()
    for number, step in enumerate(steps):
        if step == "make":
            known[f"m{number}"] = mark(await ring.make_data_key(f"m{number}"))
        elif step == "destroy":
            name = sorted(known)[number % len(known)]
            await ring.destroy(name)
            gone.add(name)
        else:
            await rotated(kept, until if step == "kill" else None)
    await rotated(kept)
    last = KeyRing(NEW, kept)
    for name in known:
        stored: Wrapped = kept.kept[name]
        assert (stored.data is None) is (name in gone)
        if name not in gone:
            assert mark(await last.data_key(name)) == known[name]
