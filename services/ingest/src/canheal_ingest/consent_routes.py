"""HTTP of consent: PUT what a person allows, GET what is in force; in our JSON or as a FHIR Consent."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final

from canheal_chassis.audit import actor_of
from canheal_process.answers import refusals, schema_of
from canheal_process.errors import Erased
from canheal_vault.auditlog import AuditLog
from canheal_vault.chain import Action
from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import JSONResponse

from canheal_ingest.bodies import small_body
from canheal_ingest.consent_from_fhir import Reading, consent_from_fhir
from canheal_ingest.consent_to_fhir import consent_to_fhir
from canheal_ingest.errors import (
    ConsentFormat,
    ConsentRefused,
    MetadataRefused,
    SubjectUnknown,
    UploadRefused,
    UploadTooLarge,
)
from canheal_ingest.fhir_consent import MEDIA_TYPE, FhirConsent
from canheal_ingest.in_force import InForce
from canheal_ingest.metadata import Name, Site, StatedConsent, read_document
from canheal_ingest.subjects import Subjects

PLAIN: Final = "application/json"
NO_STORE: Final = {"Cache-Control": "no-store"}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            PLAIN: {"schema": schema_of(StatedConsent)},
            MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "description": "A FHIR R4B Consent; docs/consent.md says which parts of it are read.",
                }
            },
        },
    }
}


_AS_FHIR: dict[int | str, dict[str, Any]] = {
    200: {"description": "The consent in force.", "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}
}


def consent_routes(subjects: Subjects, audit: AuditLog, now: Callable[[], datetime]) -> APIRouter:
    """The routes by which a hospital says and reads what a person allows."""
    router = APIRouter(tags=["consent"])
    unknown = refusals(SubjectUnknown, Erased) | _AS_FHIR
    refused = refusals(
        SubjectUnknown, Erased, MetadataRefused, ConsentRefused, ConsentFormat, UploadRefused, UploadTooLarge
    )

    @router.put("/v1/subjects/{pseudonym:path}/consent", openapi_extra=_BODY, responses=refused)
    async def change_consent(
        pseudonym: Annotated[Name, Path()],
        site: Annotated[Site, Query()],
        by: Annotated[str, Depends(actor_of)],
        request: Request,
    ) -> dict[str, Any]:
        """State what a person allows from now on; the same again changes nothing."""
        stated = read_stated(request.headers.get("content-type", PLAIN), await small_body(request))
        record, changed = await subjects.change_consent(site, pseudonym, stated.consent)
        about = {"consent": str(record.consent_version)}
        await audit.record(Action.CONSENT_CHANGED, by, subject=record.subject, about=about)
        return {
            "subject": record.subject,
            **InForce(record, now()).document(),
            "changed": changed,
            "without_use": list(stated.without_use),
            "not_understood": list(stated.not_understood),
        }

    @router.get("/v1/subjects/{pseudonym:path}/consent", responses=unknown)
    async def consent_in_force(
        pseudonym: Annotated[Name, Path()],
        site: Annotated[Site, Query()],
        by: Annotated[str, Depends(actor_of)],
        accept: Annotated[str, Header()] = PLAIN,
    ) -> JSONResponse:
        """The consent in force; as a FHIR Consent where that is what is asked for."""
        record = await subjects.known(site, pseudonym)
        about = {"consent": str(record.consent_version)}
        await audit.record(Action.CONSENT_VIEWED, by, subject=record.subject, about=about)
        if MEDIA_TYPE in accept.lower():
            resource = consent_to_fhir(record.subject, record.consent, record.consent_version, record.basis)
            return JSONResponse(resource, headers=NO_STORE, media_type=MEDIA_TYPE)
        document = {"subject": record.subject, **InForce(record, now()).document()}
        return JSONResponse(document, headers=NO_STORE)

    return router


def read_stated(content_type: str, body: bytes) -> Reading:
    """What a body states, by its content type.

    Raises:
        ConsentFormat: it is neither our JSON nor FHIR's.
        MetadataRefused, ConsentRefused: what is wrong in it, and where.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == MEDIA_TYPE:
        return consent_from_fhir(read_document(FhirConsent, body))
    if kind in {"", PLAIN}:
        return Reading(read_document(StatedConsent, body).consent)
    raise ConsentFormat(f"the content type is {kind[:80]!r}; send {PLAIN} or {MEDIA_TYPE}")
