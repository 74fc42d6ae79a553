"""Erasures: a person or a sample goes, and one receipt joins what every service removed and kept.

The erased consent, the request and the record of it become true in one transaction; from then on nothing of
the person is used. The person's data key goes last, when every service has said its receipt: until then a
service that came late can still seal what a law makes it keep.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from canheal_chassis.outbox import Outbox
from canheal_process.errors import Conflict, Unreachable
from canheal_process.store import Store
from canheal_refdata.country import CARE_RECORD, country
from canheal_schemas import (
    Consent,
    ConsentState,
    Envelope,
    ErasureRequested,
    ErasureScope,
    Event,
    RecordDuty,
    SubjectErased,
)
from canheal_schemas.identifiers import erasure_root
from canheal_vault.keys import KeyRing

from canheal_ingest.announce import erased_consent, erasure_requested
from canheal_ingest.errors import ErasureUnknown, SampleUnknown, SubjectUnknown
from canheal_ingest.records import (
    RECEIPTS_FROM,
    ErasureRecord,
    SampleRecord,
    SubjectRecord,
    subject_record_id,
)
from canheal_ingest.subjects import Subjects, again

OVERDUE: Final = timedelta(hours=1)
RETRY_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Erasures:
    """The door's side of erasure."""

    store: Store
    outbox: Outbox
    keys: KeyRing
    subjects: Subjects
    now: Callable[[], datetime]
    _news: asyncio.Queue[tuple[Event, Envelope]] = field(default_factory=asyncio.Queue)
    _early: dict[UUID, list[tuple[SubjectErased, Envelope]]] = field(default_factory=dict)
    """Receipts whose request is not known yet: the two topics are read side by side."""

    async def erase_subject(self, site: str, pseudonym: str) -> ErasureRecord:
        """Everything of a person must go; asked again it is the same erasure.

        Raises:
            SubjectUnknown: the site never sent a sample under this pseudonym.
        """
        record = await again(lambda: self._erase_subject(site, pseudonym))
        self.outbox.wake()
        return record

    async def erase_sample(self, sample: UUID) -> ErasureRecord:
        """One sample must go; asked again it is the same erasure.

        Raises:
            SampleUnknown: there is no such sample.
            Erased: its person was erased.
        """
        record = await again(lambda: self._erase_sample(sample))
        self.outbox.wake()
        return record

    async def find(self, erasure: UUID) -> ErasureRecord:
        """An erasure and its receipts.

        Raises:
            ErasureUnknown: there is none with this id.
        """
        record = await self.store.get(ErasureRecord, erasure)
        if record is None:
            raise ErasureUnknown(f"No erasure has the id {erasure}. The answer to a DELETE names the id.")
        return record

    def apply(self, event: Event, envelope: Envelope) -> None:
        """Take in a receipt, or a request that this database may not know: called by the look-up consumer."""
        if isinstance(event, SubjectErased | ErasureRequested):
            self._news.put_nowait((event, envelope))

    async def run(self) -> None:
        """Note what came, for ever."""
        while True:
            await self._until_noted(*await self._news.get())

    async def _until_noted(self, event: Event, envelope: Envelope) -> None:
        while True:
            try:
                return await self._note(event, envelope)
            except (Unreachable, Conflict):
                await asyncio.sleep(RETRY_SECONDS)

    async def _note(self, event: Event, envelope: Envelope) -> None:
        match event:
            case ErasureRequested():
                await self._remember(event, envelope)
            case SubjectErased():
                await self._note_receipt(event, envelope)

    async def _remember(self, request: ErasureRequested, envelope: Envelope) -> None:
        """A database restored from an older backup does not know the erasure: the stream does."""
        if await self.store.get(ErasureRecord, request.erasure) is None:
            record = ErasureRecord(
                id=request.erasure,
                subject=request.subject,
                scope=request.scope,
                sample=request.sample,
                site=request.site,
                requested_at=envelope.occurred_at,
            )
            await self.store.single.save(record, 0)
        for receipt, said in self._early.pop(request.erasure, []):
            await self._note_receipt(receipt, said)

    async def _note_receipt(self, receipt: SubjectErased, envelope: Envelope) -> None:
        known, at = await self.store.read(ErasureRecord, receipt.erasure)
        if known is None:
            self._early.setdefault(receipt.erasure, []).append((receipt, envelope))
            return
        after = known.with_receipt(receipt, envelope.occurred_at)
        if after != known:
            await self.store.single.save(after, at)
        if after.completed_at and after.scope is ErasureScope.SUBJECT:
            await self.keys.destroy(after.subject)

    async def _erase_subject(self, site: str, pseudonym: str) -> ErasureRecord:
        subject = self.subjects.name(site, pseudonym)
        person, at = await self.store.read(SubjectRecord, subject_record_id(subject))
        if person is None:
            raise SubjectUnknown(f"{site} never sent a sample under this pseudonym. Check its spelling.")
        if person.consent.state is ConsentState.ERASED:
            return await self.find(erasure_root(subject, person.consent_version))
        gone = person.model_copy(
            update={
                "consent": Consent(permitted=(), state=ConsentState.ERASED),
                "consent_version": person.consent_version + 1,
            }
        )
        samples = await self.store.find(SampleRecord, subject=subject, limit=1)
        record = self._record(gone, ErasureScope.SUBJECT)
        duty = duty_of(samples[0].country, record.requested_at.date()) if samples else None
        async with self.store.transaction() as unit:
            await unit.save(gone, at)
            await unit.save(record, 0)
            await self.outbox.enqueue(unit, *erased_consent(gone, record.requested_at))
            await self.outbox.enqueue(unit, *erasure_requested(record, gone.consent_version, duty))
        return record

    async def _erase_sample(self, sample: UUID) -> ErasureRecord:
        known, at = await self.store.read(SampleRecord, sample)
        if known is None or known.erased:
            return await self._of_sample(sample)
        person = await self.subjects.find(known.subject)
        if person is None:
            raise SampleUnknown(f"The person of sample {sample} is not known here.")
        record = self._record(person.record, ErasureScope.SAMPLE, sample)
        duty = duty_of(known.country, record.requested_at.date())
        request = erasure_requested(record, person.record.consent_version, duty, known.revision)
        async with self.store.transaction() as unit:
            await unit.save(known.model_copy(update={"erased": True}), at)
            await unit.save(record, 0)
            await self.outbox.enqueue(unit, *request)
        return record

    async def _of_sample(self, sample: UUID) -> ErasureRecord:
        """The erasure of a sample that is gone."""
        found = await self.store.find(ErasureRecord, sample=str(sample), limit=1)
        if not found:
            raise SampleUnknown(f"No sample has the id {sample}: nothing to erase.")
        return found[0]

    def _record(
        self, person: SubjectRecord, scope: ErasureScope, sample: UUID | None = None
    ) -> ErasureRecord:
        return ErasureRecord(
            id=erasure_root(person.subject, person.consent_version, sample),
            subject=person.subject,
            scope=scope,
            sample=sample,
            site=person.site,
            requested_at=self.now(),
        )


