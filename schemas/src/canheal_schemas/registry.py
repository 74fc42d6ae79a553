"""The whole contract on one screen: which service says and reads which event on which topic."""

from dataclasses import dataclass

from canheal_schemas.consent import ConsentChanged
from canheal_schemas.deadletter import DeadLettered, deadletter_topic, retry_topic
from canheal_schemas.erasure import ErasureRequested, SubjectErased
from canheal_schemas.event import Event
from canheal_schemas.lane import heavy_topic
from canheal_schemas.report import ReportIssued
from canheal_schemas.risk import RiskScored
from canheal_schemas.sample import SampleReceived
from canheal_schemas.topic import Topic
from canheal_schemas.variants import VariantsAnnotated

STREAM_SERVICES = ("annotate", "prs", "report")
"""Services that consume by group; each has a retry and a dead letter topic."""
HEAVY_SERVICES = ("annotate", "prs")
"""Of these, those that read whole VCFs: each has a heavy lane for genomes."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One topic, what flows on it, who says it and who reads it."""

    topic: Topic
    events: tuple[type[Event], ...]
    said_by: tuple[str, ...]
    read_by: tuple[str, ...]


INPUTS: dict[str, tuple[type[Event], ...]] = {
    "annotate": (SampleReceived,),
    "prs": (VariantsAnnotated,),
    "report": (SampleReceived, VariantsAnnotated, RiskScored),
}
"""What each stream service handles, besides the dead letters that report reads."""

CHANNELS: tuple[Channel, ...] = (
    Channel(ConsentChanged.topic, (ConsentChanged,), ("ingest",), ("ingest", *STREAM_SERVICES)),
    Channel(ErasureRequested.topic, (ErasureRequested,), ("ingest",), ("ingest", *STREAM_SERVICES)),
    Channel(SubjectErased.topic, (SubjectErased,), ("ingest", *STREAM_SERVICES), ("ingest",)),
    Channel(SampleReceived.topic, (SampleReceived,), ("ingest",), ("annotate", "report")),
    Channel(VariantsAnnotated.topic, (VariantsAnnotated,), ("annotate",), ("prs", "report", "ingest")),
    Channel(RiskScored.topic, (RiskScored,), ("prs",), ("report", "ingest")),
    Channel(ReportIssued.topic, (ReportIssued,), ("report",), ("subscribers", "ingest")),
    *(
        Channel(deadletter_topic(service), (DeadLettered,), (service,), ("report", "ingest", "people"))
        for service in STREAM_SERVICES
    ),
    *(Channel(retry_topic(service), INPUTS[service], ("people",), (service,)) for service in STREAM_SERVICES),
    *(Channel(heavy_topic(service), INPUTS[service], (service,), (service,)) for service in HEAVY_SERVICES),
)

TOPICS: tuple[Topic, ...] = tuple(channel.topic for channel in CHANNELS)
"""Every topic, as `canheal topics apply` makes it."""

EVENTS: dict[str, type[Event]] = {
    channel.topic.name: channel.events[0]
    for channel in CHANNELS
    if not channel.topic.name.endswith((".retry.v1", ".heavy.v1"))
}
"""Event class by event type."""
