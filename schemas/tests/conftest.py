"""One event of each class, as a service would say it."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from canheal_schemas import (
    Assay,
    AssayType,
    BlobRef,
    Consent,
    ConsentChanged,
    DeadLettered,
    DiseaseMatch,
    Envelope,
    ErasureRequested,
    ErasureScope,
    Event,
    Evidence,
    EvidenceMatch,
    Finding,
    GenomeBuild,
    Kept,
    Part,
    PartStatus,
    PolygenicScore,
    Provenance,
    Purpose,
    RecordDuty,
    Removed,
    ReportIssued,
    ReportLinks,
    ReportStatus,
    RiskScored,
    RiskStatus,
    SampleContext,
    SampleKind,
    SampleReceived,
    SubjectErased,
    Tier,
    Tiering,
    VariantCounts,
    VariantsAnnotated,
)

SUBJECT = "9f2c" * 16
SAMPLE = UUID("00000000-0000-5000-8000-000000000001")
PART = UUID("00000000-0000-5000-8000-000000000002")
ABOUT = {
    "sample": SAMPLE,
    "revision": 1,
    "subject": SUBJECT,
    "consent_version": 1,
    "site": "BE-UZG",
    "country": "BE",
}
CONTEXT = SampleContext(
    label="T-2026-0142",
    kind=SampleKind.TUMOUR,
    assay=Assay(type=AssayType.PANEL, size_mb=1.2),
    build=GenomeBuild.GRCH38,
    oncotree_code="COAD",
)
BLOB = BlobRef(blob_id=PART, size=48213, key_id="subject-1", hmac_sha256="ab" * 32)
FINDING = Finding(
    contig="7",
    position=140753336,
    ref="A",
    alt="T",
    gene="BRAF",
    transcript="NM_004333.6",
    consequences=("missense_variant",),
    tiering=Tiering(
        tier=Tier.I, rule="AMP/ASCO/CAP 2017, table 2", reason="level A evidence in this tumour type"
    ),
    evidence=(
        Evidence(
            source="CIViC",
            evidence_id="EID1409",
            profile="BRAF V600E",
            type="Predictive",
            level="A",
            match=EvidenceMatch.ALLELE,
            disease_match=DiseaseMatch.SAME,
        ),
    ),
)


@pytest.fixture
def envelope() -> Envelope:
    return Envelope(
        event_id=PART,
        root_id=SAMPLE,
        event_type="canheal.report.issued.v1",
        correlation_id=PART,
        occurred_at=datetime(2026, 1, 1, 12, 30, tzinfo=UTC),
        site="BE-UZG",
    )


@pytest.fixture
def issued() -> ReportIssued:
    return ReportIssued(
        **ABOUT,
        report_id=PART,
        status=ReportStatus.FINAL,
        kind=SampleKind.TUMOUR,
        parts=(PART,),
        links=ReportLinks(html="/v1/reports/1.html", json_document="/v1/reports/1.json"),
    )


@pytest.fixture
def events(issued: ReportIssued) -> list[Event]:
    return [
        ConsentChanged(
            subject=SUBJECT, consent_version=1, consent=Consent(permitted=(Purpose.OWN_CARE,)), site="BE-UZG"
        ),
        SampleReceived(**ABOUT, vcf=BLOB, context=CONTEXT),
        VariantsAnnotated(
            **ABOUT,
            status=PartStatus.DONE,
            context=CONTEXT,
            expects=(Part.VARIANTS, Part.RISK),
            vcf=BLOB,
            findings=(FINDING,),
            counts=VariantCounts(records=1, alleles=1, filtered={"q10": 1}),
            provenance=Provenance(bundle="demo-1", rules="1"),
        ),
        ErasureRequested(
            erasure=UUID(int=8),
            scope=ErasureScope.SUBJECT,
            subject=SUBJECT,
            consent_version=3,
            site="BE-UZG",
            duty=RecordDuty(basis="a law", until=date(2056, 1, 31)),
        ),
        SubjectErased(
            erasure=UUID(int=8),
            scope=ErasureScope.SUBJECT,
            service="report",
            removed=Removed(documents=3, outcomes=2, events=1, blobs=2),
            kept=(Kept(what="the care record", basis="a law", until=date(2056, 1, 31)),),
        ),
        RiskScored(
            **ABOUT,
            status=RiskStatus.SCORED,
            context=CONTEXT,
            expects=(Part.RISK,),
            scores=(
                PolygenicScore(
                    score_id="PGS000004",
                    name="313",
                    trait="breast carcinoma",
                    status=RiskStatus.SCORED,
                    z=1.2,
                ),
            ),
        ),
        issued,
        DeadLettered(
            service="prs",
            input_type="canheal.variants.annotated.v1",
            root_id=SAMPLE,
            attempt=1,
            topic_name="canheal.variants.annotated.v1",
            partition=3,
            offset=41,
            error="crashed-worker",
            message="the worker died three times",
            sample=SAMPLE,
            body=BLOB,
        ),
    ]
