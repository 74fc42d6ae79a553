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
├── TopicsAbsent           the broker has not the topics that a process needs: it does not start
├── Duplicate              the outcome of this input is stored already: adopt it
├── Conflict               a shared document was changed meanwhile: run again
├── ChildDied              the science ended its pool process: counts as a failed try
├── Erased                 the subject was erased
├── ConsentOutOfDate       this process cannot know whether its consents are those in force
├── NoSuchDeadLetter       no open dead letter has this id
├── MendRefused            what should replace a dead letter's body is no event that the service could take
├── BodyWithheld           consent does not allow that a person reads a dead letter's body
└── CrossSite              another site's page in somebody's browser asks for a change
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
    remedy: ClassVar[str] = "Ask whoever looks after the platform; this error has no rule of its own."
    """What a person does about the dead letter; docs/operations.md says it at length."""


class Undecodable(EventRefused):
    """Headers or body are not what the contract says."""

    slug = "undecodable"
    remedy = (
        "Find who writes to that topic. Where the reader is older than the writer, update it and retry; "
        "else mend the body, or drop it and have it said again."
    )


class UnknownEventType(EventRefused):
    """Nobody here handles this type; a newer version of the platform may."""

    slug = "unknown-event-type"
    remedy = (
        "Update the service to a version that knows this type, then retry; drop it where nobody should "
        "have said it."
    )


class EventTooLarge(EventRefused):
    """A result is larger than an event may be."""

    slug = "event-too-large"
    remedy = (
        "Retry after an update that makes the result smaller; the sample's size tells the developers why."
    )


class CrashedWorker(EventRefused):
    """The event ended its worker's process three times."""

    slug = "crashed-worker"
    remedy = (
        "Look in the kernel's log for the end of the process (memory is the usual cause), give it more, "
        "then retry."
    )


class HandlerFailed(EventRefused):
    """The handler raised on every try."""

    slug = "handler-failed"
    remedy = "Mend what the message names (bundle, score file, code, or the event's own body), then retry."


class ChildDied(PlatformError):
    """The function ended its process in the pool, alone and twice."""

    slug = "child-died"


class BlobDamaged(EventRefused):
    """A blob is absent or its bytes are not those that were stored."""

    slug = "blob-damaged"
    remedy = "Restore the blob store and retry; else drop it and let the hospital send the sample again."


class TopicsAbsent(PlatformError):
    """The broker lacks topics that the process needs, or they have other partitions: make them first."""

    slug = "topics-absent"
    status = 503
    exit_code = 78


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


class MendRefused(PlatformError):
    """What should replace a dead letter's body is no event that the service could take."""

    slug = "mend-refused"
    status = 422
    exit_code = 65


class BodyWithheld(PlatformError):
    """The person's consent in force does not allow that anyone reads the body of this dead letter."""

    slug = "body-withheld"
    status = 403
    exit_code = 77


class CrossSite(PlatformError):
    """A page of another site, open in somebody's browser, asked for a change."""

    slug = "cross-site"
    status = 403


def dead_letter_error(slug: str) -> type[EventRefused]:
    """The error that a dead letter names; one that this version does not know is any refusal."""
    kinds = [EventRefused]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return next((kind for kind in kinds if kind.slug == slug), EventRefused)
