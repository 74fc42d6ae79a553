"""The handler on an in-memory Work: every kind of answer, and the same bytes each time."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from canheal_chassis.outcome import Outcome
from canheal_chassis.testing import MemoryWork, envelope_of
from canheal_prs.risk import assess
from canheal_prs.settings import Settings
from canheal_prs.worker import handlers, withheld
from canheal_schemas import (
    Assay,
    AssayType,
    BlobRef,
    GenomeBuild,
    Part,
    PartStatus,
    Provenance,
    Purpose,
    RiskScored,
    RiskStatus,
    SampleContext,
    SampleKind,
    Sex,
    VariantsAnnotated,
)

import demo_samples

GERMLINE = demo_samples.SAMPLES / "DEMO-GERMLINE-1.vcf.gz"
CONTEXT = SampleContext(
    label="DEMO-GERMLINE-1",
    kind=SampleKind.GERMLINE,
    assay=Assay(type=AssayType.PANEL),
    build=GenomeBuild.GRCH38,
    vcf_sample="PERSON",
    sex=Sex.FEMALE,
)


def annotated(
    *, vcf: BlobRef | None, status: PartStatus = PartStatus.DONE, **context: Any
) -> VariantsAnnotated:
    return VariantsAnnotated(
        sample=UUID(int=7),
        revision=2,
        subject="9f2c" * 16,
        consent_version=3,
        site="EE-DEMO",
        country="EE",
        status=status,
        reason="consent withdrawn" if status is PartStatus.WITHHELD else None,
        context=CONTEXT.model_copy(update=context),
        expects=(Part.VARIANTS, Part.RISK),
        vcf=vcf,
        provenance=Provenance(bundle="b1", rules="annotate 1"),
    )


def settings(scores: Path | None = None) -> Settings:
    return Settings(
        kafka_bootstrap_servers="none:1",
        mongodb_uri="mongodb://none",
        platform_key="k",
        instance_id="prs-0",
        scores=scores,
    )


async def handled(*, scores: Path | None = None, with_vcf: bool = True, **event: Any) -> RiskScored:
    """What the service says of the demo's woman, changed as the test wants."""
    work = MemoryWork(envelope_of(annotated(vcf=None)))
    vcf = work.put(GERMLINE.read_bytes()) if with_vcf else None
    handler = handlers(settings(scores))[VariantsAnnotated]
    with work._scratch:
        outcome: Outcome = await handler.handle(annotated(vcf=vcf, **event), work)
    assert outcome.save == outcome.blobs == ()
    (said,) = outcome.publish
    assert isinstance(said, RiskScored)
    return said


async def test_a_germline_sample_is_scored_and_the_synthetic_score_says_so() -> None:
    said = await handled()
    assert said.status is RiskStatus.SCORED
    assert (said.sample, said.revision, said.consent_version) == (UUID(int=7), 2, 3)
    assert said.expects == (Part.VARIANTS, Part.RISK)
    (score,) = said.scores
    assert score.synthetic
    assert score.notice == "synthetic, not for care"
    assert score.percentile == pytest.approx(85.8, abs=0.1)
    assert score.checksum is not None
    assert said.provenance is not None
    assert said.provenance.bundle.startswith("demo-")


async def test_the_same_event_gives_the_same_bytes() -> None:
    assert (await handled()).to_bytes() == (await handled()).to_bytes()


async def test_a_tumour_is_not_scored_and_its_vcf_is_not_opened() -> None:
    said = await handled(kind=SampleKind.TUMOUR, with_vcf=False)
    assert said.status is RiskStatus.NOT_APPLICABLE
    assert said.reason is not None
    assert "germline" in said.reason
    assert said.scores == ()


async def test_a_withheld_sample_stays_withheld_with_its_reason() -> None:
    said = await handled(status=PartStatus.WITHHELD, with_vcf=False)
    assert (said.status, said.reason) == (RiskStatus.WITHHELD, "consent withdrawn")


async def test_an_event_without_vcf_is_refused() -> None:
    said = await handled(with_vcf=False)
    assert said.status is RiskStatus.REFUSED
    assert said.reason is not None
    assert "no VCF" in said.reason


async def test_a_sites_only_germline_file_is_refused() -> None:
    assert (await handled(vcf_sample=None)).status is RiskStatus.REFUSED


async def test_a_womens_score_does_not_speak_about_a_man_and_waits_for_an_unrecorded_sex() -> None:
    man, unknown = await handled(sex=Sex.MALE), await handled(sex=Sex.UNKNOWN)
    assert man.status is RiskStatus.NOT_APPLICABLE
    assert man.scores[0].sum is None
    assert unknown.status is RiskStatus.REFUSED
    assert unknown.reason is not None
    assert "sex is not recorded" in unknown.reason


async def test_a_score_on_another_build_is_refused_with_both_builds() -> None:
    said = await handled(build=GenomeBuild.GRCH37)
    assert said.status is RiskStatus.REFUSED
    assert said.reason is not None
    assert "GRCh38" in said.reason
    assert "GRCh37" in said.reason


async def test_of_several_scores_each_says_its_own_and_one_scored_makes_the_part_scored(
    tmp_path: Path,
) -> None:
    text = demo_samples.SCORE.read_text()
    (tmp_path / "a.txt").write_text(text)
    (tmp_path / "b.txt").write_text(
        text.replace("Breast cancer", "Prostate cancer").replace("DEMO-BREAST", "P")
    )
    said = await handled(scores=tmp_path)
    assert said.status is RiskStatus.SCORED
    assert [score.status for score in said.scores] == [RiskStatus.SCORED, RiskStatus.NOT_APPLICABLE]


def test_without_consent_the_part_is_withheld_and_carries_no_score() -> None:
    said = withheld(annotated(vcf=None), "own-care is not permitted")
    assert (said.status, said.reason, said.scores) == (RiskStatus.WITHHELD, "own-care is not permitted", ())
    assert handlers(settings())[VariantsAnnotated].purpose is Purpose.OWN_CARE


def test_the_science_runs_in_a_spawned_process_and_says_the_same_there() -> None:
    arguments = (GERMLINE, CONTEXT, None, None)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(assess, *arguments).result(timeout=60) == assess(*arguments)
