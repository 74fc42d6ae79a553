"""What the variants of a sample mean, each statement with its rule, its evidence and its data version."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from canheal_schemas.blob import BlobRef
from canheal_schemas.event import Model
from canheal_schemas.sample import Part, SampleContext, SampleEvent
from canheal_schemas.topic import Topic


class Provenance(Model):
    """By which knowledge and which rules a statement was made."""

    bundle: str
    """Version of the reference bundle."""
    rules: str
    """Version of the service's rules."""


class PartStatus(StrEnum):
    """Whether a part was made."""

    DONE = "done"
    WITHHELD = "withheld"


class Tier(StrEnum):
    """AMP/ASCO/CAP 2017 (Li et al., J Mol Diagn), table 2."""

    I = "I"  # noqa: E741 the guideline's own numeral
    II = "II"
    III = "III"
    IV = "IV"


class EvidenceLevel(StrEnum):
    """AMP/ASCO/CAP 2017 level of the best evidence behind a tier."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class EvidenceMatch(StrEnum):
    """How evidence and variant fit, the closest first."""

    ALLELE = "same protein or coding change"
    RESIDUE = "same residue, any change"
    EXON = "same exon"
    CONSEQUENCE = "same kind of change in the gene"
    GENE = "any mutation of the gene"


class DiseaseMatch(StrEnum):
    """How the evidence's disease and the sample's tumour type fit."""

    SAME = "this tumour type"
    ANCESTOR = "a wider group that includes this tumour type"
    OTHER = "another tumour type"
    UNKNOWN = "tumour type not comparable"


class Evidence(Model):
    """One item of a knowledge base that speaks about this variant."""

    source: Annotated[str, Field(examples=["CIViC"])]
    """The knowledge base."""
    evidence_id: Annotated[str, Field(examples=["EID1409"])]
    """The item's identifier there."""
    profile: Annotated[str, Field(examples=["BRAF V600E"])]
    """The molecular profile as the source names it."""
    disease: str | None = None
    """The disease that the item speaks about, in the source's words."""
    doid: Annotated[str, Field(examples=["9256"])] | None = None
    """That disease in the Disease Ontology."""
    therapies: Annotated[tuple[str, ...], Field(examples=[["Vemurafenib"]])] = ()
    """Therapies that the item speaks about, in the source's words."""
    therapy_interaction: Annotated[str, Field(examples=["Combination"])] | None = None
    """How several therapies belong together: Combination, Substitutes (either) or Sequential."""
    type: Annotated[str, Field(examples=["Predictive"])]
    """Kind of statement, in the source's words: predictive, diagnostic, prognostic, predisposing."""
    level: Annotated[str, Field(examples=["A"])]
    """The source's own level of evidence."""
    direction: Annotated[str, Field(examples=["Supports"])] | None = None
    """Whether the item supports its statement or speaks against it."""
    significance: Annotated[str, Field(examples=["Sensitivity/Response"])] | None = None
    """What is stated: sensitivity, resistance, better outcome."""
    rating: int | None = None
    """The source's own trust in the item: 1 to 5 stars."""
    match: EvidenceMatch
    """How closely the item fits this variant."""
    disease_match: DiseaseMatch
    """How the item's disease fits the sample's tumour type."""


class Tiering(Model):
    """The tier of a variant and why."""

    tier: Tier
    """AMP/ASCO/CAP tier, I is the strongest."""
    level: EvidenceLevel | None = None
    """Level of the best evidence behind the tier; absent where none speaks."""
    rule: str
    """Guideline and section by which the tier was given."""
    reason: str
    """The rule applied to this variant, in words."""


class KnownRecord(Model):
    """What a variant archive says of exactly this allele."""

    source: Annotated[str, Field(examples=["ClinVar"])]
    """The archive."""
    record_id: str
    """The record's identifier there."""
    classification: Annotated[str, Field(examples=["Pathogenic"])]
    """The archive's classification, in its own words."""
    review_status: Annotated[str, Field(examples=["reviewed by expert panel"])]
    """How the classification was reviewed, in the archive's own words."""
    stars: Annotated[int, Field(ge=0, le=4)]
    """Review status as stars: 0 no criteria, 4 practice guideline."""
    conditions: tuple[str, ...] = ()
    """Conditions that the classification is about."""


class GermlineHint(Model):
    """A tumour's variant that may be inherited."""

    rule: str
    """Source of the rule that gave the hint."""
    reason: str
    """The rule applied to this variant, in words."""


