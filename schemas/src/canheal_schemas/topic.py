"""A topic is part of the contract: its name, key, partitions and clean-up stand beside the event's class."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

PARTITIONS = 12
"""Fixed for a topic version: a changed count would move keys between partitions."""


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
            return {
                "cleanup.policy": "compact",
                "delete.retention.ms": milliseconds,
                "max.compaction.lag.ms": milliseconds,
            }
        return {"cleanup.policy": "delete", "retention.ms": milliseconds}
