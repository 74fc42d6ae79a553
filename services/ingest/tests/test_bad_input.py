"""Each row of tests/bad_input/door.tsv is sent and answered as it says; a refusal leaves nothing behind."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import pytest
import pytest_asyncio
from canheal_ingest.settings import Settings
from ingest_attacks import FILES
from ingest_door import VCF, Door, metadata, running_door
from ingest_said import METADATA, MULTIPART, Body, document, file, part, whole

pytestmark = [pytest.mark.stack, pytest.mark.asyncio(loop_scope="module")]

TABLE: Final = Path(__file__).parents[3] / "tests" / "bad_input" / "door.tsv"
MIB: Final = 1 << 20


class Row(NamedTuple):
    """An attack and its answer."""

    kind: str
    attack: str
    status: str
    slug: str
    rule: str
    what: str


def _table() -> list[Row]:
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [Row(*line.split("\t")) for line in lines[1:]]


ROWS: Final = {(row.kind, row.attack): row for row in _table()}
SENT: Final[Mapping[str, Sequence[str]]] = {
    "file": sorted(FILES),
    "metadata": sorted(METADATA),
    "multipart": sorted(MULTIPART),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def narrow(door_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """A door with small limits."""
    settings = door_settings.model_copy(
        update={
            "instance_id": "ingest-narrow",
            "scratch": tmp_path_factory.mktemp("narrow"),
            "max_upload_bytes": 24 * MIB,
            "max_uncompressed_bytes": 16 * MIB,
            "upload_idle_seconds": 1.0,
            "max_uploads_at_once": 3,
        }
    )
    async with running_door(settings) as door:
        yield door


async def test_every_row_is_sent_by_some_test() -> None:
    named = {(kind, attack) for kind, attacks in SENT.items() for attack in attacks}
    assert {key for key in ROWS if key[0] != "http"} == named
    assert len(ROWS) >= 60


@pytest.mark.parametrize("attack", SENT["file"])
async def test_a_file_is_answered_as_the_table_says(narrow: Door, attack: str) -> None:
    made = FILES[attack]()
    data = made.encode() if isinstance(made, str) else made
    build = {} if attack == "other-genome" else {"build": "GRCh38"}
    said = part("metadata", json.dumps(metadata(**{"build": None} | build)).encode())
    await _holds(narrow, ROWS["file", attack], whole(said, file(data=data)))


@pytest.mark.parametrize("attack", SENT["metadata"])
async def test_metadata_is_answered_as_the_table_says(narrow: Door, attack: str) -> None:
    body = whole(part("metadata", METADATA[attack]()), file())
    await _holds(narrow, ROWS["metadata", attack], body)


@pytest.mark.parametrize("attack", SENT["multipart"])
async def test_a_body_is_answered_as_the_table_says(narrow: Door, attack: str) -> None:
    await _holds(narrow, ROWS["multipart", attack], MULTIPART[attack]())


async def _holds(door: Door, row: Row, body: Body, **headers: str) -> httpx.Response:
    """The answer is the row's; a refusal keeps nothing; nothing lies in the clear afterwards."""
    before = await durable(door)

    async def pieces() -> AsyncIterator[bytes]:
        for piece in body.pieces:
            yield piece

    sent = {"Content-Type": body.content_type} | headers
    answer = await door.client.post("/v1/samples", content=pieces(), headers=sent)
    _is_as_told(row, answer)
    if not answer.is_success:
        assert await durable(door) == before
    assert door.scratch == []
    return answer


def _is_as_told(row: Row, answer: httpx.Response) -> None:
    said = answer.json()
    assert str(answer.status_code) == row.status, said
    if answer.is_success:
        assert (row.slug, row.rule) == ("", "")
        return
    assert answer.headers["content-type"] == "application/problem+json"
    assert (said["type"], said["status"]) == (f"urn:canheal:problem:{row.slug}", int(row.status))
    assert (said.get("rule", ""), len(said["detail"]) < 8_000) == (row.rule, True)
    assert ("rule_number" in said) is bool(row.rule)


async def durable(door: Door) -> dict[str, int]:
    """What a submission would leave; the outbox empties by itself."""
    kept = await door.kept()
    return {name: count for name, count in kept.items() if not name.endswith(("outbox", "newest_said"))}


async def _stalling(first: bytes, pause_seconds: float, times: int) -> AsyncIterator[bytes]:
    yield first
    for _ in range(times):
        await asyncio.sleep(pause_seconds)
        yield b"x"


@pytest.mark.parametrize(("attack", "pause_seconds"), [("stalled", 30.0), ("trickling", 0.1)])
async def test_a_slow_body_ends_with_408(narrow: Door, attack: str, pause_seconds: float) -> None:
    before = await durable(narrow)
    body = _stalling(document() + file()[:-20], pause_seconds, 600)
    kind = {"Content-Type": "multipart/form-data; boundary=frontier"}
    answer = await asyncio.wait_for(narrow.client.post("/v1/samples", content=body, headers=kind), 20)
    _is_as_told(ROWS["http", attack], answer)
    assert (await durable(narrow), narrow.scratch) == (before, [])


async def test_a_declared_or_real_size_over_the_limit_is_413(narrow: Door) -> None:
    body = whole(document(), file())
    await _holds(narrow, ROWS["http", "declared-too-large"], body, **{"Content-Length": str(25 * MIB)})
    endless = Body((document() + file()[:-20], *[b"y" * MIB] * 30))
    await _holds(narrow, ROWS["http", "chunked-without-end"], endless)


async def test_one_more_than_are_taken_at_once_is_told_when_to_come_back(narrow: Door) -> None:
    bodies = [_stalling(document() + file()[:-20], 0.6, 1) for _ in range(3)]
    kind = {"Content-Type": "multipart/form-data; boundary=frontier"}
    inside = [
        asyncio.ensure_future(narrow.client.post("/v1/samples", content=body, headers=kind))
        for body in bodies
    ]
    await asyncio.sleep(0.3)
    answer = await narrow.send(metadata())
    _is_as_told(ROWS["http", "too-many-at-once"], answer)
    assert answer.headers["retry-after"] == "5"
    assert {one.status_code for one in await asyncio.gather(*inside)} == {400}
    assert (await narrow.send(metadata())).status_code == 202


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk without room")
async def test_a_full_disk_is_507_and_says_when_to_come_back(
    narrow: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def full(self: Path, *args: str, **options: str) -> object:
        return opened(Path("/dev/full") if self.name == "vcf" else self, *args, **options)

    monkeypatch.setattr(Path, "open", full)
    answer = await _holds(narrow, ROWS["http", "disk-full"], whole(document(), file()))
    assert answer.headers["retry-after"] == "60"


async def test_another_origins_page_is_refused(narrow: Door) -> None:
    body = whole(document(), file())
    await _holds(narrow, ROWS["http", "another-origin"], body, Origin="https://evil.example")


async def test_what_is_let_in_is_said_back_as_data_and_never_as_a_page(narrow: Door) -> None:
    label = "<script>alert(1)</script>"
    answer = await narrow.send(metadata(label=label, site="BE-HTML"), VCF)
    shown = await narrow.client.get(answer.headers["location"])
    assert (shown.json()["label"], shown.headers["content-type"]) == (label, "application/json")
    assert shown.headers["x-content-type-options"] == "nosniff"
