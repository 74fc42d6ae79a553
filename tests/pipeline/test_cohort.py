"""200 real tumours through all four services, and then everything once more from the beginning."""

from pathlib import Path
from uuid import UUID

from canheal_cli.stack import Stack

from cohort import Cohort, read_cohort
from hospital import Hospital
from wire import about, announced_twice, by_event, finals, records, rewind, settle

AT_ONCE = 4
"""Submissions in flight: a few hospitals' worth."""

type Documents = dict[UUID, dict[str, object]]


async def documents(hospital: Hospital, samples: list[UUID]) -> Documents:
    """Every version of every sample, without what is only said when it is served."""
    found: Documents = {}
    for sample in samples:
        for version in await hospital.versions(sample):
            document = await hospital.document(version)
            document.pop("served")
            found[UUID(version["report_id"])] = document
    return found


async def test_two_hundred_tumours_get_one_final_report_each_and_a_replay_of_everything_adds_nothing(
    hospital: Hospital, platform: Stack, cohort: Cohort
) -> None:
    bootstrap = platform.addresses.kafka_bootstrap_servers
    samples = await hospital.send_all(cohort.submissions(), AT_ONCE)
    await hospital.closed(samples, within_seconds=90)
    settle(bootstrap, within_seconds=30)
    before, kept = about(records(bootstrap), samples), await documents(hospital, samples)

    assert len(set(samples)) == 200
    assert all(len(ids) == 1 for ids in finals(before, samples).values())
    assert not announced_twice(before)
    assert all(len(said) == 1 for said in by_event(before).values())

    rewind(platform)
    settle(bootstrap, within_seconds=120)
    after = about(records(bootstrap), samples)

    assert len(after) > len(before), "nothing was said again: the replay did not take place"
    assert by_event(after) == by_event(before), "an event is new, or its bytes changed"
    assert await documents(hospital, samples) == kept, "a report version is new, or its bytes changed"


def test_the_cohort_is_the_same_bytes_every_time_and_counts_the_indels_that_a_vcf_cannot_say(
    cohort: Cohort, test_data: Path
) -> None:
    assert read_cohort(test_data, len(cohort.tumours)) == cohort
    assert cohort.without_anchor > 0
