"""What may take the place of an event that could not be handled: the same contract, sample and person."""

from uuid import UUID

from canheal_chassis.message import RETRY_OF, Message, places
from canheal_process.errors import MendRefused
from canheal_schemas import (
    EVENTS,
    INPUTS,
    MAX_EVENT_BYTES,
    BlobRef,
    DeadLettered,
    Envelope,
    SampleEvent,
    retry_topic,
)
from canheal_schemas.identifiers import event_id, mended_root
from pydantic import ValidationError

UNMENDED = ("sample", "revision", "subject", "site")
"""What a mended event says of whom and what it is about: as before."""


def mended_event(letter: DeadLettered, original: bytes, content: bytes) -> SampleEvent:
    """The event that takes the place of one that could not be handled.

    Raises:
        MendRefused: its type is not known, it does not keep the contract, nothing changed, or it is about
            another sample, person or blob.
    """
    model = EVENTS.get(letter.input_type)
    if model is None or model not in INPUTS.get(letter.service, ()) or not issubclass(model, SampleEvent):
        raise MendRefused(
            f"an event of type {letter.input_type} cannot be mended for {letter.service}; drop it, and have "
            "what is right said anew"
        )
    if len(content) > MAX_EVENT_BYTES:
        raise MendRefused(f"found more than {MAX_EVENT_BYTES} bytes, which is what an event has at most")
    try:
        mended = model.model_validate_json(content, extra="forbid")
    except ValidationError as error:
        raise MendRefused(f"it is no {letter.input_type}: {places(error)}") from error
    try:
        before: SampleEvent | None = model.model_validate_json(original)
    except ValidationError:
        before = None
    _demand_the_same(letter, before, mended)
    return mended


def _demand_the_same(letter: DeadLettered, before: SampleEvent | None, mended: SampleEvent) -> None:
    if mended == before:
        raise MendRefused("nothing was changed; retry it without a body")
    for name in UNMENDED:
        known, found = getattr(before or letter, name), getattr(mended, name)
        if known is not None and found != known:
            raise MendRefused(f"{name}: found {found}, expected {known}: it stays an event about the same")
    foreign = [ref for _, ref in mended if isinstance(ref, BlobRef) and ref.key_id != mended.subject]
    if foreign:
        raise MendRefused(f"blob {foreign[0].blob_id} is not sealed under this person's key")


def mended_message(letter: UUID, dead: DeadLettered, its: Envelope, mended: SampleEvent) -> Message:
    """The new event on the service's retry topic; it holds no clock, so that sent twice it is the same."""
    value = mended.to_bytes()
    root = mended_root(letter, value)
    envelope = Envelope(
        event_id=event_id(root, dead.service, dead.input_type, mended.event_type),
        root_id=root,
        event_type=mended.event_type,
        correlation_id=its.correlation_id,
        causation_id=letter,
        occurred_at=its.occurred_at,
        site=mended.site,
        traceparent=its.traceparent,
    )
    headers = (*envelope.to_headers(), retry_of(letter))
    return Message(retry_topic(dead.service).name, mended.key, value, headers, compacted=False)


def retry_of(letter: UUID) -> tuple[str, bytes]:
    """The header that names the dead letter which this record takes up again."""
    return RETRY_OF, str(letter).encode()
