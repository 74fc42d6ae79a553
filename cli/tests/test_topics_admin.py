import time
from dataclasses import replace
from datetime import timedelta

import pytest
from canheal_cli.embedded.kafka import EmbeddedKafka
from canheal_cli.errors import TopicsDifferError
from canheal_cli.topics import TopicState, apply_topics, standings
from canheal_process.errors import Unreachable
from canheal_schemas import TOPICS, RiskScored, Topic
from kafka import KafkaProducer

pytestmark = pytest.mark.stack


@pytest.fixture
def topic(request) -> Topic:
    return Topic(name=f"trial.{request.node.name[:60]}.v1", key="sample", meaning="a trial", partitions=2)


def states(kafka: EmbeddedKafka, topic: Topic) -> list[TopicState]:
    return [standing.state for standing in standings(kafka.bootstrap, [topic])]


def test_every_topic_of_the_contract_is_made_as_agreed(kafka: EmbeddedKafka) -> None:
    apply_topics(kafka.bootstrap)
    assert {standing.state for standing in standings(kafka.bootstrap)} == {TopicState.AS_AGREED}
    assert len(standings(kafka.bootstrap)) == len(TOPICS)


def test_applying_twice_changes_nothing(kafka: EmbeddedKafka, topic: Topic) -> None:
    (before,) = apply_topics(kafka.bootstrap, [topic])
    (after,) = apply_topics(kafka.bootstrap, [topic])
    assert (before.state, after.state) == (TopicState.MISSING, TopicState.AS_AGREED)


def test_changed_settings_are_mended(kafka: EmbeddedKafka, topic: Topic) -> None:
    apply_topics(kafka.bootstrap, [replace(topic, retention=timedelta(days=1))])
    assert states(kafka, topic) == [TopicState.SETTINGS_DIFFER]
    apply_topics(kafka.bootstrap, [topic])
    assert states(kafka, topic) == [TopicState.AS_AGREED]


def test_another_number_of_partitions_is_refused(kafka: EmbeddedKafka, topic: Topic) -> None:
    apply_topics(kafka.bootstrap, [replace(topic, partitions=3)])
    with pytest.raises(TopicsDifferError, match=r"has 3 \(contract: 2\)"):
        apply_topics(kafka.bootstrap, [topic])


def test_an_absent_broker_is_named() -> None:
    with pytest.raises(Unreachable, match=r"No Kafka broker answers at 127\.0\.0\.1:9"):
        standings("127.0.0.1:9")


@pytest.mark.parametrize("hours_wrong", [-9 * 24, 9 * 24])
def test_a_writer_whose_clock_is_wrong_is_heard_and_its_records_age_by_the_brokers(
    kafka: EmbeddedKafka, hours_wrong: int
) -> None:
    apply_topics(kafka.bootstrap)
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, acks="all")
    now = time.time() * 1000
    try:
        sent = producer.send(RiskScored.topic.name, b"x", timestamp_ms=int(now + hours_wrong * 3_600_000))
        assert abs(sent.get(timeout=10).timestamp - now) < 60_000
    finally:
        producer.close()
