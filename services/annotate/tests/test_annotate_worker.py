"""The handler with the in-memory workplace: what it publishes, how large, and that a replay says the same."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from canheal_annotate.interpret import interpret
from canheal_annotate.judgement import warm
from canheal_annotate.worker import FINDINGS_BYTES, annotate, json_lines, most_relevant, withheld
from canheal_chassis.outcome import Outcome
from canheal_chassis.testing import MemoryWork, envelope_of
from canheal_schemas import (
    Assay,
    AssayType,
    BlobRef,
    Finding,
    GenomeBuild,
    PartStatus,
    SampleContext,
    SampleKind,
    SampleReceived,
    VariantsAnnotated,
)
from canheal_schemas.event import MAX_EVENT_BYTES

HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tT\n"
CONTEXT = SampleContext(
    label="T",
    kind=SampleKind.TUMOUR,
    assay=Assay(type=AssayType.PANEL),
    build=GenomeBuild.GRCH38,
    vcf_sample="T",
    oncotree_code="COAD",
)
NOWHERE = BlobRef(blob_id=UUID(int=1), size=0, key_id="k", hmac_sha256="0" * 64)


def received(vcf: BlobRef = NOWHERE, context: SampleContext = CONTEXT) -> SampleReceived:
    return SampleReceived(
        sample=UUID(int=7),
        revision=1,
        subject="a" * 64,
        consent_version=1,
        site="BE-UZG",
        country="BE",
        vcf=vcf,
        context=context,
    )


def many_records() -> str:
    """Every base of BRAF's exon 15 changed, each under a FILTER of its own after the first 150."""
    rows = []
    for at in range(140753274, 140753394):
        for alt in "ACGT":
            filter_ = "PASS" if alt in "AC" else f"f{at}{alt}"
            rows.append(f"7\t{at}\t.\tN\t{alt}\t.\t{filter_}\t.\tGT:AD\t0/1:50,50\n")
    return "".join(rows)


async def handled(records: str, context: SampleContext = CONTEXT) -> tuple[VariantsAnnotated, Outcome]:
    work = MemoryWork(envelope_of(received()))
    with work._scratch:
        outcome = await annotate(received(work.put((HEADER + records).encode()), context), work, bundle=None)
    (event,) = outcome.publish
    assert isinstance(event, VariantsAnnotated)
    return event, outcome


async def test_the_event_carries_findings_context_vcf_counts_and_versions() -> None:
    event, outcome = await handled("7\t140753336\t.\tA\tT\t.\tPASS\t.\tGT:AD\t0/1:50,50\n")
    assert event.status is PartStatus.DONE
    assert event.context == CONTEXT
    assert event.vcf is not None
    assert [finding.hgvs_p for finding in event.findings] == ["p.(Val600Glu)"]
    assert event.findings_total == 1
    assert event.counts is not None
    assert event.provenance is not None
    assert event.provenance.bundle.startswith("demo-")
    assert "tiering" in event.provenance.rules
    (blob,) = outcome.blobs
    assert blob.ref == event.all_findings
    assert [Finding.model_validate_json(line) for line in blob.data.splitlines()] == list(event.findings)


async def test_the_same_event_again_says_the_same_bytes() -> None:
    record = "7\t140753336\t.\tA\tT\t.\tPASS\t.\tGT:AD\t0/1:50,50\n"
    (first, outcome), (second, again) = await handled(record), await handled(record)
    assert first.to_bytes() == second.to_bytes()
    assert outcome.blobs == again.blobs


async def test_many_filters_stay_within_the_event_and_still_add_up() -> None:
    event, _ = await handled(many_records())
    assert event.counts is not None
    assert len(event.counts.filtered) == 101
    counts = event.counts
    assert sum(counts.filtered.values()) + sum(counts.not_interpretable.values()) == counts.alleles
    assert len(event.to_bytes()) < MAX_EVENT_BYTES


def test_an_event_holds_the_first_sixty_findings_that_fit(tmp_path: Path) -> None:
    vcf = tmp_path / "one.vcf"
    vcf.write_text(HEADER + "7\t140753336\t.\tA\tT\t.\tPASS\t.\tGT:AD\t0/1:50,50\n")
    (finding,) = interpret(vcf, CONTEXT, None).findings
    assert len(list(most_relevant([finding] * 100))) == 60
    giant = finding.model_copy(update={"alt": "A" * FINDINGS_BYTES})
    assert list(most_relevant([giant, finding])) == [finding]
    large = finding.model_copy(update={"alt": "A" * 20_000})
    kept = list(most_relevant([large] * 60))
    assert 5 < len(kept) < 60
    assert len(json_lines(kept)) <= FINDINGS_BYTES


def test_a_refusal_says_why_and_nothing_of_the_variants() -> None:
    event = withheld(received(), "consent withdrawn")
    assert event.status is PartStatus.WITHHELD
    assert event.reason == "consent withdrawn"
    assert event.findings == ()
    assert event.vcf is None
    assert event.counts is None
    assert json.loads(event.to_bytes())["sample"] == str(UUID(int=7))


@pytest.mark.parametrize("build", list(GenomeBuild))
async def test_a_warm_process_answers_on_either_build(build: GenomeBuild) -> None:
    warm(None)
    at = 140753336 if build is GenomeBuild.GRCH38 else 140453136
    context = CONTEXT.model_copy(update={"build": build})
    event, _ = await handled(f"7\t{at}\t.\tA\tT\t.\tPASS\t.\tGT:AD\t0/1:50,50\n", context)
    assert event.findings[0].hgvs_p == "p.(Val600Glu)"
