"""A topic is part of the contract: its name, key, partitions and clean-up stand beside the event's class."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

PARTITIONS = 12
"""Fixed for a topic version: a changed count would move keys between partitions."""

BROKERS_CLOCK = {"message.timestamp.type": "LogAppendTime"}
"""A record's age is by the broker's clock. By the writer's, one whose clock is an hour ahead could say
nothing, and what one says whose clock is a week behind would be forgotten at once."""


class Cleanup(StrEnum):
    """How Kafka forgets."""

    DELETE = "delete"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class Topic:
    """A Kafka topic as the admin step makes it."""

    name: str
    """Full name; its suffix `.v1` is the only version of the contract."""
    key: str
    """The event's field that is the record's key."""
    meaning: str
    cleanup: Cleanup = Cleanup.DELETE
    retention: timedelta = timedelta(days=7)
    """How long a record stays; of a compacted topic: how long a tombstone stays visible."""
    partitions: int = PARTITIONS

    @property
    def configs(self) -> dict[str, str]:
        """The topic's settings by Kafka's names."""
        milliseconds = str(int(self.retention.total_seconds() * 1000))
        if self.cleanup is Cleanup.COMPACT:
            return BROKERS_CLOCK | {
                "cleanup.policy": "compact",
                "delete.retention.ms": milliseconds,
                "max.compaction.lag.ms": milliseconds,
            }
        return BROKERS_CLOCK | {"cleanup.policy": "delete", "retention.ms": milliseconds}