def duty_of(iso2: str, today: date) -> RecordDuty | None:
    """What the country's law makes a hospital keep of the care record from this day on."""
    rules = country(iso2)
    source = rules.source(CARE_RECORD)
    if not rules.care_record_kept or source is None:
        return None
    years = rules.care_record_years
    until = date(today.year + years, today.month, min(today.day, 28)) if years else None
    return RecordDuty(basis=f"{iso2}: {source.law}", until=until)


def receipt_document(record: ErasureRecord, now: datetime) -> dict[str, Any]:
    """The answer to GET /v1/erasures/{id}: who is gone is not said, what is gone is."""
    said = {receipt.service: receipt for receipt in record.receipts}
    key_gone = record.completed_at is not None and record.scope is ErasureScope.SUBJECT
    return {
        "erasure": str(record.id),
        "scope": record.scope,
        "state": _state(record, now),
        "requested_at": record.requested_at.isoformat(),
        "completed_at": record.completed_at.isoformat() if record.completed_at else None,
        "data_key": "destroyed" if key_gone else "in use",
        "waiting_for": [service for service in RECEIPTS_FROM if service not in said],
        "services": {
            service: receipt.model_dump(mode="json", include={"removed", "kept"})
            for service, receipt in said.items()
        },
    }


def _state(record: ErasureRecord, now: datetime) -> str:
    if record.completed_at:
        return "complete"
    return "overdue" if now - record.requested_at > OVERDUE else "pending"
