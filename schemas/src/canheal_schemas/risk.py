"""Polygenic scores of a germline sample."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from canheal_schemas.event import Model
from canheal_schemas.sample import Part, SampleContext, SampleEvent
from canheal_schemas.topic import Topic
from canheal_schemas.variants import Provenance


class RiskStatus(StrEnum):
    """What came of the risk part."""

    SCORED = "scored"
    NOT_APPLICABLE = "not applicable"
    REFUSED = "refused"
    WITHHELD = "withheld"


class PolygenicScore(Model):
    """One score of the sample, or why there is none."""

    score_id: Annotated[str, Field(examples=["PGS000004"])]
    name: str
    trait: str
    status: RiskStatus
    reason: str | None = None
    """Why the score is refused or not applicable."""
    synthetic: bool = False
    """Made up for demonstration: not for care."""
    notice: str | None = None
    """What must stand beside the score wherever it is shown."""
    sum: float | None = None
    """Sum of effect weight times effect-allele count."""
    z: float | None = None
    """Standard deviations from the reference population's mean."""
    percentile: Annotated[float, Field(ge=0, le=100)] | None = None
    reference_mean: float | None = None
    reference_sd: float | None = None
    reference_population: str | None = None
    matched: int = 0
    """Variants of the score found in the sample or read as homozygous reference."""
    total: int = 0
    """Variants of the score."""
    assumed_reference: int = 0
    """Of the matched: sites absent from the VCF and read as homozygous reference."""
    dropped: dict[str, int] = Field(default_factory=dict)
    """Variants not used, by reason."""
    checksum: str | None = None
    """SHA-256 of the scoring file."""


class RiskScored(SampleEvent):
    """Polygenic scores of a sample, or the reason why there are none."""

    topic: ClassVar[Topic] = Topic(
        name="canheal.risk.scored.v1",
        key="sample",
        meaning="scores and percentiles; or not applicable / refused with the reason",
    )

    status: RiskStatus
    reason: str | None = None
    context: SampleContext
    expects: tuple[Part, ...]
    scores: tuple[PolygenicScore, ...] = ()
    provenance: Provenance | None = None
