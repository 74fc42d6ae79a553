"""A BCF at the door: carried on as the VCF that it is, the same sample when it comes again."""

import gzip
from pathlib import Path
from uuid import UUID

import pytest
from canheal_process.store import BlobFiles, connect
from canheal_schemas import SampleReceived
from canheal_vault.blobs import BlobStore
from canheal_vault.keys import KeyRing
from ingest_attacks import bcf
from ingest_door import Door, metadata

pytestmark = [pytest.mark.stack, pytest.mark.asyncio(loop_scope="module")]


async def test_a_bcf_is_kept_as_its_vcf_and_is_the_same_sample_when_it_comes_again(
    door: Door, tmp_path: Path
) -> None:
    said = metadata()
    first, again = await door.send(said, bcf()), await door.send(said, bcf())
    assert (first.status_code, again.status_code) == (202, 200), (first.text, again.text)
    assert again.json()["revision"] == 1
    sample = UUID(first.json()["sample"])
    [(received, _)] = await door.announced(SampleReceived, 1, sample=sample)
    assert isinstance(received, SampleReceived)
    assert received.context.vcf_sample == "TUMOUR"
    client = connect(door.settings.mongodb_uri)
    files = BlobFiles(client)
    blobs = BlobStore(files, KeyRing(door.settings.platform_key, files), "reader")
    kept = await blobs.get_file(received.vcf, tmp_path / "kept.vcf.gz")
    client.close()
    last = gzip.decompress(kept.read_bytes()).decode().splitlines()[-1]
    assert last.startswith("7\t140753336\t.\tA\tT\t")
    assert door.scratch == []


async def test_another_bcf_under_the_same_label_is_a_new_revision(door: Door) -> None:
    said = metadata()
    assert (await door.send(said)).status_code == 202
    answer = await door.send(said, bcf())
    assert (answer.status_code, answer.json()["revision"]) == (202, 2)
