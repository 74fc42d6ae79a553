"""Another platform key under a running platform: killed half-way, done again, and then the new key alone."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import time
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from canheal_cli.processes import PROCESSES
from canheal_cli.stack import Stack
from canheal_process.store import BlobFiles, connect
from canheal_schemas import BlobRef
from canheal_vault.blobs import BlobStore
from canheal_vault.keys import KeyRing
from canheal_vault.platformkey import PlatformKey
from pydantic import SecretStr
from pymongo import MongoClient

from hospital import Hospital

pytestmark = pytest.mark.timeout(900)
DEMO = files("canheal_cli") / "demo"
OLD, NEW = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
PRESENT, FORMER = "CANHEAL_PLATFORM_KEY", "CANHEAL_PLATFORM_KEY_FORMER"
COMMAND = [sys.executable, "-c", "from canheal_cli.main import main; main()", "keys"]
OTHER_PERSONS = 1500
SECONDS = 180.0


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv(FORMER, raising=False)
    return tmp_path / "data"


def ingest_on(data: Path) -> Stack:
    return Stack(data, print, processes=PROCESSES[:1], stores=(None, None))


def only_ingest(stack: Stack) -> dict[str, str]:
    """A hospital that asks for no report."""
    return dict.fromkeys(("ingest-0", "report-0"), stack.addresses.services["ingest-0"])


def demo(name: str, label: str) -> tuple[dict[str, Any], bytes]:
    said = json.loads(DEMO.joinpath(f"{name}.json").read_text())
    return said | {"label": label}, DEMO.joinpath(f"{name}.vcf.gz").read_bytes()


async def sent(stack: Stack, label: str) -> dict[str, Any]:
    """A sample of the one person of this test, as ingest keeps it."""
    said, vcf = demo("DEMO-CRC-1", label)
    async with Hospital(only_ingest(stack), SECONDS) as hospital:
        answer = await hospital.send(said, vcf)
        sample = UUID(answer.raise_for_status().json()["sample"])
    with MongoClient[dict[str, Any]](stack.addresses.mongodb_uri) as client:
        found = client["canheal_ingest"]["samples"].find_one({"_id": str(sample)})
    assert found is not None
    return found


async def opened(uri: str, record: dict[str, Any], key: str) -> bytes:
    """The sample's VCF under this platform key alone."""
    client = connect(SecretStr(uri))
    try:
        store = BlobFiles(client)
        return await BlobStore(store, KeyRing(SecretStr(key), store), "test").get(
            BlobRef.model_validate(record["vcf"])
        )
    finally:
        client.close()


async def more_persons(uri: str) -> None:
    client = connect(SecretStr(uri))
    try:
        ring = KeyRing(SecretStr(OLD), BlobFiles(client))
        for number in range(OTHER_PERSONS):
            await ring.make_data_key(f"{number:064x}")
    finally:
        client.close()


def counts(data: Path) -> dict[str, int]:
    run = subprocess.run(
        [*COMMAND, "status", "--json", "--data", data],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode in {0, 1}, run.stderr
    return {line["platform_key"]: line["keys"] for line in map(json.loads, run.stdout.splitlines())}


def rotate(data: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([*COMMAND, "rotate", "--data", str(data)])


def killed_half_way(data: Path) -> None:
    """Start a rotation and kill it once some keys are wrapped anew."""
    rotation, mark = rotate(data), PlatformKey.of(SecretStr(NEW)).fingerprint
    with MongoClient[dict[str, Any]](_uri(data)) as client:
        keys = client["canheal_blobs"]["keys"]
        while keys.count_documents({"by": mark}) < 100 and rotation.poll() is None:
            time.sleep(0.01)
    rotation.send_signal(signal.SIGKILL)
    assert rotation.wait() == -signal.SIGKILL, "it was over before it could be killed"


def _uri(data: Path) -> str:
    return str(json.loads((data / "state.json").read_text())["mongodb_uri"])


def test_a_rotation_that_is_killed_and_done_again_loses_nothing_and_renames_nobody(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_mark, new_mark = (PlatformKey.of(SecretStr(key)).fingerprint for key in (OLD, NEW))
    monkeypatch.setenv(PRESENT, OLD)
    with ingest_on(data) as stack:
        stack.wait_ready(SECONDS)
        first = asyncio.run(sent(stack, "before"))
        asyncio.run(more_persons(stack.addresses.mongodb_uri))

    monkeypatch.setenv(PRESENT, NEW)
    monkeypatch.setenv(FORMER, OLD)
    with ingest_on(data) as stack:
        stack.wait_ready(SECONDS)
        killed_half_way(data)
        between = counts(data)
        assert between[old_mark] > 0
        assert between[new_mark] >= 100
        during = asyncio.run(sent(stack, "during"))
        assert rotate(data).wait() == 0
        after = counts(data)
        assert set(after) == {new_mark}
        assert after[new_mark] == sum(between.values())

    monkeypatch.delenv(FORMER)
    with ingest_on(data) as stack:
        stack.wait_ready(SECONDS)
        last = asyncio.run(sent(stack, "after"))
        vcf = demo("DEMO-CRC-1", "")[1]
        for record in (first, during, last):
            assert asyncio.run(opened(stack.addresses.mongodb_uri, record, NEW)) == vcf
        assert first["subject"] == during["subject"] == last["subject"]
