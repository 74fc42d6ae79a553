"""The door on the real broker and database: what is true after each answer."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from canheal_ingest.records import SampleRecord
from canheal_ingest.settings import Settings
from canheal_process.store import BlobFiles, Store, Unit, connect
from canheal_schemas import Consent, ConsentChanged, ConsentState, Purpose, SampleReceived
from canheal_schemas.identifiers import consent_root, event_id, sample_id, sample_root
from canheal_vault.blobs import BlobStore
from canheal_vault.keys import KeyRing
from ingest_door import VCF, Door, metadata, running_door

pytestmark = [pytest.mark.stack, pytest.mark.asyncio(loop_scope="module")]
OTHER_VCF = VCF.replace("0/1", "1/1")


async def test_an_accepted_sample_is_kept_encrypted_recorded_and_announced(
    door: Door, tmp_path: Path
) -> None:
    said = metadata()
    answer = await door.send(said)
    assert answer.status_code == 202, answer.text
    sample = sample_id("BE-TEST", said["label"])
    assert answer.json() == {
        "sample": str(sample),
        "revision": 1,
        "label": said["label"],
        "status": f"/v1/samples/{sample}",
    }
    [(received, envelope)] = await door.announced(SampleReceived, 1, sample=sample)
    assert isinstance(received, SampleReceived)
    root = sample_root(sample, 1)
    assert envelope.root_id == envelope.correlation_id == root
    assert envelope.event_id == event_id(root, "ingest", "POST /v1/samples", received.event_type)
    assert (received.context.vcf_sample, received.context.build, received.context.build_basis) == (
        "TUMOUR",
        "GRCh38",
        "declared",
    )
    [(consent, first)] = await door.announced(ConsentChanged, 1, subject=received.subject)
    assert isinstance(consent, ConsentChanged)
    assert (consent.consent_version, consent.consent.permitted) == (1, (Purpose.OWN_CARE,))
    assert (first.root_id, first.correlation_id) == (consent_root(received.subject, 1), root)
    client = connect(door.settings.mongodb_uri)
    files = BlobFiles(client)
    blobs = BlobStore(files, KeyRing(door.settings.platform_key, files), "reader")
    assert (await blobs.get_file(received.vcf, tmp_path / "vcf")).read_text() == VCF
    chunk = await client["canheal_blobs"]["blobs.chunks"].find_one({"files_id": {"$exists": True}})
    assert b"fileformat" not in bytes(chunk["data"])
    client.close()
    assert door.scratch == []


async def test_the_same_content_again_is_the_same_sample_and_says_nothing_new(door: Door) -> None:
    said = metadata()
    first, again = await door.send(said), await door.send(said)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json() == first.json()
    other = await door.send(metadata())  # said after both: whatever the second said is there by then
    await door.announced(SampleReceived, 1, sample=UUID(other.json()["sample"]))
    assert len(await door.announced(SampleReceived, 1, sample=UUID(first.json()["sample"]))) == 1


async def test_other_content_or_another_tumour_type_is_a_revision_that_supersedes(door: Door) -> None:
    said = metadata()
    await door.send(said)
    second = await door.send(said, OTHER_VCF)
    third = await door.send(said | {"oncotree_code": "READ"}, OTHER_VCF)
    assert [second.status_code, third.status_code] == [202, 202]
    assert (second.json()["revision"], third.json()["revision"]) == (2, 3)
    sample = UUID(third.json()["sample"])
    events = await door.announced(SampleReceived, 3, sample=sample)
    assert [event.revision for event, _ in events if isinstance(event, SampleReceived)] == [1, 2, 3]
    assert len({envelope.event_id for _, envelope in events}) == 3
    where = (await door.client.get(f"/v1/samples/{sample}")).json()
    assert (where["revision"], where["state"], where["held"]) == (3, "accepted", [])


async def test_a_consent_that_is_not_the_one_in_force_is_refused_with_the_one_in_force(door: Door) -> None:
    said = metadata()
    await door.send(said)
    before = await door.kept()
    refused = await door.send(
        said | {"label": said["label"] + "-2", "consent": {"permitted": ["own-care", "research"]}}
    )
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert problem["type"] == "urn:canheal:problem:consent-differs"
    assert problem["in_force"] == {"permitted": ["own-care"], "consent_version": 1}
    after = await door.kept()
    assert _lasting(after) == _lasting(before)


def _lasting(kept: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in kept.items() if not name.endswith("outbox")}


async def test_a_changed_consent_is_the_next_version_and_the_same_again_is_none(door: Door) -> None:
    said = metadata(pseudonym="person/with a slash é")
    said["site"] = "BE-SLASH"
    first = await door.send(said)
    subject = (await door.announced(SampleReceived, 1, sample=UUID(first.json()["sample"])))[0][0]
    assert isinstance(subject, SampleReceived)
    path = "/v1/subjects/person%2Fwith%20a%20slash%20e%CC%81/consent?site=BE-SLASH"
    changed = await door.client.put(path, json={"permitted": ["research", "own-care"]})
    same = await door.client.put(path, json={"permitted": ["own-care", "research"]})
    assert changed.json() == {
        "subject": subject.subject,
        "consent_version": 2,
        "basis": "stated",
        "permitted": ["own-care", "research"],
        "limited": [],
        "permitted_now": ["own-care", "research"],
        "changed": True,
        "without_use": [],
        "not_understood": [],
    }
    assert same.json() == changed.json() | {"changed": False}
    events = await door.announced(ConsentChanged, 2, subject=subject.subject)
    assert [e.consent_version for e, _ in events if isinstance(e, ConsentChanged)] == [1, 2]
    assert (await door.send(said)).status_code == 409
    now = await door.send(said | {"consent": {"permitted": ["research", "own-care"]}}, OTHER_VCF)
    assert now.status_code == 202
    [_, (newest, _)] = await door.announced(SampleReceived, 2, sample=UUID(now.json()["sample"]))
    assert isinstance(newest, SampleReceived)
    assert newest.consent_version == 2


async def test_the_consent_of_an_unknown_person_cannot_be_changed(door: Door) -> None:
    answer = await door.client.put(
        "/v1/subjects/nobody/consent", params={"site": "BE-TEST"}, json={"permitted": []}
    )
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:canheal:problem:subject-unknown")


async def test_a_label_of_another_person_is_refused(door: Door) -> None:
    said = metadata()
    await door.send(said)
    refused = await door.send(said | {"pseudonym": "somebody-else"})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:canheal:problem:label-taken")
    elsewhere = await door.send(said | {"site": "ES-TEST", "country": "ES"})
    assert elsewhere.status_code == 202
    assert elsewhere.json()["sample"] != str(sample_id("BE-TEST", said["label"]))


async def test_an_erased_person_takes_nothing_more(door: Door) -> None:
    said = metadata()
    sample = (await door.send(said)).json()["sample"]
    client = connect(door.settings.mongodb_uri)
    erased = Consent(permitted=(), state=ConsentState.ERASED).model_dump(mode="json")
    record = await Store(client, "canheal_ingest").get(SampleRecord, UUID(sample))
    assert record is not None
    await client["canheal_ingest"]["subjects"].update_one(
        {"subject": record.subject}, {"$set": {"consent": erased}}
    )
    client.close()
    put = await door.client.put(
        f"/v1/subjects/{said['pseudonym']}/consent", params={"site": "BE-TEST"}, json={"permitted": []}
    )
    answers = [await door.send(said, OTHER_VCF), await door.client.get(f"/v1/samples/{sample}"), put]
    assert [answer.status_code for answer in answers] == [410, 410, 410]


async def test_ten_contents_at_one_moment_are_ten_revisions_one_after_the_other(door: Door) -> None:
    said = metadata()
    contents = [VCF.replace("140753336", str(140753336 + number)) for number in range(8)]
    undeclared = said | {"kind": "tumour"}
    answers = await asyncio.gather(
        *(door.send(undeclared, content) for content in contents),
        *(door.send(undeclared, contents[0]) for _ in range(2)),
    )
    accepted = [answer.json()["revision"] for answer in answers if answer.status_code == 202]
    assert {answer.status_code for answer in answers} <= {200, 202}
    assert sorted(accepted) == list(range(1, len(accepted) + 1))
    events = await door.announced(SampleReceived, len(accepted), sample=UUID(answers[0].json()["sample"]))
    received = [event for event, _ in events if isinstance(event, SampleReceived)]
    assert sorted(event.revision for event in received) == sorted(accepted)
    assert len({event.vcf.blob_id for event in received}) == len(received)


async def test_a_kill_before_the_commit_leaves_no_record_and_no_event(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = metadata()
    before = await door.kept()

    async def killed(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(Unit, "put", killed)
        with pytest.raises(asyncio.CancelledError):
            await door.send(said)
    after = await door.kept()
    orphaned = {"canheal_blobs.blobs.files", "canheal_blobs.blobs.chunks", "canheal_blobs.keys"}
    assert {name for name in after if after[name] != before[name]} <= orphaned
    assert door.scratch == []
    assert (await door.send(said)).json()["revision"] == 1
    assert len(await door.announced(SampleReceived, 1, sample=sample_id("BE-TEST", said["label"]))) == 1


@pytest.mark.parametrize("build", ["grch37", "grch38"])
async def test_a_real_exome_without_contig_lines_is_placed_by_its_bases(
    door: Door, test_data: Path, build: str
) -> None:
    vcf = (test_data / "vcf" / f"T001-COAD.{build}.vcf.gz").read_bytes()
    said = metadata(assay={"type": "exome", "size_mb": 34})
    del said["build"]
    answer = await door.send(said, vcf)
    assert answer.status_code == 202, answer.text
    [(event, _)] = await door.announced(SampleReceived, 1, sample=UUID(answer.json()["sample"]))
    assert isinstance(event, SampleReceived)
    assert event.context.build.lower() == build
    assert event.context.build_basis == "REF bases"
    wrong = {"grch37": "GRCh38", "grch38": "GRCh37"}[build]
    refused = await door.send(metadata(build=wrong), vcf)
    assert (refused.status_code, refused.json()["rule"]) == (422, "build-contradicted")


def _cases() -> list[tuple[str, dict[str, Any], str | bytes, int, dict[str, Any]]]:
    return [
        ("a cut BGZF", {}, _cut_bgzf(), 422, {"rule": "bgzf-truncated"}),
        ("a broken genotype", {}, VCF.replace("0/1", "0/x"), 422, {"line": 4}),
        ("no VCF at all", {}, "hello\n", 422, {}),
        ("nothing", {}, "", 422, {"rule": "empty-file"}),
        ("a missing column", {"vcf_sample": "NOBODY"}, VCF, 422, {"rule": "sample-unknown"}),
        ("an unknown build", {"build": None}, VCF, 422, {"rule": "build-unknown"}),
        ("a mistyped field", {"tumour_sample": "T"}, VCF, 422, {}),
        ("an unknown tumour", {"oncotree_code": "NOPE"}, VCF, 422, {}),
        ("a broken BED", {"assay": {"type": "panel", "bed": "7\t20\t10\n"}}, VCF, 422, {"line": 1}),
    ]


def _cut_bgzf() -> bytes:
    demo = Path(__file__).parents[3] / "cli/src/canheal_cli/demo/DEMO-CRC-1.vcf.gz"
    return demo.read_bytes()[:-28]


@pytest.mark.parametrize(("_", "more", "vcf", "status", "says"), _cases(), ids=[case[0] for case in _cases()])
async def test_what_is_refused_is_refused_in_words_and_leaves_nothing(
    door: Door, _: str, more: dict[str, Any], vcf: str | bytes, status: int, says: dict[str, Any]
) -> None:
    before = await door.kept()
    answer = await door.send(metadata(**more), vcf)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem.items() >= ({"status": status} | says).items()
    assert len(problem["detail"]) > 20
    assert _lasting(await door.kept()) == _lasting(before)
    assert door.scratch == []


BAD_FILES = {
    "failed_body_alt_000": ("alt", 4),
    "failed_body_chrom_002": ("chrom", 4),
    "failed_body_contiguous_000": ("value-number", 5),
    "failed_body_filter_000": ("filter", 4),
    "failed_body_format_000": ("format", 4),
    "failed_body_no_newline_000": ("no-final-newline", None),
    "failed_body_pos_000": ("pos", 4),
    "failed_body_qual_000": ("qual", 4),
    "failed_body_ref_000": ("ref", 4),
    "failed_body_sample_000": ("genotype", 4),
    "failed_body_sample_003": ("sample-fields", 4),
    "failed_body_sample_011": ("sample-duplicate", 3),
    "failed_empty_sample": ("empty-file", None),
    "failed_fileformat_000": ("fileformat", 1),
    "failed_header_000": ("header-columns", 2),
    "failed_meta_000": ("meta-line", 3),
}
"""Files of hts-specs that break the format, and the rule and line that a reader would name."""


async def test_bad_files_of_the_specification_get_rule_line_and_reason_and_leave_nothing(
    door: Door, test_data: Path
) -> None:
    before = await door.kept()
    for name, (rule, line) in BAD_FILES.items():
        path = test_data / "vcf-spec" / "hts-specs" / "4.3" / "failed" / f"{name}.vcf"
        answer = await door.send(metadata(vcf_sample=_first_sample(path)), path.read_bytes())
        problem = answer.json()
        assert (answer.status_code, problem.get("rule"), problem.get("line")) == (422, rule, line), problem
        assert len(problem["detail"]) > len(rule) + 20
    assert _lasting(await door.kept()) == _lasting(before)
    assert door.scratch == []


def _first_sample(path: Path) -> str | None:
    named = (line.split("\t") for line in path.read_text().splitlines() if line.startswith("#CHROM"))
    return next((columns[9] for columns in named if len(columns) > 9), None)


async def test_the_scratch_folder_of_an_earlier_life_is_emptied_at_start(
    door_settings: Settings, tmp_path: Path
) -> None:
    left = tmp_path / "ingest-1" / "left" / "vcf"
    left.parent.mkdir(parents=True)
    left.write_text("in the clear")
    settings = door_settings.model_copy(update={"scratch": tmp_path, "instance_id": "ingest-1"})
    async with running_door(settings):
        assert not left.exists()
