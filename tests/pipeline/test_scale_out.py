"""The same tumours with 1, 2 and 4 annotate processes; two doors with one relay; members that are lost."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from canheal_cli.stack import Stack
from canheal_schemas import ConsentChanged, SampleReceived, VariantsAnnotated

from cohort import Cohort
from crowd import Crowd, crowd
from hospital import Hospital
from wire import announced_twice, by_event, finals, records, settle

SAMPLES = 40
AT_ONCE = 4
SESSION_SECONDS = 6
BUSY = float(os.environ.get("CANHEAL_BUSY_FACTOR", "4"))
"""Tests share two cores; a quiet machine needs a factor of one."""

type Submissions = list[tuple[dict[str, Any], bytes]]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A platform of its own: processes join it and are lost."""
    with Stack(tmp_path_factory.mktemp("scale"), print, stores=(None, None)) as stack:
        stack.wait_ready(180)
        yield stack


@pytest.fixture
def annotators(own: Stack) -> Iterator[Crowd]:
    with crowd(own, "annotate") as found:
        yield found


@pytest.fixture
def doors(own: Stack) -> Iterator[Crowd]:
    with crowd(own, "ingest") as found:
        yield found


def of_site(cohort: Cohort, site: str, count: int = SAMPLES, **more: Any) -> Submissions:
    return [(tumour.metadata(site) | more, tumour.vcf) for tumour in cohort.tumours[:count]]


def annotated(stack: Stack, samples: set[UUID]) -> dict[UUID, list[VariantsAnnotated]]:
    """What annotate said of each sample, in the order in which the broker has it, each event once."""
    said: dict[UUID, dict[UUID, VariantsAnnotated]] = {}
    for record in records(stack.addresses.kafka_bootstrap_servers, [VariantsAnnotated.topic.name]):
        event = VariantsAnnotated.model_validate_json(record.value)
        if event.sample in samples:
            said.setdefault(event.sample, {}).setdefault(record.envelope.event_id, event)
    return {sample: list(events.values()) for sample, events in said.items()}


async def test_more_processes_share_the_work_evenly_keep_each_samples_order_and_find_the_same(
    own: Stack, annotators: Crowd, cohort: Cohort
) -> None:
    found: dict[int, Any] = {}
    for members in (1, 2, 4):
        while len(annotators.urls) < members:
            annotators.join()
        before = annotators.handled(SampleReceived.topic.name)
        site = f"XX-{members}"
        first, second = of_site(cohort, site), of_site(cohort, site, oncotree_code=None)
        async with Hospital(own.addresses.services) as hospital:
            samples = await hospital.send_all(
                [one for both in zip(first, second, strict=True) for one in both], 1
            )
            await hospital.closed(samples, within_seconds=60 * BUSY)
        settle(own.addresses.kafka_bootstrap_servers, within_seconds=30 * BUSY)
        said = annotated(own, set(samples))

        assert {tuple(event.revision for event in events) for events in said.values()} == {(1, 2)}
        found[members] = sorted(
            (event.context.label, event.revision, [one.model_dump() for one in event.findings])
            for events in said.values()
            for event in events
        )
        after = annotators.handled(SampleReceived.topic.name)
        shares = {slot: after[slot] - before[slot] for slot in after}
        assert sum(shares.values()) == 2 * SAMPLES, shares
        assert min(shares.values()) >= 2 * SAMPLES / members / 3, shares
    assert found[1] == found[2] == found[4]


@pytest.mark.parametrize("loss", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
async def test_the_share_of_a_member_that_is_lost_is_taken_over(
    own: Stack, annotators: Crowd, cohort: Cohort, loss: signal.Signals
) -> None:
    lost = annotators.join()
    os.kill(annotators.pid(lost), loss)
    began = time.monotonic()
    async with Hospital(own.addresses.services) as hospital:
        samples = await hospital.send_all(of_site(cohort, f"YY-{loss.name}"), AT_ONCE)
        await hospital.closed(samples, within_seconds=(SESSION_SECONDS + 2) * BUSY + 20 * BUSY)
    print(f"{loss.name}: all {SAMPLES} reported {time.monotonic() - began:.1f} s after the loss")
    found = records(own.addresses.kafka_bootstrap_servers)
    assert all(len(ids) == 1 for ids in finals(found, samples).values())
    assert not announced_twice(found)


async def test_two_doors_have_one_relay_and_either_may_be_lost(
    own: Stack, doors: Crowd, cohort: Cohort
) -> None:
    other = doors.join()
    services = own.addresses.services
    first, second = doors.pid("ingest-0"), doors.pid(other)
    async with (
        Hospital(services) as at_first,
        Hospital({**services, "ingest-0": doors.urls[other]}) as at_other,
    ):
        samples = await at_other.send_all(of_site(cohort, "ZZ-1", 6), AT_ONCE)
        await at_first.closed(samples, within_seconds=20 * BUSY)
        assert await stage(at_first, samples[0]) == await stage(at_other, samples[0]) == "reported"

        os.kill(first, signal.SIGSTOP)
        try:
            for permitted in ([], ["own-care"], []):
                await at_other.consent("ZZ-1", cohort.tumours[0].label, permitted)
            more = await at_other.send_all(of_site(cohort, "ZZ-2", 6), AT_ONCE)
            await at_other.closed(more, within_seconds=20 * BUSY)
        finally:
            os.kill(first, signal.SIGCONT)
        await at_first.consent("ZZ-1", cohort.tumours[0].label, ["own-care"])
        os.kill(second, signal.SIGKILL)
        last = await at_first.send_all(of_site(cohort, "ZZ-3", 6), AT_ONCE)
        await at_first.closed(last, within_seconds=20 * BUSY)
    found = records(own.addresses.kafka_bootstrap_servers)
    everything = [*samples, *more, *last]
    assert all(len(ids) == 1 for ids in finals(found, everything).values())
    assert all(len(said) == 1 for said in by_event(found).values()), "bytes changed under an event id"
    assert received(found, everything) == dict.fromkeys(everything, 1)
    assert_consents_in_order(found)


async def stage(hospital: Hospital, sample: UUID, within_seconds: float = 10) -> str:
    """How far a sample has come, as this door knows it."""
    deadline = time.monotonic() + within_seconds
    while True:
        answer = await hospital.ask("GET", f"{hospital.ingest}/v1/samples/{sample}")
        state = str(answer.raise_for_status().json()["state"])
        if state == "reported" or time.monotonic() > deadline:
            return state
        await asyncio.sleep(0.05)


def received(found: list[Any], samples: list[UUID]) -> dict[UUID, int]:
    """How many distinct events say that each sample was received."""
    ids: dict[UUID, set[UUID]] = {sample: set() for sample in samples}
    for record in found:
        if record.topic == SampleReceived.topic.name and UUID(record.key.decode()) in ids:
            ids[UUID(record.key.decode())].add(record.envelope.event_id)
    return {sample: len(events) for sample, events in ids.items()}


def assert_consents_in_order(found: list[Any]) -> None:
    """Each person's consent versions appear in their order, and the newest is the last on the wire."""
    said: dict[bytes, list[int]] = {}
    for record in found:
        if record.topic == ConsentChanged.topic.name and record.value:
            event = ConsentChanged.model_validate_json(record.value)
            said.setdefault(record.key, []).append(event.consent_version)
    for versions in said.values():
        assert list(dict.fromkeys(versions)) == sorted(set(versions))
        assert versions[-1] == max(versions)
    assert any(max(versions) > 1 for versions in said.values())
