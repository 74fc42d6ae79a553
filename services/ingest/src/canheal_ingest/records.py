"""What ingest keeps: a person's consent, and the newest content of each sample."""

from typing import ClassVar
from uuid import UUID, uuid5

from canheal_chassis.outcome import Document
from canheal_schemas import BlobRef, Consent, SampleContext
from canheal_schemas.identifiers import NAMESPACE
from pydantic import AwareDatetime


class SubjectRecord(Document):
    """A person, known by an HMAC only, and the consent in force."""

    collection: ClassVar[str] = "subjects"
    shared: ClassVar[bool] = True

    site: str
    consent: Consent
    consent_version: int


class SampleRecord(Document):
    """A sample and its newest content."""

    collection: ClassVar[str] = "samples"
    shared: ClassVar[bool] = True

    site: str
    country: str
    label: str
    revision: int
    vcf: BlobRef
    context: SampleContext
    consent_version: int
    accepted_at: AwareDatetime


def subject_record_id(subject: str) -> UUID:
    """The id of a person's record."""
    return uuid5(NAMESPACE, f"subject/{subject}")
