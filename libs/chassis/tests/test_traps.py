"""faust's first three traps (an event lost by a raise, by a gap, by a stop), each held by the chassis."""

import itertools
import signal
from pathlib import Path

import pytest
from canheal_chassis.service import FATAL
from canheal_chassis.stream import MAX_STARTS
from canheal_process.errors import CrashedWorker
from canheal_schemas import DeadLettered, Purpose, SampleReceived, VariantsAnnotated, deadletter_topic
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.partitioner.default import murmur2
from worker_bench import Bench, consent, sample

pytestmark = pytest.mark.stack


def committed(bench: Bench, group: str, place: TopicPartition) -> int:
    admin = KafkaAdminClient(bootstrap_servers=bench.bootstrap)
    try:
        offsets = admin.list_group_offsets(group)[group]
        return offsets[place].offset if place in offsets else 0
    finally:
        admin.close()


def test_an_error_that_escapes_ends_the_process_and_the_event_comes_again(
    bench: Bench, tmp_path: Path
) -> None:
    bench.say(consent(1, Purpose.OWN_CARE), sample("escapes"))
    worker = bench.start("slow.py", "0", str(tmp_path), "escape")
    assert worker.wait(timeout=30) == FATAL, bench.logs()
    assert bench.said(VariantsAnnotated.topic.name) == []

    bench.start("slow.py", "0", str(tmp_path), "escape")
    bench.wait_for(lambda: len(bench.ids_said(VariantsAnnotated.topic.name)) == 1)


@pytest.mark.parametrize(
    ("kind", "group", "lost"), [("ours", "canheal-gap-ours", False), ("faust", "canheal-gap-plain", True)]
)
def test_nothing_is_committed_beyond_an_event_in_hand(
    bench: Bench, kind: str, group: str, lost: bool
) -> None:
    topic = SampleReceived.topic.name
    producer = KafkaProducer(bootstrap_servers=bench.bootstrap)
    for number in range(8):
        producer.send(topic, value=f"{number}".encode(), partition=0).get(timeout=10)
    producer.close()
    worker = bench.start("gap.py", kind, topic)
    assert worker.wait(timeout=30) == 9, bench.logs()
    assert (committed(bench, group, TopicPartition(topic, 0)) > 1) is lost


def test_told_to_stop_a_worker_finishes_the_event_in_hand(bench: Bench, tmp_path: Path) -> None:
    bench.say(consent(1, Purpose.OWN_CARE), sample("in-hand"))
    worker = bench.start("slow.py", "2", str(tmp_path))
    bench.wait_for((tmp_path / "annotate-0.in-hand").exists)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0, bench.logs()
    assert len(bench.said(VariantsAnnotated.topic.name)) == 1

    (tmp_path / "annotate-0.in-hand").unlink()
    bench.start("slow.py", "0", str(tmp_path))
    bench.say(sample("next"))
    bench.wait_for(
        lambda: len(bench.said(VariantsAnnotated.topic.name)) == 2
    )  # the first was committed: not three


def test_an_event_that_ends_its_worker_three_times_is_a_dead_letter_and_the_others_go_on(
    bench: Bench, tmp_path: Path
) -> None:
    bench.say(consent(1, Purpose.OWN_CARE), sample("poison"), sample("innocent"))
    for _ in range(MAX_STARTS):
        assert bench.start("slow.py", "0", str(tmp_path), "abort").wait(timeout=30) == -signal.SIGABRT
    bench.start("slow.py", "0", str(tmp_path), "abort")
    bench.wait_for(lambda: len(bench.ids_said(deadletter_topic("annotate").name)) == 1)
    letter = DeadLettered.model_validate_json(bench.said(deadletter_topic("annotate").name)[0].value)
    assert (letter.error, letter.sample) == (CrashedWorker.slug, sample("poison").sample)
    bench.wait_for(lambda: len(bench.ids_said(VariantsAnnotated.topic.name)) == 1)


def partition_of(label: str) -> int:
    """Where the producer puts a sample's events."""
    key = str(sample(label).sample).encode()
    return (murmur2(key) & 0x7FFFFFFF) % SampleReceived.topic.partitions


def test_what_ends_its_worker_behind_others_that_are_not_committed_yet_is_a_dead_letter_too(
    bench: Bench, tmp_path: Path
) -> None:
    labels = (f"innocent-{number}" for number in itertools.count())
    before = list(itertools.islice((one for one in labels if partition_of(one) == partition_of("poison")), 2))
    bench.say(consent(1, Purpose.OWN_CARE), *map(sample, before), sample("poison"))
    # The first worker's is no start that counts: there it came behind others without an outcome.
    for _ in range(1 + MAX_STARTS):
        assert bench.start("slow.py", "0", str(tmp_path), "abort").wait(timeout=30) == -signal.SIGABRT
    bench.start("slow.py", "0", str(tmp_path), "abort")
    bench.wait_for(lambda: len(bench.ids_said(deadletter_topic("annotate").name)) == 1)
    letter = DeadLettered.model_validate_json(bench.said(deadletter_topic("annotate").name)[0].value)
    assert (letter.error, letter.sample) == (CrashedWorker.slug, sample("poison").sample)
    assert len(bench.ids_said(VariantsAnnotated.topic.name)) == len(before)
