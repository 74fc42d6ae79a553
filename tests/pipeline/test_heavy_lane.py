"""A genome beside panels, and the heavy lane killed with the genome in hand."""

import asyncio
import time
from collections.abc import Iterator
from uuid import UUID

import pytest
from canheal_cli.stack import Stack
from canheal_schemas import HEAVY_SERVICES, VariantsAnnotated, heavy_topic
from canheal_schemas.identifiers import sample_id

from cohort import Cohort
from genome import genome_vcf, metadata
from hospital import Hospital
from wire import about, announced_twice, by_event, finals, records, settle

RECORDS = 800_000
"""Some 9 MB as gzip: enough for the heavy lane."""
PANELS = 8
SITE = "EE-GENOME"


@pytest.fixture(scope="module")
def genome() -> bytes:
    return genome_vcf(RECORDS)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A platform of its own: its heavy lane is killed."""
    with Stack(tmp_path_factory.mktemp("heavy"), print, stores=(None, None)) as stack:
        stack.wait_ready()
        yield stack


async def in_hand(stack: Stack, slot: str, within_seconds: float = 120) -> None:
    """Wait until the worker has a decrypted file in its scratch folder."""
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        if any((stack.data / "scratch" / slot).glob("*/*/*")):
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"{slot} took nothing in hand in {within_seconds} s")


def stored_at(stack: Stack, samples: list[UUID]) -> dict[UUID, float]:
    """When each sample's variants were stored as said."""
    said = records(stack.addresses.kafka_bootstrap_servers, [VariantsAnnotated.topic.name])
    return {UUID(one.key.decode()): one.envelope.occurred_at.timestamp() for one in about(said, samples)}


async def test_panels_sent_after_a_genome_are_done_before_it_and_a_killed_heavy_lane_loses_nothing(
    own: Stack, genome: bytes, cohort: Cohort
) -> None:
    bootstrap = own.addresses.kafka_bootstrap_servers
    slot = "annotate-heavy-0"
    async with Hospital(own.addresses.services) as hospital:
        (large,) = await hospital.send_all([(metadata("G1", SITE), genome)], 1)
        await in_hand(own, slot)
        panels = await hospital.send_all(cohort.submissions()[:PANELS], 4)
        own.supervisor.kill(slot)
        await hospital.closed(panels, within_seconds=60)
        versions = (await hospital.closed([large], within_seconds=300))[large]
        report = await hospital.document(versions[-1])
    settle(bootstrap, within_seconds=30)
    found = about(records(bootstrap), [large, *panels])

    assert large == sample_id(SITE, "G1")
    assert report["variants"]["counts"]["records"] > 0.9 * RECORDS
    assert [score["status"] for score in report["risk"]["scores"]] == ["scored"]
    assert own.supervisor.slots[slot].restarts == 1
    assert all(len(ids) == 1 for ids in finals(found, [large, *panels]).values())
    assert not announced_twice(found)
    assert all(len(said) == 1 for said in by_event(found).values()), "bytes changed on the way"
    lanes = [heavy_topic(service).name for service in HEAVY_SERVICES]
    assert {record.key for record in found if record.topic in lanes} == {str(large).encode()}
    assert {record.topic for record in found} >= {*lanes}
    moments = stored_at(own, [large, *panels])
    assert max(moments[panel] for panel in panels) < moments[large], "a panel waited for the genome"
