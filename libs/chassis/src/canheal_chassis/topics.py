"""The topics that a process needs, looked for before it starts.

A worker that starts without one of them would idle without a word, and not see the topic when it is made
later; in one with other partitions a sample's events would lie elsewhere than the contract says.
"""

from collections.abc import Mapping

from canheal_process.errors import TopicsAbsent
from canheal_schemas import CHANNELS, Topic


def needed(service: str) -> list[Topic]:
    """The topics on which a service speaks or that it reads."""
    return [channel.topic for channel in CHANNELS if service in {*channel.said_by, *channel.read_by}]


def demand(service: str, there: Mapping[str, int]) -> None:
    """Compare what a service needs with the broker's topics and their numbers of partitions.

    Raises:
        TopicsAbsent: one is missing, or has another number of partitions.
    """
    wrong = [
        f"{topic.name} {f'has {there[topic.name]} partitions' if topic.name in there else 'is missing'}"
        for topic in needed(service)
        if there.get(topic.name) != topic.partitions
    ]
    if wrong:
        expected = ", ".join(sorted({str(topic.partitions) for topic in needed(service)}))
        raise TopicsAbsent(
            f"{service} cannot start on this broker: {'; '.join(wrong)}; expected {expected} partitions "
            "each. `canheal topics apply` makes what is missing; one with other partitions must be made anew."
        )
