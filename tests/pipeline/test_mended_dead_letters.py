"""A part that could not be made, through the whole platform: named, then mended or given up for good."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from canheal_cli.commands import dlq
from canheal_cli.stack import Stack
from canheal_schemas import Envelope, SampleReceived
from canheal_schemas.identifiers import event_id, sample_id, sample_root
from kafka import KafkaProducer
from typer.testing import CliRunner

from hospital import Hospital
from wire import records, reports

pytestmark = pytest.mark.stack

SITE = "BE-TEST"
WRONG_COLUMN = "NOT-IN-THE-FILE"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A platform of its own: other tests demand that theirs has no dead letter."""
    with Stack(tmp_path_factory.mktemp("dlq"), print, stores=(None, None)) as stack:
        stack.wait_ready()
        yield stack


@pytest.fixture
async def hospital(own: Stack) -> AsyncIterator[Hospital]:
    async with Hospital(own.addresses.services) as hospital:
        yield hospital


async def broken_sample(own: Stack, hospital: Hospital, label: str) -> tuple[UUID, str | None]:
    """A sample whose event names a column that its VCF does not have, and the column that it has."""
    demo = files("canheal_cli") / "demo"
    said = json.loads((demo / "DEMO-CRC-1.json").read_text()) | {"site": SITE, "label": f"{label}-whole"}
    answer = await hospital.send(said, (demo / "DEMO-CRC-1.vcf.gz").read_bytes())
    assert answer.is_success, answer.text
    whole = UUID(answer.json()["sample"])
    await hospital.closed([whole], within_seconds=60)
    topic = SampleReceived.topic.name
    events = [SampleReceived.model_validate_json(record.value) for record in records(bootstrap(own), [topic])]
    event = next(event for event in events if event.sample == whole)
    context = event.context.model_copy(update={"label": label, "vcf_sample": WRONG_COLUMN})
    broken = event.model_copy(update={"sample": sample_id(SITE, label), "context": context})
    await asyncio.to_thread(publish, own, broken)
    return broken.sample, event.context.vcf_sample


def publish(own: Stack, event: SampleReceived) -> None:
    root = sample_root(event.sample, event.revision)
    envelope = Envelope(
        event_id=event_id(root, "test", "", event.event_type),
        root_id=root,
        event_type=event.event_type,
        correlation_id=root,
        occurred_at="2026-01-01T00:00:00Z",
        site=event.site,
    )
    producer = KafkaProducer(bootstrap_servers=bootstrap(own), acks="all")
    producer.send(event.event_type, key=event.key, value=event.to_bytes(), headers=envelope.to_headers()).get(
        timeout=10
    )
    producer.close()


def bootstrap(own: Stack) -> str:
    return own.addresses.kafka_bootstrap_servers


async def asked(own: Stack, *words: str) -> Any:
    """What `canheal dlq` answers, in JSON."""
    outcome = await asyncio.to_thread(
        CliRunner().invoke, dlq.app, [*words, "--json", "--data", str(own.data)], catch_exceptions=False
    )
    return [json.loads(line) for line in outcome.stdout.splitlines()]


async def letter_of(own: Stack, sample: UUID) -> dict[str, Any]:
    (letter,) = [letter for letter in await asked(own, "list", "--all") if letter["sample"] == str(sample)]
    return letter


async def newest(hospital: Hospital, sample: UUID) -> dict[str, Any]:
    return await hospital.document((await hospital.closed([sample], within_seconds=60))[sample][-1])


async def until_newer(hospital: Hospital, sample: UUID, than: int) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            versions = (await hospital.closed([sample], within_seconds=60))[sample]
            if len(versions) > than:
                return await hospital.document(versions[-1])
            await asyncio.sleep(0.1)


async def test_a_mended_event_makes_the_held_part_and_the_report_is_amended(
    own: Stack, hospital: Hospital, tmp_path: Path
) -> None:
    sample, column = await broken_sample(own, hospital, "MEND-ME")
    held = await newest(hospital, sample)
    assert (held["status"], held["variants"]) == ("final", None)
    letter = await letter_of(own, sample)
    assert (letter["state"], letter["service"], letter["error"]) == ("open", "annotate", "handler-failed")
    assert held["held"][0]["event_id"] == letter["id"]

    (shown,) = await asked(own, "show", letter["id"], "--body")
    event = json.loads(shown["body"])
    assert event["context"]["vcf_sample"] == WRONG_COLUMN
    event["context"]["vcf_sample"] = column
    mended = tmp_path / "event.json"
    mended.write_text(json.dumps(event))
    (decided,) = await asked(own, "retry", letter["id"], "--body", str(mended))
    assert decided["state"] == "mended"

    amended = await until_newer(hospital, sample, than=1)
    assert amended["held"] == []
    assert amended["status"] == "amended"
    assert amended["variants"]["findings_total"] > 0
    assert amended["risk"] is not None
    assert amended["context"]["vcf_sample"] == column
    assert letter["id"] in amended["parts"]
    assert reports(records(bootstrap(own)))[sample][-1][1].status == "amended"


async def test_a_part_given_up_for_good_is_named_with_the_reason(own: Stack, hospital: Hospital) -> None:
    sample, _ = await broken_sample(own, hospital, "DROP-ME")
    before = await newest(hospital, sample)
    letter = await letter_of(own, sample)
    await asked(own, "drop", letter["id"], "--why", "the hospital sends it anew")
    dropped = await until_newer(hospital, sample, than=before["served"]["of"])
    assert [failure["why"] for failure in dropped["held"]] == ["the hospital sends it anew"]
    told = [statement["text"] for statement in dropped["says"]["what_next"]]
    assert any(text.endswith("It was given up for good: the hospital sends it anew") for text in told)
    assert (await letter_of(own, sample))["state"] == "dropped"
