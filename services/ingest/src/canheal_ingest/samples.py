"""What is accepted becomes true: blob first, then records and outbox in one transaction, then the answer.

Whoever loses a race begins again from the reads, so two submissions at one moment are one after the other.
A blob that a lost race or a kill leaves behind is named by no record.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from canheal_chassis.outbox import Outbox
from canheal_process.errors import Erased
from canheal_process.store import Store
from canheal_schemas import BlobRef, Consent, SampleContext
from canheal_schemas.identifiers import blob_id, sample_id, sample_root
from canheal_vault.blobs import BlobStore
from canheal_vault.keys import DataKey, KeyRing

from canheal_ingest.announce import consent_stated, sample_received
from canheal_ingest.errors import LabelTaken, SampleUnknown
from canheal_ingest.records import SampleRecord, SubjectRecord
from canheal_ingest.subjects import Person, Subjects, again

READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Submission:
    """A sample that passed the door."""

    site: str
    country: str
    pseudonym: str
    context: SampleContext
    consent: Consent | None
    """What the hospital states, if it states anything."""
    vcf: Path


@dataclass(frozen=True, slots=True)
class Accepted:
    """The sample as it is kept, and whether this submission changed anything."""

    record: SampleRecord
    new: bool
    person: SubjectRecord


@dataclass(frozen=True, slots=True)
class Stores:
    """Where samples are kept."""

    store: Store
    blobs: BlobStore
    keys: KeyRing
    outbox: Outbox
    erased: Callable[[UUID], bool]
    """Whether a sample was erased, as the stream tells."""
    now: Callable[[], datetime]


class Samples:
    """The samples of every site."""

    def __init__(self, stores: Stores, subjects: Subjects) -> None:
        self._stores = stores
        self._subjects = subjects

    async def accept(self, submission: Submission) -> Accepted:
        """Keep a sample and announce it; the same content again changes nothing.

        Raises:
            ConsentDiffers: another consent than the stated one is in force.
            LabelTaken: the label is another person's.
            Erased: the person was erased.
        """
        accepted = await again(lambda: self._accept(submission))
        self._stores.outbox.wake()
        return accepted

    async def find(self, sample: UUID) -> tuple[SampleRecord, SubjectRecord]:
        """A sample as it is now, and its person with the consent in force.

        Raises:
            SampleUnknown: there is none.
            Erased: its person was erased.
        """
        record = await self._stores.store.get(SampleRecord, sample)
        self._refuse_erased(sample, record)
        if record is None:
            raise SampleUnknown(
                f"No sample has the id {sample}. The answer to POST /v1/samples names the id; where "
                "that answer was a problem, nothing was kept."
            )
        person = await self._subjects.find(record.subject)
        if person is None:
            raise SampleUnknown(f"The person of the sample {sample} is not known.")
        return record, person.record

    def _refuse_erased(self, sample: UUID, record: SampleRecord | None) -> None:
        """A sample that was erased is neither shown nor taken again: its label is used up."""
        if self._stores.erased(sample) or (record is not None and record.erased):
            raise Erased("The sample was erased. Send its content, if that is wanted, under a new label.")

    async def _accept(self, submission: Submission) -> Accepted:
        site, label = submission.site, submission.context.label
        subject = self._subjects.name(site, submission.pseudonym)
        person = await self._subjects.stating(subject, site, submission.country, submission.consent)
        sample = sample_id(site, label)
        known, at = await self._stores.store.read(SampleRecord, sample)
        self._refuse_erased(sample, known)
        if known is not None and known.subject != subject:
            raise LabelTaken(
                f"{site} sent a sample {label!r} of another person before. Give this one a label of its "
                "own, or correct the pseudonym."
            )
        key = await self._stores.keys.make_data_key(subject)
        content = await asyncio.to_thread(_fingerprint, submission.vcf, key)
        if known is not None and _says_the_same(known, submission, content):
            return Accepted(known, new=False, person=person.record)
        revision = known.revision + 1 if known else 1
        vcf = await self._keep(subject, sample_root(sample, revision), submission.vcf, content)
        record = SampleRecord(
            id=sample,
            subject=subject,
            site=site,
            country=submission.country,
            label=label,
            revision=revision,
            vcf=vcf,
            context=submission.context,
            consent_version=person.record.consent_version,
            accepted_at=self._stores.now(),
        )
        await self._commit(person, record, at)
        return Accepted(record, new=True, person=person.record)

    async def _keep(self, subject: str, root: UUID, vcf: Path, content: str) -> BlobRef:
        """Two contents that race for one revision are two blobs: the name carries the content."""
        blob = blob_id("ingest", subject, root, f"vcf/{content}")
        return await self._stores.blobs.put_file(blob, subject, root, vcf)

    async def _commit(self, person: Person, record: SampleRecord, at: int) -> None:
        """The person's record is written even unchanged: a consent changed meanwhile is then a conflict."""
        outbox = self._stores.outbox
        async with self._stores.store.transaction() as unit:
            await unit.save(person.record, person.at)
            await unit.save(record, at)
            if person.new:
                await outbox.enqueue(unit, *consent_stated(person.record, record))
            await outbox.enqueue(unit, *sample_received(record))


def _fingerprint(path: Path, key: DataKey) -> str:
    fingerprint = key.fingerprint()
    with path.open("rb") as file:
        while piece := file.read(READ_BYTES):
            fingerprint.update(piece)
    return fingerprint.hexdigest()


def _says_the_same(known: SampleRecord, submission: Submission, content: str) -> bool:
    """Content is the file and all that bears on its interpretation: a corrected tumour type is a revision."""
    said = (submission.context, submission.country, content)
    return said == (known.context, known.country, known.vcf.hmac_sha256)
