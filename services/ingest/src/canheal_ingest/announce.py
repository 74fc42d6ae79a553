"""The events that ingest says, each with its envelope."""

from datetime import datetime
from uuid import UUID

from canheal_schemas import (
    ConsentChanged,
    Envelope,
    ErasureRequested,
    Event,
    RecordDuty,
    SampleReceived,
)
from canheal_schemas.identifiers import consent_root, event_id, sample_root

from canheal_ingest.records import ErasureRecord, SampleRecord, SubjectRecord

type Announcement = tuple[Event, Envelope]

POST = "POST /v1/samples"
DELETE = "DELETE"
PUT = "PUT /v1/subjects/consent"


def sample_received(record: SampleRecord) -> Announcement:
    """A valid, encrypted, stored VCF waits."""
    event = SampleReceived(
        sample=record.id,
        revision=record.revision,
        subject=record.subject,
        consent_version=record.consent_version,
        site=record.site,
        country=record.country,
        vcf=record.vcf,
        context=record.context,
    )
    root = sample_root(record.id, record.revision)
    return event, _envelope(event, root, POST, record.accepted_at, record.site)


def consent_stated(person: SubjectRecord, first: SampleRecord) -> Announcement:
    """The consent of a new person, as the first sample states it."""
    event, envelope = _consent_changed(person, POST, first.accepted_at)
    return event, envelope.model_copy(update={"correlation_id": sample_root(first.id, first.revision)})


def consent_changed(person: SubjectRecord, changed_at: datetime) -> Announcement:
    """Another consent is in force."""
    return _consent_changed(person, PUT, changed_at)


def erased_consent(person: SubjectRecord, erased_at: datetime) -> Announcement:
    """The last consent of a person: nothing is allowed, and nothing brings them back."""
    return _consent_changed(person, DELETE, erased_at)


def erasure_requested(
    record: ErasureRecord, consent_version: int, duty: RecordDuty | None, revisions: int | None = None
) -> Announcement:
    """Everything of a person, or of a sample with so many revisions, must go."""
    event = ErasureRequested(
        erasure=record.id,
        scope=record.scope,
        subject=record.subject,
        consent_version=consent_version,
        sample=record.sample,
        revisions=revisions,
        site=record.site,
        duty=duty,
    )
    return event, _envelope(event, record.id, DELETE, record.requested_at, record.site)


def _consent_changed(person: SubjectRecord, why: str, changed_at: datetime) -> Announcement:
    event = ConsentChanged(
        subject=person.subject,
        consent_version=person.consent_version,
        consent=person.consent,
        site=person.site,
        basis=person.basis,
    )
    root = consent_root(person.subject, person.consent_version)
    return event, _envelope(event, root, why, changed_at, person.site)


def _envelope(event: Event, root: UUID, why: str, occurred_at: datetime, site: str) -> Envelope:
    return Envelope(
        event_id=event_id(root, "ingest", why, event.event_type),
        root_id=root,
        event_type=event.event_type,
        correlation_id=root,
        occurred_at=occurred_at,
        site=site,
    )
