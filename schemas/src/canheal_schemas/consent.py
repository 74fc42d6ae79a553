"""What a person allows, and the one rule that reads it."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from canheal_schemas.event import ConsentVersion, Event, Model, SubjectId
from canheal_schemas.topic import Cleanup, Topic


class Purpose(StrEnum):
    """What data may be used for."""

    OWN_CARE = "own-care"
    FAMILY_COUNSELLING = "family-counselling"
    CROSS_BORDER_MATCHING = "cross-border-matching"
    AGGREGATE_STATISTICS = "aggregate-statistics"
    RESEARCH = "research"
    RECONTACT = "recontact"


class ConsentState(StrEnum):
    """Erased is final: no later version brings a subject back."""

    ACTIVE = "active"
    ERASED = "erased"


def _sorted_once(purposes: tuple[Purpose, ...]) -> tuple[Purpose, ...]:
    return tuple(sorted(set(purposes)))


class Consent(Model):
    """One version of a subject's consent. What is not permitted is refused."""

    permitted: Annotated[tuple[Purpose, ...], AfterValidator(_sorted_once)] = Field(
        description="Purposes that the subject allows, each named once.", examples=[["own-care", "research"]]
    )
    state: ConsentState = ConsentState.ACTIVE
    """Whether the subject is still known here."""

    def permits(self, purpose: Purpose) -> bool:
        """Whether data of this subject may be used for `purpose`."""
        return self.state is ConsentState.ACTIVE and purpose in self.permitted


class ConsentChanged(Event):
    """What the subject allows from now on. A look-up topic: the newest version of each subject stays."""

    topic: ClassVar[Topic] = Topic(
        name="canheal.consent.changed.v1",
        key="subject",
        meaning="what the subject allows now",
        cleanup=Cleanup.COMPACT,
    )

    subject: SubjectId
    consent_version: ConsentVersion
    consent: Consent
    """All that this version allows; it replaces every earlier version."""
    site: Annotated[str, Field(description="The site that recorded the consent.", examples=["BE-UZG"])]
