"""One tree of errors; HTTP, the stream and the command line read the same attributes.

What the vault raises carries them too; `workplace.unsealing` gives it the meaning that it has for an event.

PlatformError
├── Unreachable            broker, database or blob store does not answer: tried again for ever
├── EventRefused           an event that cannot be handled: dead letter
│   ├── Undecodable        headers or body are not what the contract says
│   ├── UnknownEventType   nobody here handles this type
│   ├── EventTooLarge      a result is too large for the stream
│   ├── CrashedWorker      the event ended its worker's process again and again
│   ├── HandlerFailed      the handler raised on every try
│   └── BlobDamaged        a blob is absent or its bytes are not those that were stored
├── Duplicate              the outcome of this input is stored already: adopt it
├── Conflict               a shared document was changed meanwhile: run again
├── ChildDied              the science ended its pool process: counts as a failed try
├── Erased                 the subject was erased
├── ConsentOutOfDate       this process cannot know whether its consents are those in force
└── NoSuchDeadLetter       no open dead letter has this id
"""

import math
from typing import ClassVar


class PlatformError(Exception):
    """An error that a person or another program reads."""

    slug: ClassVar[str] = "platform-error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1


class ConsentOutOfDate(PlatformError):
    """No contact with the broker for too long: another consent may be in force than the one known here."""

    slug = "consent-out-of-date"
    status = 503
    retryable = True
    exit_code = 75

    def __init__(self, age_seconds: float) -> None:
        since = "since this process started" if math.isinf(age_seconds) else f"for {age_seconds:.0f} s"
        super().__init__(
            f"Whether the person's consent is still in force cannot be known here: no contact with the "
            f"broker {since}. Nothing personal is shown meanwhile; ask again."
        )


class Unreachable(PlatformError):
    """Broker, database or blob store does not answer; the same call may succeed later."""

    slug = "unreachable"
    status = 503
    retryable = True
    exit_code = 75


class EventRefused(PlatformError):
    """An event that cannot be handled; it becomes a dead letter."""

    slug = "event-refused"


class Undecodable(EventRefused):
    """Headers or body are not what the contract says."""

    slug = "undecodable"


class UnknownEventType(EventRefused):
    """Nobody here handles this type; a newer version of the platform may."""

    slug = "unknown-event-type"


class EventTooLarge(EventRefused):
    """A result is larger than an event may be."""

    slug = "event-too-large"


class CrashedWorker(EventRefused):
    """The event ended its worker's process three times."""

    slug = "crashed-worker"


class HandlerFailed(EventRefused):
    """The handler raised on every try."""

    slug = "handler-failed"


class ChildDied(PlatformError):
    """The function ended its process in the pool, alone and twice."""

    slug = "child-died"


class BlobDamaged(EventRefused):
    """A blob is absent or its bytes are not those that were stored."""

    slug = "blob-damaged"


class Duplicate(PlatformError):
    """The outcome of this input is stored already."""

    slug = "duplicate"
    status = 409


class Conflict(PlatformError):
    """A shared document was changed by another event meanwhile; the handler runs again on the new state."""

    slug = "conflict"
    status = 503
    retryable = True


class Erased(PlatformError):
    """The subject was erased; nothing of it is handled any more."""

    slug = "erased"
    status = 410


class NoSuchDeadLetter(PlatformError):
    """No open dead letter of this service has this id."""

    slug = "no-such-dead-letter"
    status = 404
    exit_code = 66
