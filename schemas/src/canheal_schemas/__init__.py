"""What is said on the stream: events, consent, identifiers.

A subscriber needs this package and a Kafka client, nothing else:

    envelope = Envelope.from_headers(record.headers)
    report = ReportIssued.model_validate_json(record.value)
"""

from canheal_schemas.blob import BlobRef
from canheal_schemas.consent import STATED, Consent, ConsentChanged, ConsentState, LimitedPermission
from canheal_schemas.deadletter import DeadLettered, deadletter_topic, retry_topic
from canheal_schemas.duo import DataUse, DuoCondition
from canheal_schemas.erasure import ErasureRequested, ErasureScope, Kept, RecordDuty, Removed, SubjectErased
from canheal_schemas.event import MAX_EVENT_BYTES, Envelope, Event, Model
from canheal_schemas.lane import Lane, heavy_topic
from canheal_schemas.purposes import Purpose
from canheal_schemas.registry import CHANNELS, EVENTS, HEAVY_SERVICES, INPUTS, STREAM_SERVICES, TOPICS
from canheal_schemas.report import ReportCounts, ReportIssued, ReportLinks, ReportStatus
from canheal_schemas.risk import PolygenicScore, RiskScored, RiskStatus
from canheal_schemas.sample import (
    Assay,
    AssayType,
    GenomeBuild,
    Part,
    SampleContext,
    SampleEvent,
    SampleKind,
    SampleReceived,
    Sex,
)
from canheal_schemas.topic import PARTITIONS, Cleanup, Topic
from canheal_schemas.variants import (
    DiseaseMatch,
    Evidence,
    EvidenceLevel,
    EvidenceMatch,
    Finding,
    GermlineHint,
    KnownRecord,
    NotExamined,
    PartStatus,
    Provenance,
    Tier,
    Tiering,
    VariantCounts,
    VariantsAnnotated,
)

__all__ = [
    "CHANNELS",
    "EVENTS",
    "HEAVY_SERVICES",
    "INPUTS",
    "MAX_EVENT_BYTES",
    "PARTITIONS",
    "STATED",
    "STREAM_SERVICES",
    "TOPICS",
    "Assay",
    "AssayType",
    "BlobRef",
    "Cleanup",
    "Consent",
    "ConsentChanged",
    "ConsentState",
    "DataUse",
    "DeadLettered",
    "DiseaseMatch",
    "DuoCondition",
    "Envelope",
    "ErasureRequested",
    "ErasureScope",
    "Event",
    "Evidence",
    "EvidenceLevel",
    "EvidenceMatch",
    "Finding",
    "GenomeBuild",
    "GermlineHint",
    "Kept",
    "KnownRecord",
    "Lane",
    "LimitedPermission",
    "Model",
    "NotExamined",
    "Part",
    "PartStatus",
    "PolygenicScore",
    "Provenance",
    "Purpose",
    "RecordDuty",
    "Removed",
    "ReportCounts",
    "ReportIssued",
    "ReportLinks",
    "ReportStatus",
    "RiskScored",
    "RiskStatus",
    "SampleContext",
    "SampleEvent",
    "SampleKind",
    "SampleReceived",
    "Sex",
    "SubjectErased",
    "Tier",
    "Tiering",
    "Topic",
    "VariantCounts",
    "VariantsAnnotated",
    "deadletter_topic",
    "heavy_topic",
    "retry_topic",
]
