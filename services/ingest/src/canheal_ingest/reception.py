"""A submission from its first byte to the answer: upload, metadata, the door, then the stores."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from canheal_genome.compression import is_bcf
from canheal_genome.errors import VcfRefused
from canheal_process.errors import ChildDied
from canheal_process.pool import Pool
from canheal_schemas import Assay, GenomeBuild, SampleContext, SampleKind

from canheal_ingest.in_child import CURRENT_CODES, EXAMINE, MERGED_SIZE_MB, WARM
from canheal_ingest.metadata import Metadata, TumourTypes, read_metadata
from canheal_ingest.pace import Pace, Turnstile
from canheal_ingest.questions import Passed, Question
from canheal_ingest.samples import Accepted, Samples, Submission
from canheal_ingest.settings import Settings
from canheal_ingest.upload import Limits, Upload, place, receive

LARGE_NICE = 10
"""How far the check of a genome gives way to that of panels."""


@dataclass(frozen=True, slots=True)
class Codes:
    """OncoTree's codes, each with the one that counts now; None where the bundle has no OncoTree."""

    current_of: Mapping[str, str] | None

    def current(self, code: str) -> str | None:
        return None if self.current_of is None else self.current_of.get(code)


class Lanes:
    """Where files are read: large ones in a process of their own, so that no panel waits for a genome."""

    def __init__(self, settings: Settings) -> None:
        warm = partial(WARM, settings.bundle)
        self._common = Pool(settings.pool_processes, warm)
        self._large = Pool(1, warm, nice=LARGE_NICE)
        self._large_bytes = settings.large_vcf_bytes
        self._bundle = settings.bundle
        self._codes: Codes | None = None

    async def ready(self) -> None:
        """Wait until the common lane's reference data is open."""
        await self._common.ready()

    async def examine(self, question: Question) -> Passed:
        """`door.examine`, beside the event loop."""
        large = question.path.stat().st_size >= self._large_bytes
        try:
            return await (self._large if large else self._common).run(EXAMINE, question, self._bundle)
        except ChildDied as error:
            if not await asyncio.to_thread(is_bcf, question.path):
                raise
            raise VcfRefused(
                "bcf-corrupt", "htslib ended its process on this BCF, twice; send it as a VCF"
            ) from error

    async def tumour_types(self) -> TumourTypes | None:
        """The bundle's tumour types, asked of a child once."""
        if self._codes is None:
            self._codes = Codes(await self._common.run(CURRENT_CODES, self._bundle))
        return None if self._codes.current_of is None else self._codes

    async def merged_size_mb(self, bed: str) -> float:
        """`bed.merged_size_mb`, beside the event loop."""
        return await self._common.run(MERGED_SIZE_MB, bed)

    def close(self) -> None:
        self._common.close()
        self._large.close()


@dataclass(frozen=True, slots=True)
class Reception:
    """Takes submissions."""

    scratch: Path
    limits: Limits
    max_uncompressed_bytes: int
    pace: Pace
    turnstile: Turnstile
    lanes: Lanes
    samples: Samples

    @classmethod
    def of(cls, settings: Settings, scratch: Path, lanes: Lanes, samples: Samples) -> Self:
        return cls(
            scratch,
            Limits(settings.max_upload_bytes, settings.max_metadata_bytes),
            settings.max_uncompressed_bytes,
            Pace(settings.upload_idle_seconds, settings.min_upload_bytes_per_second),
            Turnstile(settings.max_uploads_at_once),
            lanes,
            samples,
        )

    async def take(self, stream: AsyncIterator[bytes], content_type: str) -> Accepted:
        """Take a submission, or refuse it and keep nothing of it.

        Raises:
            SubmissionRefused, VcfRefused, AssemblyAbsent, Erased: what is wrong and how to mend it.
        """
        with self.turnstile.enter():
            return await self._take(self.pace.keep(stream), content_type)

    async def _take(self, stream: AsyncIterator[bytes], content_type: str) -> Accepted:
        async with place(self.scratch) as folder:
            upload = await receive(stream, content_type, folder, self.limits)
            said = read_metadata(upload.metadata, await self.lanes.tumour_types())
            assay = await self._assay(said)
            passed = await self.lanes.examine(self._question(said, upload))
            return await self.samples.accept(
                Submission(
                    site=said.site,
                    country=said.country,
                    pseudonym=said.pseudonym,
                    context=_context(said, assay, passed),
                    consent=said.consent.consent if said.consent else None,
                    vcf=passed.vcf,
                )
            )

    async def _assay(self, said: Metadata) -> Assay:
        bed = said.assay.bed
        size = said.assay.size_mb if bed is None else await self.lanes.merged_size_mb(bed)
        return Assay(type=said.assay.type, size_mb=size)

    def _question(self, said: Metadata, upload: Upload) -> Question:
        return Question(
            path=upload.vcf,
            germline=said.kind is SampleKind.GERMLINE,
            vcf_sample=said.vcf_sample,
            vcf_normal=said.vcf_normal,
            declared=said.build,
            max_uncompressed_bytes=self.max_uncompressed_bytes,
        )


def _context(said: Metadata, assay: Assay, passed: Passed) -> SampleContext:
    return SampleContext(
        label=said.label,
        kind=said.kind,
        assay=assay,
        build=GenomeBuild(passed.build),
        build_basis=passed.build_basis,
        vcf_sample=passed.sample,
        vcf_normal=passed.normal,
        oncotree_code=said.oncotree_code,
        sex=said.sex,
        age_years=said.age_years,
        purity=said.purity,
    )
