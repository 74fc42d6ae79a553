"""A sample as the hospital sent it."""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from canheal_schemas.blob import BlobRef
from canheal_schemas.event import ConsentVersion, Event, Model, SubjectId
from canheal_schemas.topic import Topic


class SampleKind(StrEnum):
    """Whose genome the variants are of: the tumour's or the person's."""

    TUMOUR = "tumour"
    GERMLINE = "germline"


class AssayType(StrEnum):
    """How much of the genome was looked at."""

    PANEL = "panel"
    EXOME = "exome"
    GENOME = "genome"


class GenomeBuild(StrEnum):
    """The reference assembly that positions refer to."""

    GRCH37 = "GRCh37"
    GRCH38 = "GRCh38"


class Sex(StrEnum):
    """Sex recorded at birth, as far as it bears on X, Y and sex-specific risk."""

    FEMALE = "female"
    MALE = "male"
    UNKNOWN = "unknown"


class Part(StrEnum):
    """A part of a report, and the service that makes it."""

    VARIANTS = "annotate"
    RISK = "prs"


class Assay(Model):
    """The assay and its callable size."""

    type: AssayType
    """Panel, exome or genome."""
    size_mb: Annotated[float, Field(gt=0, le=4000, examples=[35.6])] | None = None
    """Callable size in megabases, as the hospital states it or as its BED file adds up."""


class SampleContext(Model):
    """What an interpretation must know of the sample besides its variants."""

    label: Annotated[str, Field(min_length=1, max_length=100, examples=["T-2026-0142"])]
    """The hospital's own name of the sample."""
    kind: SampleKind
    """Whose genome the variants are of."""
    assay: Assay
    """What was sequenced."""
    build: GenomeBuild
    """The assembly of every position in the VCF."""
    build_basis: str = "declared"
    """How the build is known: contig lengths, the hospital's word, or REF bases."""
    vcf_sample: Annotated[str, Field(examples=["TUMOR"])] | None = None
    """The VCF column that holds this sample's genotypes; none in a sites-only file."""
    vcf_normal: Annotated[str, Field(examples=["NORMAL"])] | None = None
    """The VCF column of the matched normal."""
    oncotree_code: Annotated[str, Field(pattern=r"^[A-Z0-9_/-]{1,20}$", examples=["COAD"])] | None = None
    """Tumour type as an OncoTree code."""
    sex: Sex = Sex.UNKNOWN
    """Sex recorded at birth."""
    age_years: Annotated[int, Field(ge=0, le=120, examples=[58])] | None = None
    """Age at sampling in completed years."""
    purity: Annotated[float, Field(gt=0, le=1, examples=[0.6])] | None = None
    """Share of tumour cells, 0 to 1."""


class SampleEvent(Event):
    """What every event about a sample says of it."""

    sample: UUID
    """The sample: derived from site and label."""
    revision: Annotated[int, Field(ge=1)]
    """Counts the contents sent under this label; a higher revision supersedes."""
    subject: SubjectId
    consent_version: ConsentVersion
    site: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9-]{0,31}$", examples=["BE-UZG"])]
    """The hospital's site code."""
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", examples=["BE"])]
    """ISO 3166-1 alpha-2."""


class SampleReceived(SampleEvent):
    """A valid, encrypted, stored VCF waits at this blob."""

    topic: ClassVar[Topic] = Topic(
        name="canheal.sample.received.v1",
        key="sample",
        meaning="a valid, encrypted, stored VCF waits at this blob",
    )

    vcf: BlobRef
    """The VCF as it was sent, encrypted."""
    context: SampleContext
    """What the hospital said of the sample, and what its VCF shows."""
    expects: tuple[Part, ...] = (Part.VARIANTS, Part.RISK)
    """The parts that the report waits for before it is final."""
