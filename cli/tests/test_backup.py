"""A backup comes back as it was, or is refused by name; nothing is readable in it."""

import base64
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bson import Binary
from canheal_chassis.audit import AUDIT
from canheal_cli.backup.databases import BLOBS, INGEST, Databases, databases
from canheal_cli.backup.make import Opened, back_up, export_erasures, restore
from canheal_cli.backup.sealed import MANIFEST
from canheal_cli.embedded.database import EmbeddedDatabase
from canheal_cli.errors import BackupDamagedError, DatabaseNotEmptyError
from canheal_schemas import ConsentChanged, ErasureRequested
from canheal_vault.errors import KeyUnusable
from canheal_vault.platformkey import PlatformKey
from pydantic import SecretStr
from pymongo import MongoClient

pytestmark = pytest.mark.stack
KEY, OTHER = (PlatformKey.of(SecretStr(base64.b64encode(sign * 32).decode())) for sign in (b"p", b"q"))
WORD = "Novák, Jiří"
CONSENT, ERASURE = ConsentChanged.topic.name, ErasureRequested.topic.name
type Client = MongoClient[dict[str, Any]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedDatabase]:
    """A database that holds no other test's platform."""
    server = EmbeddedDatabase(tmp_path_factory.mktemp("backup"))
    server.start()
    server.wait_ready()
    yield server
    server.kill()


@pytest.fixture
def client(server: EmbeddedDatabase) -> Iterator[Client]:
    client: Client = MongoClient(server.uri, tz_aware=True, socketTimeoutMS=120_000)
    yield client
    _emptied(client)
    client.close()


@pytest.fixture
def found(server: EmbeddedDatabase, client: Client) -> Iterator[Databases]:
    """What the commands see; `client` empties it after the test."""
    assert client.address is not None
    with databases(SecretStr(server.uri)) as found:
        yield found


def _emptied(client: Client) -> None:
    for name in client.list_database_names():
        if name.startswith("canheal_"):
            client.drop_database(name)


def _subject(name: str, version: int, state: str) -> dict[str, Any]:
    return {"_id": name, "subject": name, "consent_version": version, "consent": {"state": state}}


def _head(topic: str, key: str, subject: str, value: bytes) -> dict[str, Any]:
    return {"_id": f"{topic}/{key}", "subject": subject, "message": {"topic": topic, "value": Binary(value)}}


def _filled(client: Client) -> None:
    client["canheal_report"]["dossiers"].insert_many([{"_id": n, "who": WORD * n} for n in range(1200)])
    client["canheal_report"]["sessions"].insert_one({"_id": "passing"})
    client[INGEST]["subjects"].insert_many([_subject("a", 1, "active"), _subject("b", 2, "erased")])
    client[INGEST]["newest_said"].insert_many(
        [_head(CONSENT, "a", "a", b"1"), _head(CONSENT, "b", "b", b"2"), _head(ERASURE, "e", "b", b"3")]
    )
    client[INGEST][AUDIT].insert_many([{"_id": n, "sequence": n} for n in (1, 2)])
    client[BLOBS]["blobs.files"].insert_one({"_id": 1, "length": 3 << 20})
    client[BLOBS]["blobs.chunks"].insert_many([{"n": n, "data": os.urandom(1 << 18)} for n in range(12)])
    client[BLOBS]["keys"].insert_one({"_id": "a", "wrapped": Binary(b"w" * 60), "by": KEY.fingerprint})


def _content(client: Client) -> dict[str, list[dict[str, Any]]]:
    return {
        f"{name}.{collection}": sorted(client[name][collection].find(), key=lambda one: str(one["_id"]))
        for name in client.list_database_names()
        if name.startswith("canheal_")
        for collection in client[name].list_collection_names()
        if collection != "sessions" and client[name][collection].count_documents({})
    }


