"""The clock: the one place that knows what time it is, so that a test can stand in for it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)
