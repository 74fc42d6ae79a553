"""Persons, known by an HMAC of site and pseudonym, and the consent that is in force for each."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from canheal_chassis.outbox import Outbox
from canheal_process.errors import Conflict, Erased
from canheal_process.store import Store
from canheal_refdata.country import country
from canheal_schemas import STATED, Consent, ConsentState
from canheal_schemas.identifiers import subject_id

from canheal_ingest.announce import consent_changed
from canheal_ingest.errors import ConsentDiffers, SubjectUnknown
from canheal_ingest.records import SubjectRecord, subject_record_id

TRIES: Final = 12
BACK_OFF_SECONDS: Final = 0.02


async def again[R](attempt: Callable[[], Awaitable[R]]) -> R:
    """Do it, and from its reads again where another transaction came first.

    Raises:
        Conflict: another one came first every time.
    """
    for number in range(1, TRIES):
        try:
            return await attempt()
        except Conflict:
            await asyncio.sleep(BACK_OFF_SECONDS * number)
    return await attempt()


@dataclass(frozen=True, slots=True)
class Person:
    """A person's record, the revision at which it was read, and whether it is a new one."""

    record: SubjectRecord
    at: int

    @property
    def new(self) -> bool:
        return self.at == 0


def _new_person(subject: str, site: str, iso2: str, consent: Consent | None) -> SubjectRecord:
    rules = country(iso2)
    return SubjectRecord(
        id=subject_record_id(subject),
        subject=subject,
        site=site,
        consent=consent or Consent(permitted=rules.permitted_by_default),
        consent_version=1,
        basis=STATED if consent else rules.basis,
    )


def told(consent: Consent) -> list[str]:
    """The purposes of a consent, those with limits marked."""
    return [*consent.permitted, *(f"{one.purpose} (limited)" for one in consent.limited)]


class Subjects:
    """The persons of every site."""

    def __init__(self, store: Store, hmac_key: bytes, outbox: Outbox, now: Callable[[], datetime]) -> None:
        self._store = store
        self._hmac_key = hmac_key
        self._outbox = outbox
        self._now = now

    def name(self, site: str, pseudonym: str) -> str:
        """The platform's name of a person."""
        return subject_id(site, pseudonym, self._hmac_key)

    async def find(self, subject: str) -> Person | None:
        """A person.

        Raises:
            Erased: the person was erased.
        """
        record, at = await self._store.read(SubjectRecord, subject_record_id(subject))
        if record is None:
            return None
        if record.consent.state is ConsentState.ERASED:
            raise Erased("The person was erased from the platform; nothing of theirs is kept or taken.")
        return Person(record, at)

    async def known(self, site: str, pseudonym: str) -> SubjectRecord:
        """A person of a site.

        Raises:
            SubjectUnknown: the site never sent a sample under this pseudonym.
            Erased: the person was erased.
        """
        return (await self._known(site, pseudonym)).record

    async def _known(self, site: str, pseudonym: str) -> Person:
        person = await self.find(self.name(site, pseudonym))
        if person is None:
            raise SubjectUnknown(
                f"{site} never sent a sample under this pseudonym. Check its spelling; the consent of a new "
                "person comes with the first sample."
            )
        return person

    async def stating(self, subject: str, site: str, iso2: str, consent: Consent | None) -> Person:
        """The person of a submission: a known one of whom it states no other consent, or a new one.

        Of a new person of whom nothing is stated the country's default holds.

        Raises:
            ConsentDiffers: another consent is in force.
            Erased: the person was erased.
        """
        known = await self.find(subject)
        if known is None:
            return Person(_new_person(subject, site, iso2, consent), 0)
        in_force = known.record.consent
        if consent is not None and in_force != consent:
            raise ConsentDiffers(told(in_force), known.record.consent_version, told(consent))
        return known

    async def change_consent(self, site: str, pseudonym: str, consent: Consent) -> tuple[SubjectRecord, bool]:
        """The consent in force from now on, and whether it is another one than before.

        Raises:
            SubjectUnknown: the site never sent a sample under this pseudonym.
            Erased: the person was erased.
        """
        changed = await again(lambda: self._change_consent(site, pseudonym, consent))
        self._outbox.wake()
        return changed

    async def _change_consent(
        self, site: str, pseudonym: str, consent: Consent
    ) -> tuple[SubjectRecord, bool]:
        person = await self._known(site, pseudonym)
        if (person.record.consent, person.record.basis) == (consent, STATED):
            return person.record, False
        version = person.record.consent_version + 1
        changed = person.record.model_copy(
            update={"consent": consent, "consent_version": version, "basis": STATED}
        )
        async with self._store.transaction() as unit:
            await unit.save(changed, person.at)
            await self._outbox.enqueue(unit, *consent_changed(changed, self._now()))
        return changed, True
