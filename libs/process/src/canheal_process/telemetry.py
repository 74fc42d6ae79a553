"""What operators see: counters and histograms by Prometheus' names, and JSON logs of ids and counts.

A log line never carries a genotype, a name, a document or an event's body: its fields come from `FIELDS`.
"""

import logging
import sys
from typing import Literal, get_args

import structlog
from prometheus_client import Counter, Gauge, Histogram
from structlog.typing import EventDict, WrappedLogger

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

HANDLED = Counter("canheal_handled", "Events handled to the end", ["service", "event_type"])
ADOPTED = Counter(
    "canheal_adopted", "Events whose stored outcome was published again", ["service", "event_type"]
)
PASSED_ON = Counter(
    "canheal_passed_on", "Events passed on to the service's heavy lane", ["service", "event_type"]
)
FAILED = Counter("canheal_failed", "Handler runs that raised", ["service", "event_type"])
RETRIED = Counter(
    "canheal_retried", "Attempts begun anew because something did not answer", ["service", "why"]
)
DEAD = Counter("canheal_dead_letters", "Events given up on", ["service", "error"])
WITHHELD = Counter("canheal_withheld", "Events that consent refused", ["service", "event_type"])
HANDLING_SECONDS = Histogram(
    "canheal_handling_seconds", "From decoded to published", ["service", "event_type"], buckets=SECONDS
)
END_TO_END_SECONDS = Histogram(
    "canheal_end_to_end_seconds",
    "From the input's record to published",
    ["service", "event_type"],
    buckets=SECONDS,
)
LAG = Gauge("canheal_lag", "Records of a topic that this process has yet to handle", ["service", "topic"])
CONSENT_IN_FORCE_SECONDS = Histogram(
    "canheal_consent_in_force_seconds",
    "From a consent recorded by ingest to applied by this process",
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0, 10.0, 60.0),
)
LOOKUP_UNREADABLE = Counter("canheal_lookup_unreadable", "Look-up records that could not be read", ["topic"])

EventName = Literal[
    "audit-head",
    "started",
    "stopped",
    "handled",
    "passed-on",
    "handler-failed",
    "retrying",
    "dead-letter",
    "consent-awaited",
    "lookup-interrupted",
    "lookup-unreadable",
    "pool-renewed",
    "producer-renewed",
    "relay-interrupted",
    "superseded",
    "lease-taken",
    "lease-lost",
    "erased",
    "erasure-interrupted",
    "fatal",
]
FIELDS = frozenset(
    {
        "service",
        "instance",
        "event_type",
        "event_id",
        "root_id",
        "correlation_id",
        "topic",
        "partition",
        "offset",
        "seconds",
        "attempt",
        "error",
        "where",
        "consent_version",
        "count",
        "head",
        "why",
    }
)
_NAMES = frozenset(get_args(EventName))


def log(event: EventName, **fields: str | float | None) -> None:
    """One line; a field that is not on the list is refused, so that nothing personal slips in.

    Raises:
        ValueError: an event name or a field is not on the lists.
    """
    unknown = set(fields) - FIELDS
    if event not in _NAMES or unknown:
        msg = f"log line {event!r} with fields {sorted(unknown)} is not on the lists of telemetry.py"
        raise ValueError(msg)
    structlog.get_logger().info(event, **fields)


def bind(**fields: str | int | None) -> None:
    """Fields that every line of the event in hand carries."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**fields)


class Sparing(logging.Filter):
    """Lets a library say the same thing once in so many seconds: an outage must not flood the disk."""

    def __init__(self, seconds: float = 10.0) -> None:
        super().__init__()
        self._seconds = seconds
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        place = f"{record.name}:{record.lineno}"
        if record.created - self._last.get(place, 0.0) < self._seconds:
            return False
        self._last[place] = record.created
        return True


def _named(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    record = fields.get("_record")
    if isinstance(record, logging.LogRecord):
        fields["logger"] = record.name
    return fields


def set_up_logs(level: str, **always: str) -> None:
    """JSON lines on stdout, for our own log and for the libraries'."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        lambda _, __, fields: {**fields, **always},
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(Sparing())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _named],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
