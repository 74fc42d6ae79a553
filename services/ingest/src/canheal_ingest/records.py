"""What ingest keeps: a person's consent, the newest content of each sample, and erasures with receipts."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID, uuid5

from canheal_process.document import Document
from canheal_schemas import (
    STATED,
    STREAM_SERVICES,
    BlobRef,
    Consent,
    ErasureScope,
    SampleContext,
    SubjectErased,
)
from canheal_schemas.identifiers import NAMESPACE
from pydantic import AwareDatetime

RECEIPTS_FROM: Final = ("ingest", *STREAM_SERVICES)
"""Whose receipts complete an erasure."""


class SubjectRecord(Document):
    """A person, known by an HMAC only, and the consent in force."""

    collection: ClassVar[str] = "subjects"
    shared: ClassVar[bool] = True

    site: str
    consent: Consent
    consent_version: int
    basis: str = STATED
    """`stated` by the hospital, or the country's default where nothing was stated."""


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
    erased: bool = False
    """It is on its way out: nobody may send a new revision meanwhile."""


class ErasureRecord(Document):
    """An erasure and the receipts that came."""

    collection: ClassVar[str] = "erasure_requests"
    shared: ClassVar[bool] = True

    scope: ErasureScope
    sample: UUID | None = None
    site: str
    requested_at: AwareDatetime
    receipts: tuple[SubjectErased, ...] = ()
    """The newest of each service; after a restore a service erases once more."""
    completed_at: AwareDatetime | None = None

    def with_receipt(self, receipt: SubjectErased, at: datetime) -> "ErasureRecord":
        """The record with one more receipt; complete once every service has said one."""
        others = [known for known in self.receipts if known.service != receipt.service]
        receipts = tuple(sorted([*others, receipt], key=lambda one: RECEIPTS_FROM.index(one.service)))
        done = {one.service for one in receipts} == set(RECEIPTS_FROM)
        ended = self.completed_at or (at if done else None)
        return self.model_copy(update={"receipts": receipts, "completed_at": ended})


def subject_record_id(subject: str) -> UUID:
    """The id of a person's record."""
    return uuid5(NAMESPACE, f"subject/{subject}")
