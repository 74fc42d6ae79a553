"""At start: the database and the stream agree on consent and erasure, whichever of them was restored.

A database from an older backup learns from the stream what was changed since. A stream that is new, or lost
its end, is told again, byte for byte, what the database knows and it does not: consents, erasures, accepted
samples. The services have the outcomes of most of these already, and say them again.
"""

from collections.abc import Iterable

from canheal_chassis.consent import ConsentProjection
from canheal_chassis.erasure import Eraser
from canheal_chassis.message import Message
from canheal_chassis.outbox import Outbox
from canheal_chassis.outgoing import heads
from canheal_process.store import Store
from canheal_schemas import ConsentChanged, ErasureRequested

from canheal_ingest.announce import sample_received
from canheal_ingest.records import SampleRecord, SubjectRecord, subject_record_id


async def reconcile(store: Store, outbox: Outbox, consent: ConsentProjection, eraser: Eraser) -> None:
    """Take over what the stream knows better, say again what it does not know.

    Raises:
        Unreachable: the database does not answer.
    """
    await _take_over(store, consent.all())
    for message in await heads(store):
        if not _known(message, consent, eraser):
            await outbox.say_again(message)
            await _say_samples_again(message, store, outbox)


async def _take_over(store: Store, said: Iterable[ConsentChanged]) -> None:
    for event in said:
        record, at = await store.read(SubjectRecord, subject_record_id(event.subject))
        if record is None or record.consent_version < event.consent_version:
            await store.single.save(_record(event), at)


async def _say_samples_again(message: Message, store: Store, outbox: Outbox) -> None:
    """A stream that does not know a person's consent knows none of their samples: some may await a report."""
    if message.topic != ConsentChanged.topic.name:
        return
    for sample in await store.find(SampleRecord, subject=message.subject or ""):
        if not sample.erased:
            await outbox.say_again(Message.of(*sample_received(sample)))


def _record(event: ConsentChanged) -> SubjectRecord:
    about = event.model_dump(include=set(SubjectRecord.model_fields) - {"id"})
    return SubjectRecord(id=subject_record_id(event.subject), **about)


def _known(message: Message, consent: ConsentProjection, eraser: Eraser) -> bool:
    """Whether the stream has this, or something newer, already."""
    if message.topic == ErasureRequested.topic.name:
        return ErasureRequested.model_validate_json(message.value).erasure in eraser.heard
    event = ConsentChanged.model_validate_json(message.value)
    current = consent.current(event.subject)
    return current is not None and current.consent_version >= event.consent_version
