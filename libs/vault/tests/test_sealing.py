"""Whatever is done to a sealed blob, it opens as what it was, or not at all."""

from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest
from canheal_vault.errors import BlobUnreadable
from canheal_vault.keys import DataKey
from canheal_vault.sealing import CHUNK_BYTES, PREFIX_BYTES, TAG_BYTES, decrypt, encrypt
from hypothesis import given, settings
from hypothesis import strategies as st

KEY = DataKey("s", b"k" * 32)
BLOB = UUID(int=1)
SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES
EDGES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5)


def plaintext(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def sealed(data: bytes, key: DataKey = KEY, blob: UUID = BLOB) -> bytes:
    chunks: Iterator[bytes] = (data[at : at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES))
    return b"".join(encrypt(chunks, key, blob))


async def opened(
    data: bytes, key: DataKey = KEY, blob: UUID = BLOB, cuts: tuple[int, ...] = (SEALED_CHUNK,)
) -> bytes:
    """Open bytes that come in pieces of these sizes, over and over."""

    async def pieces() -> AsyncIterator[bytes]:
        at = number = 0
        while at < len(data):
            size = cuts[number % len(cuts)]
            yield data[at : at + size]
            at, number = at + size, number + 1

    return b"".join([chunk async for chunk in decrypt(pieces(), key, blob)])


@settings(max_examples=25, deadline=None)
@given(
    size=st.one_of(st.sampled_from(EDGES), st.integers(0, 3 * CHUNK_BYTES)),
    cuts=st.lists(st.integers(1, 2 * SEALED_CHUNK), min_size=1, max_size=3).filter(lambda c: max(c) > 999),
)
async def test_any_size_in_any_pieces_opens_as_it_was(size: int, cuts: list[int]) -> None:
    assert await opened(sealed(plaintext(size)), cuts=tuple(cuts)) == plaintext(size)


@pytest.mark.parametrize("size", EDGES)
def test_the_length_is_prefix_text_and_a_tag_a_chunk(size: int) -> None:
    chunks = max(1, -(-size // CHUNK_BYTES))
    assert len(sealed(plaintext(size))) == PREFIX_BYTES + size + chunks * TAG_BYTES


@settings(max_examples=40, deadline=None)
@given(size=st.sampled_from(EDGES), place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
async def test_one_flipped_bit_anywhere_and_it_does_not_open(size: int, place: float, bit: int) -> None:
    damaged = bytearray(sealed(plaintext(size)))
    damaged[int(place * len(damaged))] ^= 1 << bit
    with pytest.raises(BlobUnreadable):
        await opened(bytes(damaged))


@pytest.mark.parametrize("size", EDGES)
async def test_cut_anywhere_that_matters_it_does_not_open(size: int) -> None:
    whole = sealed(plaintext(size))
    borders = range(PREFIX_BYTES, len(whole), SEALED_CHUNK)
    for length in {0, 3, PREFIX_BYTES, len(whole) - 1, *borders}:
        with pytest.raises(BlobUnreadable):
            await opened(whole[:length])


def parts_of(whole: bytes) -> tuple[bytes, list[bytes]]:
    body = whole[PREFIX_BYTES:]
    return whole[:PREFIX_BYTES], [body[at : at + SEALED_CHUNK] for at in range(0, len(body), SEALED_CHUNK)]


@pytest.mark.parametrize(
    "order",
    [(1, 0, 2, 3), (0, 0, 1, 2, 3), (0, 2, 3), (0, 1, 2, 3, 3), (0, 1, 3), (3,), (0, 1, 2, 3, 0)],
)
async def test_chunks_swapped_repeated_or_left_out_do_not_open(order: tuple[int, ...]) -> None:
    prefix, chunks = parts_of(sealed(plaintext(3 * CHUNK_BYTES + 5)))
    with pytest.raises(BlobUnreadable):
        await opened(prefix + b"".join(chunks[number] for number in order))


async def test_a_chunk_of_another_sealing_of_the_same_blob_does_not_fit_in() -> None:
    data = plaintext(2 * CHUNK_BYTES)
    (prefix, mine), (_, other) = parts_of(sealed(data)), parts_of(sealed(data))
    with pytest.raises(BlobUnreadable):
        await opened(prefix + other[0] + mine[1])


async def test_more_bytes_behind_the_end_do_not_open() -> None:
    for size in EDGES:
        with pytest.raises(BlobUnreadable):
            await opened(sealed(plaintext(size)) + b"\0")


async def test_under_another_name_or_another_key_it_does_not_open() -> None:
    whole = sealed(b"data")
    with pytest.raises(BlobUnreadable):
        await opened(whole, blob=UUID(int=2))
    with pytest.raises(BlobUnreadable):
        await opened(whole, key=DataKey("s", b"l" * 32))


def test_each_sealing_has_a_fresh_prefix_and_other_bytes() -> None:
    sealings = [sealed(b"data") for _ in range(200)]
    assert len({whole[:PREFIX_BYTES] for whole in sealings}) == 200
    assert len({whole[PREFIX_BYTES:] for whole in sealings}) == 200


def test_the_plaintext_does_not_shine_through() -> None:
    assert plaintext(64) not in sealed(plaintext(CHUNK_BYTES * 2))
