"""Made events about one sample, as the other services would say them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from canheal_chassis.testing import envelope_of
from canheal_schemas import (
    Assay,
    AssayType,
    BlobRef,
    DeadLettered,
    Envelope,
    Finding,
    GenomeBuild,
    Part,
    PartStatus,
    PolygenicScore,
    RiskScored,
    RiskStatus,
    SampleContext,
    SampleKind,
    SampleReceived,
    Tier,
    Tiering,
    VariantsAnnotated,
)
from canheal_schemas.identifiers import (
    deadletter_root,
    dropped_root,
    event_id,
    mended_root,
    sample_id,
    sample_root,
)

SAMPLE = sample_id("BE-UZG", "T-1")
BLOB = BlobRef(blob_id=UUID(int=7), size=1, key_id="memory", hmac_sha256="0" * 64)


class Stream:
    """Says events about one sample; `kwargs` overrides any field."""

    context = SampleContext(
        label="T-1",
        kind=SampleKind.TUMOUR,
        assay=Assay(type=AssayType.PANEL, size_mb=1.2),
        build=GenomeBuild.GRCH38,
        oncotree_code="COAD",
    )
    mended = context.model_copy(update={"oncotree_code": "READ"})
    """What a person made of it: an event with this context has the root of a mended one."""

    def _about(self, **kwargs: Any) -> dict[str, Any]:
        about = {"sample": SAMPLE, "revision": 1, "subject": "9f2c" * 16, "consent_version": 1}
        about |= {"site": "BE-UZG", "country": "BE", "context": self.context}
        return about | {"expects": (Part.VARIANTS, Part.RISK)} | kwargs

    def received(self, **kwargs: Any) -> SampleReceived:
        return SampleReceived(**self._about(vcf=BLOB, **kwargs))

    def annotated(self, **kwargs: Any) -> VariantsAnnotated:
        findings = (self.finding(1, Tier.I), self.finding(2, Tier.III))
        said = {"status": PartStatus.DONE, "findings": findings, "findings_total": 2}
        return VariantsAnnotated(**self._about(**(said | kwargs)))

    def scored(self, **kwargs: Any) -> RiskScored:
        score = PolygenicScore(score_id="PGS1", name="demo", trait="breast", status=RiskStatus.SCORED)
        return RiskScored(**self._about(**({"status": RiskStatus.SCORED, "scores": (score,)} | kwargs)))

    def dead(self, service: str = "prs", attempt: int = 1, **kwargs: Any) -> DeadLettered:
        said = {"service": service, "input_type": VariantsAnnotated.topic.name, "root_id": self.root()}
        said |= {"attempt": attempt, "topic_name": "t", "partition": 0, "offset": 3, "body": BLOB}
        said |= {"error": "handler-failed", "message": "the handler raised three times"}
        said |= {"sample": SAMPLE, "revision": 1, "subject": "9f2c" * 16, "site": "BE-UZG"}
        return DeadLettered(**(said | kwargs))

    def finding(self, position: int, tier: Tier | None = None, **kwargs: Any) -> Finding:
        tiering = tier and Tiering(tier=tier, rule="AMP/ASCO/CAP 2017", reason="made for a test")
        said = {"contig": "7", "position": position, "ref": "A", "alt": "T", "gene": "BRAF"}
        said |= {"transcript": "NM_004333.6", "consequences": ("missense_variant",), "tiering": tiering}
        return Finding(**(said | kwargs))

    def root(self, revision: int = 1) -> UUID:
        return sample_root(SAMPLE, revision)

    def envelope(self, event: Any) -> Envelope:
        if not isinstance(event, DeadLettered):
            said = envelope_of(event, "annotate" if isinstance(event, VariantsAnnotated) else "prs")
            return self._mended(said) if event.context == self.mended else said
        root = deadletter_root(event.service, event.input_type, event.root_id, event.attempt)
        root = dropped_root(event.drops) if event.drops else root
        said = envelope_of(self.received())
        identifier = event_id(root, event.service, event.input_type, event.event_type)
        return said.model_copy(
            update={"root_id": root, "event_id": identifier, "event_type": event.event_type}
        )

    def dropped(self, service: str = "prs", attempt: int = 1) -> DeadLettered:
        """A person's word that nothing will come of `dead(service, attempt)`."""
        return self.dead(
            service, attempt, drops=self._letter(service, attempt), why="the hospital sends it anew"
        )

    def _letter(self, service: str, attempt: int) -> UUID:
        return self.envelope(self.dead(service, attempt)).event_id

    def _mended(self, said: Envelope) -> Envelope:
        root = mended_root(self._letter("annotate", 1), b"mended")
        return said.model_copy(
            update={"root_id": root, "event_id": event_id(root, "test", "", said.event_type)}
        )


@pytest.fixture(scope="session")
def stream() -> Stream:
    return Stream()


@pytest.fixture(scope="session")
def said(stream: Stream) -> Callable[[Any], tuple[Any, Envelope]]:
    return lambda event: (event, stream.envelope(event))
