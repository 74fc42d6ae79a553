"""The consent in force for a person at a moment, as the answers of the door show it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from canheal_schemas import Purpose

from canheal_ingest.records import SubjectRecord


@dataclass(frozen=True, slots=True)
class InForce:
    """A person's consent, and the moment at which it is asked."""

    person: SubjectRecord
    at: datetime

    def permits(self, purpose: Purpose) -> bool:
        """Whether data may be used for a purpose at this moment."""
        return self.person.consent.at(self.at).permits(purpose)

    def document(self) -> dict[str, Any]:
        """What is stated, on what ground, and what of it holds now."""
        consent = self.person.consent.model_dump(mode="json", include={"permitted", "limited"})
        return {
            "consent_version": self.person.consent_version,
            "basis": self.person.basis,
            **consent,
            "permitted_now": [purpose for purpose in Purpose if self.permits(purpose)],
        }