@pytest.fixture(scope="module")
def once(server: EmbeddedDatabase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of a small platform."""
    folder = tmp_path_factory.mktemp("once") / "made"
    client: Client = MongoClient(server.uri, socketTimeoutMS=120_000)
    _filled(client)
    with databases(SecretStr(server.uri)) as found:
        back_up(found, folder, KEY)
    _emptied(client)
    client.close()
    return folder


@pytest.fixture
def made(once: Path, tmp_path: Path) -> Path:
    """The backup, for one test to do with as it likes."""
    return Path(shutil.copytree(once, tmp_path / "made"))


def put_back(found: Databases, folder: Path, erasures: Path | None = None, *, force: bool = False) -> int:
    newer = Opened.at(erasures, [KEY]) if erasures else None
    return restore(found, Opened.at(folder, [KEY]), newer, force=force)


def test_what_comes_back_is_what_there_was_but_for_what_passes(
    client: Client, found: Databases, made: Path
) -> None:
    _filled(client)
    before = _content(client)
    _emptied(client)
    put_back(found, made)
    after = _content(client)
    random = f"{BLOBS}.blobs.chunks"
    assert [len(after[random]), {len(one["data"]) for one in after.pop(random)}] == [12, {1 << 18}]
    assert before.pop(random)
    assert after == before
    assert client["canheal_report"]["sessions"].count_documents({}) == 0


def test_what_names_is_read_before_what_it_names_and_keys_last(found: Databases, client: Client) -> None:
    _filled(client)
    order = [".".join(place) for place in found.places()]
    assert order[0].startswith("canheal_report")
    assert [name for name in order if name.startswith((INGEST, BLOBS))] == [
        f"{INGEST}.audit",
        f"{INGEST}.newest_said",
        f"{INGEST}.subjects",
        f"{BLOBS}.blobs.files",
        f"{BLOBS}.blobs.chunks",
        f"{BLOBS}.keys",
    ]


def test_no_name_can_be_read_in_it_and_the_key_ring_is_a_file_of_its_own(made: Path) -> None:
    content = b"".join(path.read_bytes() for path in made.iterdir())
    assert WORD.encode() not in content
    assert b"consent_version" not in content
    assert (made / f"{BLOBS}.keys.sealed").exists()
    assert (made.stat().st_mode & 0o077) == 0


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


DAMAGES: dict[str, Callable[[Path], None]] = {
    "flipped": lambda folder: _flipped(folder / f"{BLOBS}.blobs.chunks.sealed"),
    "cut": lambda folder: _cut(folder / "canheal_report.dossiers.sealed"),
    "lost": lambda folder: (folder / f"{BLOBS}.keys.sealed").unlink(),
    "exchanged": lambda folder: (folder / f"{BLOBS}.keys.sealed").write_bytes(
        (folder / f"{INGEST}.subjects.sealed").read_bytes()
    ),
    "manifest": lambda folder: (folder / MANIFEST).write_text(
        (folder / MANIFEST).read_text().replace('"documents": 1200', '"documents": 1100')
    ),
    "no manifest": lambda folder: (folder / MANIFEST).unlink(),
    "format": lambda folder: (folder / MANIFEST).write_text(
        (folder / MANIFEST).read_text().replace('"format": 1', '"format": 2')
    ),
}


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_a_damaged_backup_is_refused_before_anything_is_written(
    client: Client, found: Databases, made: Path, damage: str
) -> None:
    DAMAGES[damage](made)
    with pytest.raises(BackupDamagedError, match=str(made)):
        put_back(found, made)
    assert _content(client) == {}


def test_under_another_platform_key_it_says_which_one_sealed_it(found: Databases, made: Path) -> None:
    with pytest.raises(KeyUnusable, match=f"under the platform key {KEY.fingerprint}"):
        Opened.at(made, [OTHER])
    assert restore(found, Opened.at(made, [OTHER, KEY]), None, force=False) == 0


def test_a_database_that_holds_something_is_left_as_it_is_unless_told(
    client: Client, found: Databases, made: Path
) -> None:
    client["canheal_prs"]["ledger"].insert_one({"_id": "there"})
    with pytest.raises(DatabaseNotEmptyError, match="canheal_prs"):
        put_back(found, made)
    put_back(found, made, force=True)
    assert client["canheal_prs"]["ledger"].count_documents({}) == 0
    assert client["canheal_report"]["dossiers"].count_documents({}) == 1200


@pytest.mark.parametrize(("there", "after"), [(3, 3), (1, 2)], ids=["longer", "shorter"])
def test_an_audit_log_is_never_shortened(
    client: Client, found: Databases, made: Path, there: int, after: int
) -> None:
    client[INGEST][AUDIT].insert_many([{"_id": n, "sequence": n} for n in range(1, there + 1)])
    put_back(found, made, force=True)
    assert client[INGEST][AUDIT].count_documents({}) == after


def test_a_restore_that_was_cut_off_is_done_again_with_force(
    client: Client, found: Databases, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, done = Databases.write, []

    def killed(self: Databases, *args: Any) -> int:
        if len(done) == 4:
            raise KeyboardInterrupt
        done.append(args[0])
        return write(self, *args)

    monkeypatch.setattr(Databases, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        put_back(found, made)
    monkeypatch.undo()
    with pytest.raises(DatabaseNotEmptyError):
        put_back(found, made)
    put_back(found, made, force=True)
    assert client["canheal_report"]["dossiers"].count_documents({}) == 1200


def test_the_newer_erasure_list_makes_an_older_backup_forget_the_erased_too(
    client: Client, found: Databases, made: Path, tmp_path: Path
) -> None:
    client[INGEST]["subjects"].insert_many([_subject("a", 4, "erased"), _subject("b", 2, "erased")])
    client[INGEST]["newest_said"].insert_many(
        [
            _head(CONSENT, "a", "a", b"erased"),
            _head(ERASURE, "f", "a", b"asked"),
            _head("other", "x", "a", b""),
        ]
    )
    export_erasures(found, tmp_path / "list", KEY)
    _emptied(client)
    assert put_back(found, made, tmp_path / "list") == 2
    subjects = {one["_id"]: one for one in client[INGEST]["subjects"].find()}
    assert subjects["a"] == _subject("a", 4, "erased")
    heads = {one["_id"]: bytes(one["message"]["value"]) for one in client[INGEST]["newest_said"].find()}
    assert heads == {
        f"{CONSENT}/a": b"erased",
        f"{CONSENT}/b": b"2",
        f"{ERASURE}/e": b"3",
        f"{ERASURE}/f": b"asked",
    }


def test_a_whole_newer_backup_serves_as_the_list(
    client: Client, found: Databases, made: Path, tmp_path: Path
) -> None:
    _filled(client)
    back_up(found, tmp_path / "newer", KEY)
    _emptied(client)
    assert put_back(found, made, tmp_path / "newer") == 1


def test_a_folder_that_holds_something_is_not_written_into(found: Databases, made: Path) -> None:
    with pytest.raises(BackupDamagedError, match="not empty"):
        back_up(found, made, KEY)
