"""The door's HTTP. Every error is a problem document (RFC 9457): what is wrong, where, how to mend it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from canheal_chassis.audit import actor_of
from canheal_genome.errors import BuildRefused, GenomeError, VcfRefused
from canheal_genome.rules import rules
from canheal_process.answers import problem_response, refusals, schema_of
from canheal_process.errors import ChildDied, Erased
from canheal_process.http import install_problems
from canheal_refdata.errors import AssemblyAbsent, BundleError
from canheal_schemas import STATED
from canheal_schemas.identifiers import sample_root
from canheal_vault.auditlog import AuditLog
from canheal_vault.chain import Action
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from canheal_ingest import errors
from canheal_ingest.bodies import body_of
from canheal_ingest.consent_routes import consent_routes
from canheal_ingest.errors import SubmissionRefused
from canheal_ingest.in_force import InForce
from canheal_ingest.metadata import Metadata
from canheal_ingest.progress import Progress
from canheal_ingest.reception import Reception
from canheal_ingest.samples import Samples
from canheal_ingest.standing import standing
from canheal_ingest.subjects import Subjects
from canheal_ingest.upload import refuse_declared_size

SUBMISSION_REFUSALS: Final = (
    errors.UploadRefused,
    errors.NotMultipart,
    errors.UploadTooLarge,
    errors.UploadTooSlow,
    errors.TooManyUploads,
    errors.ScratchFull,
    errors.MetadataRefused,
    errors.BedRefused,
    errors.ConsentDiffers,
    errors.LabelTaken,
    Erased,
    ChildDied,
    VcfRefused,
    BuildRefused,
    AssemblyAbsent,
)
"""What POST /v1/samples may answer beside 202 and 200."""
Actor = Annotated[str, Depends(actor_of)]
"""Who asks, for the audit log."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes reach."""

    reception: Reception
    samples: Samples
    subjects: Subjects
    progress: Progress
    audit: AuditLog
    caught_up: asyncio.Event
    now: Callable[[], datetime]


def mount(app: FastAPI, desk: Desk) -> None:
    """Add ingest's routes and the answers to what goes wrong."""
    install_problems(app, GenomeError, BundleError)
    app.add_exception_handler(SubmissionRefused, _refused)
    app.add_exception_handler(VcfRefused, _vcf_refused)

    refused = refusals(*SUBMISSION_REFUSALS) | _KNOWN_ALREADY

    @app.post("/v1/samples", status_code=202, openapi_extra=_SUBMISSION, responses=refused, tags=["samples"])
    async def submit(request: Request, by: Actor) -> JSONResponse:
        """Take a sample: 202 once it is durable, 200 where the same content was there already."""
        refuse_declared_size(request.headers.get("content-length"), desk.reception.limits)
        accepted = await desk.reception.take(body_of(request), request.headers.get("content-type", ""))
        record = accepted.record
        if accepted.new:
            desk.progress.accepted(record.id, record.revision)
        await desk.audit.record(
            Action.SAMPLE_SUBMITTED,
            by,
            subject=record.subject,
            about={"sample": str(record.id)},
            correlation_id=sample_root(record.id, record.revision),
        )
        place = f"/v1/samples/{record.id}"
        answer: dict[str, Any] = {
            "sample": str(record.id),
            "revision": record.revision,
            "label": record.label,
            "status": place,
        }
        if accepted.person.basis != STATED:
            answer["consent"] = InForce(accepted.person, desk.now()).document()
        return JSONResponse(answer, 202 if accepted.new else 200, {"Location": place})

    @app.get("/v1/samples/{sample}", responses=refusals(errors.SampleUnknown, Erased), tags=["samples"])
    async def where(sample: UUID, by: Actor) -> dict[str, Any]:
        """Where a sample is, which part is held and why."""
        record, person = await desk.samples.find(sample)
        about = {"sample": str(sample)}
        await desk.audit.record(Action.SAMPLE_VIEWED, by, subject=record.subject, about=about)
        journey = desk.progress.of(sample, record.revision)
        in_force = InForce(person, desk.now())
        return standing(record, journey, in_force, caught_up=desk.caught_up.is_set())

    app.include_router(consent_routes(desk.subjects, desk.audit, desk.now))


async def _refused(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, SubmissionRefused):
        raise error
    answer = problem_response(error.status, error.slug, str(error), title=error.title, **error.members)
    if error.retry_after_seconds is not None:
        answer.headers["Retry-After"] = str(error.retry_after_seconds)
    return answer


async def _vcf_refused(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, VcfRefused):
        raise error
    where = {} if error.line is None else {"line": error.line}
    number = rules()[error.rule].number
    return problem_response(
        error.status, error.slug, str(error), rule=error.rule, rule_number=number, **where
    )


def _takes(content: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": content}}


_KNOWN_ALREADY: dict[int | str, dict[str, Any]] = {
    200: {"description": "The same content was there already; nothing changed."}
}
_SUBMISSION = _takes(
    {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["metadata", "vcf"],
                "properties": {
                    "metadata": schema_of(Metadata),
                    "vcf": {
                        "type": "string",
                        "contentMediaType": "application/octet-stream",
                        "description": "The VCF: plain, gzip or BGZF; or a BCF.",
                    },
                },
            }
        }
    }
)
