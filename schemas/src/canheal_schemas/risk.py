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
    """Identifier in the PGS Catalog, or of the file that was given."""
    name: str
    """Name of the score as its file gives it."""
    trait: Annotated[str, Field(examples=["breast carcinoma"])]
    """The trait that the score is about, as its file gives it."""
    status: RiskStatus
    """What came of this score."""
    reason: str | None = None
    """Why the score is refused or not applicable."""
    synthetic: bool = False
    """Made up for demonstration: not for care."""
    notice: str | None = None
    """What must stand beside the score wherever it is shown."""
    sum: float | None = None
    """Sum of effect weight times effect-allele count."""
    z: Annotated[float, Field(examples=[1.24])] | None = None
    """Standard deviations from the reference population's mean."""
    percentile: Annotated[float, Field(ge=0, le=100, examples=[89.3])] | None = None
    """Share of the reference population with a lower score, in percent."""
    reference_mean: float | None = None
    """Mean of `sum` in the reference population."""
    reference_sd: float | None = None
    """Standard deviation of `sum` in the reference population."""
    reference_population: str | None = None
    """The population behind mean and deviation, and how they were come by."""
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
    """What came of the part as a whole."""
    reason: str | None = None
    """Why there is no score, in words."""
    context: SampleContext
    """What was known of the sample."""
    expects: tuple[Part, ...]
    """The parts that the report waits for before it is final."""
    scores: tuple[PolygenicScore, ...] = ()
    """One entry for each score that was tried, refused ones too."""
    provenance: Provenance | None = None
    """Reference bundle and rules that were used; absent when withheld."""
