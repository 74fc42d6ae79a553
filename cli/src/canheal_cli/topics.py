"""The admin step: makes the contract's topics before any worker starts, and mends their settings."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from canheal_process.errors import Unreachable
from canheal_schemas import TOPICS, Topic
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from canheal_cli.errors import TopicsDifferError
from canheal_cli.ports import answers

BROKERS_CHOICE = -1
"""Replicas as the broker's `default.replication.factor` says: 1 embedded, 3 in production."""


class TopicState(StrEnum):
    """How a topic of the contract stands on the broker."""

    AS_AGREED = "as agreed"
    MISSING = "missing"
    SETTINGS_DIFFER = "settings differ"
    PARTITIONS_DIFFER = "partitions differ"


@dataclass(frozen=True)
class Standing:
    """One topic of the contract and how it stands."""

    topic: Topic
    state: TopicState
    partitions: int = 0


def standings(bootstrap: str, topics: Sequence[Topic] = TOPICS) -> list[Standing]:
    """Compare the contract with the broker."""
    with admin_client(bootstrap) as admin:
        return _standings(admin, topics)


def apply_topics(bootstrap: str, topics: Sequence[Topic] = TOPICS) -> list[Standing]:
    """Make what is missing, mend settings; returns how the topics stood before.

    Raises:
        TopicsDifferError: a topic has another number of partitions; changing it would move keys.
    """
    with admin_client(bootstrap) as admin:
        found = _standings(admin, topics)
        wrong = [s for s in found if s.state is TopicState.PARTITIONS_DIFFER]
        if wrong:
            text = ", ".join(
                f"{s.topic.name} has {s.partitions} (contract: {s.topic.partitions})" for s in wrong
            )
            raise TopicsDifferError(
                f"Partitions differ from the contract: {text}. A topic version's partitions are fixed, for"
                " keys would move. Use another broker, or delete these topics if their data may go."
            )
        _create(admin, [s.topic for s in found if s.state is TopicState.MISSING])
        _mend(admin, [s.topic for s in found if s.state is TopicState.SETTINGS_DIFFER])
        return found


@contextmanager
def admin_client(bootstrap: str) -> Iterator[Any]:
    """A connected admin client.

    Raises:
        Unreachable: no broker answers there.
    """
    if not any(answers(address) for address in bootstrap.split(",")):  # kafka-python would leave sockets open
        raise Unreachable(f"No Kafka broker answers at {bootstrap}. Is the platform up (`canheal up`)?")
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=5000)
    except KafkaError as error:
        raise Unreachable(f"What answers at {bootstrap} does not do so as a Kafka broker: {error}") from error
    try:
        yield admin
    except KafkaError as error:
        raise Unreachable(f"The Kafka broker at {bootstrap} did not do what was asked: {error}") from error
    finally:
        admin.close()


def _standings(admin: Any, topics: Sequence[Topic]) -> list[Standing]:
    there = set(admin.list_topics())
    known = [topic for topic in topics if topic.name in there]
    partitions = {d["name"]: len(d["partitions"]) for d in _described(admin, known)}
    settings = _settings(admin, known)
    return [_standing(topic, partitions.get(topic.name), settings.get(topic.name, {})) for topic in topics]


def _standing(topic: Topic, partitions: int | None, settings: dict[str, str]) -> Standing:
    if partitions is None:
        return Standing(topic, TopicState.MISSING)
    if partitions != topic.partitions:
        return Standing(topic, TopicState.PARTITIONS_DIFFER, partitions)
    same = settings.items() >= topic.configs.items()
    return Standing(topic, TopicState.AS_AGREED if same else TopicState.SETTINGS_DIFFER, partitions)


def _described(admin: Any, topics: Sequence[Topic]) -> list[dict[str, Any]]:
    return list(admin.describe_topics([topic.name for topic in topics])) if topics else []


def _settings(admin: Any, topics: Sequence[Topic]) -> dict[str, dict[str, str]]:
    if not topics:
        return {}
    wanted = [ConfigResource(ConfigResourceType.TOPIC, topic.name) for topic in topics]
    found = admin.describe_configs(wanted, config_filter="all")["topic"]
    return {name: {key: entry["value"] for key, entry in entries.items()} for name, entries in found.items()}


def _create(admin: Any, topics: Sequence[Topic]) -> None:
    if topics:
        admin.create_topics(
            {
                topic.name: {
                    "num_partitions": topic.partitions,
                    "replication_factor": BROKERS_CHOICE,
                    "configs": topic.configs,
                }
                for topic in topics
            },
            wait_for_metadata=True,
        )


def _mend(admin: Any, topics: Sequence[Topic]) -> None:
    if topics:
        admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=topic.configs) for topic in topics]
        )