class Finding(Model):
    """One allele in one transcript, and what is known of it."""

    contig: Annotated[str, Field(examples=["7"])]
    """Chromosome: 1 to 22, X, Y, MT."""
    position: Annotated[int, Field(ge=1, examples=[140753336])]
    """1-based position of the normalised allele."""
    ref: Annotated[str, Field(examples=["A"])]
    """Reference allele, normalised: split, trimmed, left-aligned."""
    alt: Annotated[str, Field(examples=["T"])]
    """Alternate allele, normalised."""
    gene: Annotated[str, Field(examples=["BRAF"])]
    """HGNC symbol."""
    transcript: Annotated[str, Field(examples=["NM_004333.6"])]
    """RefSeq accession of the transcript that the names refer to."""
    transcript_ensembl: str | None = None
    """The same transcript at Ensembl."""
    consequences: Annotated[tuple[str, ...], Field(examples=[["missense_variant"]])]
    """Sequence Ontology terms, the most severe first."""
    hgvs_c: Annotated[str, Field(examples=["c.1799T>A"])] | None = None
    """HGVS name on the transcript."""
    hgvs_p: Annotated[str, Field(examples=["p.(Val600Glu)"])] | None = None
    """Predicted HGVS name of the protein change."""
    filter: str = "PASS"
    """FILTER of the VCF record."""
    genotype: Annotated[str, Field(examples=["0/1"])] | None = None
    """GT of the VCF record as it stands there."""
    vaf: Annotated[float, Field(ge=0, le=1, examples=[0.31])] | None = None
    """Variant allele fraction; absent when the VCF carries none."""
    vaf_source: Annotated[str, Field(examples=["FORMAT/AD"])] | None = None
    """The VCF field that the fraction was read from."""
    depth: Annotated[int, Field(ge=0, examples=[412])] | None = None
    """Reads across the site."""
    left_aligned: bool = True
    """False where the bundle has no sequence to align an indel with."""
    tiering: Tiering | None = None
    """Somatic tier; absent for a germline sample."""
    germline_hint: GermlineHint | None = None
    """Present where a tumour's variant may be inherited."""
    known: tuple[KnownRecord, ...] = ()
    """What variant archives say of exactly this allele."""
    evidence: tuple[Evidence, ...] = ()
    """The strongest evidence items that speak about this variant."""
    evidence_total: int = 0
    """Evidence items that match; `evidence` carries the strongest of them."""


class VariantCounts(Model):
    """Where every allele of the VCF went: nothing is dropped without being counted."""

    records: int
    """Records of the VCF."""
    alleles: int
    """Alternate alleles of those records."""
    filtered: dict[str, int] = Field(default_factory=dict)
    """Alleles not interpreted because of their FILTER, by FILTER."""
    not_carried: int = 0
    """Alleles that this sample's genotype does not carry."""
    not_interpretable: dict[str, int] = Field(default_factory=dict)
    """Symbolic, spanning and breakend alleles, by kind."""
    outside_bundle: int = 0
    """Alleles in no gene of the bundle."""
    in_bundle_genes: int = 0
    """Alleles in a gene of the bundle."""
    protein_or_splice: int = 0
    """Of those: alleles that change protein or splicing; each is a finding."""
    without_sequence: dict[str, int] = Field(default_factory=dict)
    """Alleles in genes without sequence slice, by gene: named, but indels not aligned."""


class NotExamined(Model):
    """What this interpretation cannot speak about."""

    genes_lacking: tuple[str, ...] = ()
    """Well-known cancer genes that the bundle lacks."""
    genes_without_sequence: tuple[str, ...] = ()
    """Genes of the bundle without sequence slice: indels are not left-aligned, introns not read."""
    genes_without_model: tuple[str, ...] = ()
    """Genes of the bundle without a transcript model on this build."""
    remarks: tuple[str, ...] = ()
    """Kinds of variation that were not looked for, in words."""


class VariantsAnnotated(SampleEvent):
    """The reportable findings of a sample; the whole list by claim check."""

    topic: ClassVar[Topic] = Topic(
        name="canheal.variants.annotated.v1",
        key="sample",
        meaning="reportable findings; the rest by claim check; the blob and context ride along",
    )

    status: PartStatus
    """Whether the sample was interpreted."""
    reason: str | None = None
    """Why the part was withheld."""
    context: SampleContext
    """What was known of the sample."""
    expects: tuple[Part, ...]
    """The parts that the report waits for before it is final."""
    vcf: BlobRef | None = None
    """The sample's VCF for the services that follow; absent when withheld."""
    findings: tuple[Finding, ...] = ()
    """The most relevant findings, at most 60, best tier first."""
    findings_total: int = 0
    """Findings altogether; `findings` carries the most relevant."""
    all_findings: BlobRef | None = None
    """Every finding as JSON Lines of `Finding`."""
    counts: VariantCounts | None = None
    """Where every allele of the VCF went; absent when withheld."""
    not_examined: NotExamined = NotExamined()
    """Genes and kinds of variation that were not looked at."""
    provenance: Provenance | None = None
    """Reference bundle and rules that were used; absent when withheld."""
