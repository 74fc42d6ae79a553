"""A blob is stored once, comes back as it was or not at all, and is nowhere in plain."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from canheal_cli.embedded.database import EmbeddedDatabase
from canheal_schemas import BlobRef
from canheal_vault.blobs import BlobStore
from canheal_vault.errors import BlobUnreadable, KeyUnusable
from canheal_vault.keys import KeyRing
from canheal_vault.sealing import CHUNK_BYTES
from chassis_parts import Parts, a_subject
from vault_parts import OTHER_KEY, PLATFORM_KEY

pytestmark = pytest.mark.stack
ROOT = UUID(int=5)
BIG = (b"#CHROM\tPOS\n" + bytes(range(256))) * 2500


def stored(parts: Parts) -> Any:
    return parts.client["canheal_blobs"]


async def put(parts: Parts, data: bytes, blob_id: UUID | None = None, subject: str | None = None) -> BlobRef:
    blob = await parts.blobs.seal(blob_id or uuid4(), subject or a_subject(), data)
    await parts.blobs.put(blob, ROOT)
    return blob.ref


async def files_of(parts: Parts, ref: BlobRef) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        await stored(parts)["blobs.files"].find({"metadata.blob_id": str(ref.blob_id)}).to_list(None)
    )
    return found


@pytest.mark.parametrize("data", [b"", b"x", b"y" * CHUNK_BYTES, BIG])
async def test_a_blob_comes_back_as_it_was(parts: Parts, tmp_path: Path, data: bytes) -> None:
    ref = await put(parts, data)
    assert ref.size == len(data)
    assert (await parts.blobs.get_file(ref, tmp_path / "b")).read_bytes() == data
    assert await parts.blobs.get(ref) == data


async def test_a_file_and_the_same_bytes_have_the_same_reference(parts: Parts, tmp_path: Path) -> None:
    (tmp_path / "vcf").write_bytes(BIG)
    subject, blob_id = a_subject(), uuid4()
    ref = await parts.blobs.put_file(blob_id, subject, ROOT, tmp_path / "vcf")
    assert ref == (await parts.blobs.seal(blob_id, subject, BIG)).ref
    assert await parts.blobs.get(ref) == BIG


async def test_put_twice_it_is_one_file_that_names_owner_subject_and_root(parts: Parts) -> None:
    blob = await parts.blobs.seal(uuid4(), subject := a_subject(), b"data")
    await parts.blobs.put(blob, ROOT)
    await parts.blobs.put(blob, ROOT)
    (file,) = await files_of(parts, blob.ref)
    assert file["metadata"] == {
        "blob_id": str(blob.ref.blob_id),
        "owner": parts.name,
        "subject": subject,
        "root": str(ROOT),
        "hmac_sha256": blob.ref.hmac_sha256,
    }


async def test_two_contents_of_one_blob_id_are_each_found_by_their_reference(parts: Parts) -> None:
    blob_id, subject = uuid4(), a_subject()
    first = await put(parts, b"by a successor", blob_id, subject)
    second = await put(parts, b"by a worker that was frozen", blob_id, subject)
    assert await parts.blobs.get(first) == b"by a successor"
    assert await parts.blobs.get(second) == b"by a worker that was frozen"


async def test_an_absent_blob_is_damaged(parts: Parts, tmp_path: Path) -> None:
    ref = BlobRef(blob_id=uuid4(), size=1, key_id=a_subject(), hmac_sha256="0" * 64)
    with pytest.raises(BlobUnreadable, match=str(ref.blob_id)):
        await parts.blobs.get_file(ref, tmp_path / "b")


async def test_a_removed_blob_is_absent_and_removing_it_again_is_no_error(parts: Parts) -> None:
    ref = await put(parts, BIG)
    await parts.blobs.remove(ref.blob_id)
    await parts.blobs.remove(ref.blob_id)
    assert await files_of(parts, ref) == []
    with pytest.raises(BlobUnreadable):
        await parts.blobs.get(ref)


@pytest.mark.parametrize("damage", ["flipped", "shortened", "lost", "emptied"])
async def test_pieces_that_were_changed_in_the_store_are_noticed(parts: Parts, damage: str) -> None:
    ref = await put(parts, BIG)
    (file,) = await files_of(parts, ref)
    pieces = stored(parts)["blobs.chunks"]
    piece = await pieces.find_one({"files_id": file["_id"], "n": 1})
    data = bytes(piece["data"])
    if damage == "lost":
        await pieces.delete_one({"_id": piece["_id"]})
    else:
        changed = {"flipped": data[:9] + bytes([data[9] ^ 1]) + data[10:], "shortened": data[:-1]}
        await pieces.update_one({"_id": piece["_id"]}, {"$set": {"data": changed.get(damage, b"")}})
    with pytest.raises(BlobUnreadable):
        await parts.blobs.get(ref)


async def test_another_blobs_pieces_under_this_name_are_noticed(parts: Parts) -> None:
    subject = a_subject()
    mine, other = await put(parts, b"mine", subject=subject), await put(parts, b"else", subject=subject)
    (file,), (foreign,) = await files_of(parts, mine), await files_of(parts, other)
    pieces = stored(parts)["blobs.chunks"]
    theirs = await pieces.find_one({"files_id": foreign["_id"]})
    await pieces.update_one({"files_id": file["_id"]}, {"$set": {"data": theirs["data"]}})
    with pytest.raises(BlobUnreadable):
        await parts.blobs.get(mine)


async def test_under_another_platform_key_it_says_what_is_wrong(parts: Parts) -> None:
    ref = await put(parts, b"data")
    with pytest.raises(KeyUnusable):
        await BlobStore(parts.files, KeyRing(OTHER_KEY, parts.files), "t").get(ref)


async def test_the_plaintext_is_in_no_collection_and_in_no_file_of_the_database(
    parts: Parts, database: EmbeddedDatabase
) -> None:
    name = uuid4().hex.encode()
    await put(parts, name * 40_000)
    shown = uuid4().hex  # that the search can find: what is not encrypted
    await parts.store.single.put("plain", {"_id": shown, "text": shown * 1000})
    hits = {text: [f for f in _files(database) if text in f.read_bytes()] for text in (name, shown.encode())}
    assert hits[shown.encode()], "the search looks in the wrong place"
    assert not hits[name]
    for collection in ("blobs.files", "blobs.chunks", "keys"):
        async for record in stored(parts)[collection].find():
            assert name not in repr(record).encode()


def _files(database: EmbeddedDatabase) -> list[Path]:
    return [path for path in database.folder.rglob("*") if path.is_file()]


async def test_a_wrapped_key_lies_beside_the_blobs_and_opens_nothing_by_itself(parts: Parts) -> None:
    subject = a_subject()
    await put(parts, b"data", subject=subject)
    record = await stored(parts)["keys"].find_one({"_id": subject})
    assert len(record["wrapped"]) == 12 + 32 + 16


async def test_rings_on_the_real_database_end_with_the_same_key(parts: Parts) -> None:
    subject = a_subject()
    rings = [KeyRing(PLATFORM_KEY, parts.files) for _ in range(8)]
    keys = await asyncio.gather(*(ring.make_data_key(subject) for ring in rings))
    marks = [key.fingerprint() for key in keys]
    for running in marks:
        running.update(b"the same bytes")
    assert len({running.hexdigest() for running in marks}) == 1
