"""The stream as the broker holds it: every record, and how far each service's group has come."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from canheal_cli.processes import Process
from canheal_cli.stack import Stack
from canheal_cli.topics import admin_client
from canheal_process.errors import Unreachable
from canheal_schemas import (
    HEAVY_SERVICES,
    INPUTS,
    STREAM_SERVICES,
    TOPICS,
    Envelope,
    Lane,
    ReportIssued,
    ReportStatus,
    deadletter_topic,
    heavy_topic,
    retry_topic,
)
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import MemberToRemove, OffsetSpec

ALL_TOPICS: Final = tuple(topic.name for topic in TOPICS)
DEAD_LETTERS: Final = tuple(deadletter_topic(service).name for service in STREAM_SERVICES)
LOOK_SECONDS: Final = 0.5


class NotSettled(TimeoutError):
    """Services still have events before them."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its place, its bytes, its headers."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    timestamp_ms: int = 0

    @property
    def envelope(self) -> Envelope:
        return Envelope.from_headers(self.headers)

    @property
    def said(self) -> tuple[str, bytes, bytes, tuple[tuple[str, bytes], ...]]:
        """What must be the same whenever this event is said again, or passed on to a heavy lane."""
        return self.envelope.event_type, self.key, self.value, self.headers


def records(bootstrap: str, topics: Iterable[str] = ALL_TOPICS) -> list[Record]:
    """Every record of these topics that the broker holds now, partition by partition."""
    consumer: Any = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    try:
        places = [
            TopicPartition(topic, number)
            for topic in topics
            for number in consumer.partitions_for_topic(topic) or ()
        ]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        found: list[Record] = []
        while any(consumer.position(place) < end for place, end in ends.items()):
            batches = consumer.poll(timeout_ms=500)
            found.extend(_record(record) for batch in batches.values() for record in batch)
        return found
    finally:
        consumer.close()


def _record(record: Any) -> Record:
    return Record(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key or b"",
        value=record.value or b"",
        headers=tuple(record.headers),
        timestamp_ms=record.timestamp,
    )


def about(found: Iterable[Record], samples: Iterable[UUID]) -> list[Record]:
    """The records of these samples: other tests speak on the same topics."""
    keys = {str(sample).encode() for sample in samples}
    return [record for record in found if record.key in keys]


def by_event(found: Iterable[Record]) -> dict[UUID, set[Any]]:
    """Of every event id what was said under it: one thing, however often."""
    said: dict[UUID, set[Any]] = defaultdict(set)
    for record in found:
        said[record.envelope.event_id].add(record.said)
    return dict(said)


def reports(found: Iterable[Record]) -> dict[UUID, list[tuple[UUID, ReportIssued]]]:
    """Of every sample the events that announced a report version, each event id once."""
    issued: dict[UUID, dict[UUID, ReportIssued]] = defaultdict(dict)
    for record in found:
        if record.topic == ReportIssued.topic.name:
            event = ReportIssued.model_validate_json(record.value)
            issued[event.sample][record.envelope.event_id] = event
    return {sample: list(events.items()) for sample, events in issued.items()}


def finals(found: Iterable[Record], samples: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """Of each of these samples the ids of the final report versions."""
    issued = reports(found)
    return {
        sample: {e.report_id for _, e in issued.get(sample, []) if e.status is ReportStatus.FINAL}
        for sample in samples
    }


def announced_twice(found: Iterable[Record]) -> set[UUID]:
    """Report versions that two different events announce."""
    said = Counter(event.report_id for events in reports(found).values() for _, event in events)
    return {report for report, count in said.items() if count > 1}


def settle(bootstrap: str, within_seconds: float) -> None:
    """Return when no service has an event before it or in hand.

    Commits are read before the ends: an end that all commits have reached has nothing behind it that could
    still speak.

    Raises:
        NotSettled: it takes longer; with what is behind.
    """
    deadline = time.monotonic() + within_seconds
    while behind := _behind(bootstrap):
        if time.monotonic() > deadline:
            raise NotSettled(f"after {within_seconds:.0f} s still to be handled: {behind}")
        time.sleep(LOOK_SECONDS)


def _behind(bootstrap: str) -> dict[str, int]:
    try:
        return _lags(bootstrap)
    except Unreachable:  # a broker short of breath; whoever waits asks again
        return {"the broker": 1}


def _lags(bootstrap: str) -> dict[str, int]:
    with admin_client(bootstrap) as admin:
        groups = {_group(service): _places(service) for service in STREAM_SERVICES}
        groups |= {_group(service, Lane.HEAVY): _places(service, Lane.HEAVY) for service in HEAVY_SERVICES}
        committed = admin.list_group_offsets(groups)
        every = {place for places in groups.values() for place in places}
        ends = admin.list_partition_offsets(dict.fromkeys(every, OffsetSpec.LATEST))
    lags = {
        group: sum(ends[place].offset - _offset(committed[group], place) for place in places)
        for group, places in groups.items()
    }
    return {group: lag for group, lag in lags.items() if lag}


def _offset(committed: Mapping[Any, Any], place: Any) -> int:
    known = committed.get(place)
    return max(0, known.offset) if known else 0


def rewind(stack: Stack) -> None:
    """Stop the workers, set their groups back to the first record of every topic, start them again."""
    slots = [
        slot for process in stack.processes if process.service in STREAM_SERVICES for slot in process.ids
    ]
    specs = [stack.supervisor.slots[slot].child.spec for slot in slots]
    stack.supervisor.stop(slots)
    with admin_client(stack.addresses.kafka_bootstrap_servers) as admin:
        for process in stack.processes:
            if process.service in STREAM_SERVICES:
                _set_back(admin, process)
    stack.supervisor.start(specs)
    stack.wait_ready()


def _set_back(admin: Any, process: Process) -> None:
    group, places = _group(process.service, process.lane), _places(process.service, process.lane)
    admin.remove_group_members(group, [MemberToRemove(group_instance_id=member) for member in process.ids])
    answers = admin.reset_group_offsets(group, dict.fromkeys(places, OffsetSpec.EARLIEST))
    refused = {str(place): answer["error"] for place, answer in answers.items() if answer["error"].errno}
    if refused:
        raise RuntimeError(f"the offsets of {group} were not set back: {refused}")


def _group(service: str, lane: Lane = Lane.COMMON) -> str:
    return Process(f"canheal-{service}", lane=lane).name


def _places(service: str, lane: Lane = Lane.COMMON) -> list[Any]:
    if lane is Lane.HEAVY:
        read = [heavy_topic(service)]
    else:
        read = [event.topic for event in INPUTS[service]] + [retry_topic(service)]
    if service == "report":
        read += [deadletter_topic(other) for other in STREAM_SERVICES if other != service]
    return [TopicPartition(topic.name, number) for topic in read for number in range(topic.partitions)]
