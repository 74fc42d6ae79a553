"""The registry holds the whole contract: every event has a channel, every channel is whole."""

import inspect

import canheal_schemas
import pytest
from canheal_genome.builds import Build
from canheal_schemas import (
    CHANNELS,
    EVENTS,
    HEAVY_SERVICES,
    INPUTS,
    STREAM_SERVICES,
    TOPICS,
    Cleanup,
    DeadLettered,
    Event,
    GenomeBuild,
    SampleEvent,
    deadletter_topic,
    heavy_topic,
    retry_topic,
)
from canheal_schemas.asyncapi import ROLES
from canheal_schemas.registry import Channel

ABSTRACT = {Event, SampleEvent}


def subclasses(kind: type[Event]) -> set[type[Event]]:
    return {kind}.union(*(subclasses(child) for child in kind.__subclasses__()))


def test_every_event_class_of_the_package_flows_on_a_channel() -> None:
    ours = {event for event in subclasses(Event) if event.__module__.startswith("canheal_schemas.")}
    assert ours - ABSTRACT == {event for channel in CHANNELS for event in channel.events}


def test_every_topic_is_named_once_and_carries_its_version() -> None:
    names = [topic.name for topic in TOPICS]
    assert len(names) == len(set(names))
    assert all(name.startswith("canheal.") and name.endswith(".v1") for name in names)


def test_a_topic_has_twelve_partitions_for_ever() -> None:
    assert {topic.partitions for topic in TOPICS} == {12}


def test_a_class_is_found_by_the_type_that_its_events_name() -> None:
    for name, event in EVENTS.items():
        assert event is DeadLettered or event.topic.name == name
    assert {name for name, event in EVENTS.items() if event is DeadLettered} == {
        deadletter_topic(service).name for service in STREAM_SERVICES
    }


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.topic.name)
def test_a_channel_says_who_speaks_and_who_listens_and_its_key_is_a_field(channel: Channel) -> None:
    assert channel.events
    assert {*channel.said_by, *channel.read_by} <= ROLES.keys()
    assert channel.said_by
    assert channel.read_by
    assert all(channel.topic.key in event.model_fields for event in channel.events)


def test_what_a_service_handles_is_what_it_reads() -> None:
    assert tuple(INPUTS) == STREAM_SERVICES
    for service, inputs in INPUTS.items():
        own = [c for c in CHANNELS if service in c.read_by and c.topic.name != retry_topic(service).name]
        read = {event for channel in own for event in channel.events if channel.topic.cleanup != "compact"}
        assert read - {DeadLettered} == set(inputs)
        retry = next(c for c in CHANNELS if c.topic == retry_topic(service))
        assert retry.events == inputs


def test_every_stream_service_has_a_retry_and_a_dead_letter_topic() -> None:
    for service in STREAM_SERVICES:
        assert {retry_topic(service), deadletter_topic(service)} <= set(TOPICS)


def test_a_heavy_lane_carries_what_its_service_reads_and_says_no_type_of_its_own() -> None:
    for service in HEAVY_SERVICES:
        lane = next(c for c in CHANNELS if c.topic == heavy_topic(service))
        assert (lane.events, lane.said_by, lane.read_by) == (INPUTS[service], (service,), (service,))
        assert lane.topic.name not in EVENTS


def test_what_a_reader_looks_up_is_compacted_and_everything_else_is_forgotten_in_a_week() -> None:
    compacted = {topic.name for topic in TOPICS if topic.cleanup is Cleanup.COMPACT}
    assert compacted == {
        "canheal.consent.changed.v1",
        "canheal.erasure.requested.v1",
        "canheal.report.issued.v1",
    }
    for topic in TOPICS:
        retention = "delete.retention.ms" if topic.name in compacted else "retention.ms"
        assert topic.configs[retention] == str(7 * 24 * 3600 * 1000)
        assert topic.configs["cleanup.policy"] == topic.cleanup


def test_the_builds_are_those_that_the_genome_knows() -> None:
    assert [build.value for build in GenomeBuild] == [build.value for build in Build]


def test_the_package_names_all_that_it_offers() -> None:
    offered = {
        name
        for name, value in vars(canheal_schemas).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert sorted(offered) == sorted(canheal_schemas.__all__)
