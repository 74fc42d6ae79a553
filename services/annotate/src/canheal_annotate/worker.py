"""The handler: a received sample in, its variants' meaning out."""

from collections.abc import Iterable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from canheal_chassis.outcome import Handler, Handlers, Outcome
from canheal_chassis.work import Work
from canheal_schemas import (
    Finding,
    PartStatus,
    Provenance,
    Purpose,
    SampleReceived,
    VariantCounts,
    VariantsAnnotated,
)
from canheal_schemas.event import MAX_EVENT_BYTES
from canheal_vault.blobs import NewBlob

from canheal_annotate.interpret import Interpretation, interpret
from canheal_annotate.settings import Settings

HEAVY_BYTES: Final = 8 << 20
"""A VCF of this size, as it was sent, goes to the heavy lane. Some 250,000 records fit into it as gzip, and
reading them takes one core two thirds of a second; a germline exome has 100,000 at most."""
MOST_FINDINGS: Final = 60
FINDINGS_BYTES: Final = MAX_EVENT_BYTES - 64 * 1024
"""What findings may take of an event; the rest is for context, counts and what was not examined."""
MOST_FILTERS: Final = 100
"""Combinations of FILTER that the event counts one by one; the rarest beyond are counted together."""


async def annotate(sample: SampleReceived, work: Work, *, bundle: Path | None) -> Outcome:
    """Interpret one sample's variants."""
    vcf = await work.blob(sample.vcf)
    interpretation = await work.run(interpret, vcf, sample.context, bundle)
    everything = await work.seal("findings", json_lines(interpretation.findings))
    return Outcome(blobs=(everything,), publish=(_done(sample, interpretation, everything),))


def handlers(settings: Settings) -> Handlers:
    """What the service handles."""
    handle = partial(annotate, bundle=settings.bundle)
    return {SampleReceived: Handler(handle, Purpose.OWN_CARE, withheld=withheld, heavy=heavy)}


def heavy(sample: SampleReceived) -> bool:
    """Whether the sample's variants would hold up panels."""
    return sample.vcf.size >= HEAVY_BYTES


def withheld(sample: SampleReceived, reason: str) -> VariantsAnnotated:
    """What is said where consent refuses."""
    return _part(sample, PartStatus.WITHHELD).model_copy(update={"reason": reason})


def json_lines(findings: Iterable[Finding]) -> bytes:
    """Every finding, one JSON object a line."""
    return b"".join(finding.model_dump_json().encode() + b"\n" for finding in findings)


def _done(sample: SampleReceived, interpretation: Interpretation, everything: NewBlob) -> VariantsAnnotated:
    said = {
        "vcf": sample.vcf,
        "findings": tuple(most_relevant(interpretation.findings)),
        "findings_total": len(interpretation.findings),
        "all_findings": everything.ref,
        "counts": _short(interpretation.counts),
        "not_examined": interpretation.not_examined,
        "provenance": Provenance(bundle=interpretation.bundle, rules=interpretation.rules),
    }
    return _part(sample, PartStatus.DONE).model_copy(update=said)


def most_relevant(findings: Iterable[Finding]) -> Iterable[Finding]:
    """The first findings that an event has room for; one with very long alleles waits in the blob."""
    room = FINDINGS_BYTES
    for finding in islice(findings, MOST_FINDINGS):
        size = len(finding.model_dump_json().encode()) + 1
        if size <= room:
            room -= size
            yield finding


def _short(counts: VariantCounts) -> VariantCounts:
    common = sorted(counts.filtered.items(), key=lambda one: (-one[1], one[0]))
    if len(common) <= MOST_FILTERS:
        return counts
    rare = sum(number for _, number in common[MOST_FILTERS:])
    return counts.model_copy(update={"filtered": dict(sorted(common[:MOST_FILTERS])) | {"others": rare}})


def _part(sample: SampleReceived, status: PartStatus) -> VariantsAnnotated:
    return VariantsAnnotated(
        sample=sample.sample,
        revision=sample.revision,
        subject=sample.subject,
        consent_version=sample.consent_version,
        site=sample.site,
        country=sample.country,
        status=status,
        context=sample.context,
        expects=sample.expects,
    )
