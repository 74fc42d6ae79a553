"""The desk over HTTP: what `canheal dlq` asks of the service that holds a dead letter."""

from typing import Annotated, Any
from uuid import UUID

from canheal_chassis.audit import actor_of
from canheal_chassis.letters import Letter, LetterState
from canheal_process.answers import refusals
from canheal_process.errors import (
    BlobDamaged,
    BodyWithheld,
    ConsentOutOfDate,
    Erased,
    MendRefused,
    NoSuchDeadLetter,
)
from canheal_schemas import MAX_EVENT_BYTES
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from canheal_desk.deadletter_desk import Desk

Actor = Annotated[str, Depends(actor_of)]
"""Who asks, as the request's `X-Canheal-Actor` says."""


class Dropping(BaseModel):
    """Why a dead letter is given up for good."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    why: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]


def deadletter_routes(desk: Desk) -> APIRouter:
    """List, show, send again, mend and give up; each is written into the audit log."""
    router = APIRouter(prefix="/v1/deadletters", tags=["dead letters"])
    unread = (NoSuchDeadLetter, Erased, BlobDamaged)

    @router.get("", responses=refusals())
    async def letters(by: Actor, state: LetterState | None = None) -> list[Letter]:
        """The dead letters of this service, the oldest first."""
        return await desk.letters(by, state)

    @router.get("/{letter}", responses=refusals(NoSuchDeadLetter))
    async def letter(letter: UUID, by: Actor) -> Letter:
        """One dead letter: what, where, why, and what a person does about it."""
        return await desk.letter(letter, by)

    @router.get(
        "/{letter}/body",
        response_class=Response,
        responses=refusals(*unread, BodyWithheld, ConsentOutOfDate) | _BODY,
    )
    async def body(letter: UUID, by: Actor) -> Response:
        """What could not be handled, as it came."""
        return Response(await desk.body(letter, by), media_type="application/octet-stream")

    @router.post("/{letter}/retry", status_code=202, responses=refusals(*unread))
    async def retry(letter: UUID, by: Actor) -> Letter:
        """Send it to its service again as it came."""
        return await desk.retry(letter, by)

    @router.post(
        "/{letter}/mend", status_code=202, responses=refusals(*unread, MendRefused), openapi_extra=_EVENT
    )
    async def mend(letter: UUID, by: Actor, request: Request) -> Letter:
        """Send the request's body to the service in its place, once the contract accepts it."""
        return await desk.mend(letter, await _up_to_an_event(request), by)

    @router.post("/{letter}/drop", responses=refusals(NoSuchDeadLetter))
    async def drop(letter: UUID, by: Actor, dropping: Dropping) -> Letter:
        """Give it up for good; the report and the sample's status say so from then on."""
        return await desk.drop(letter, by, dropping.why)

    return router


async def _up_to_an_event(request: Request) -> bytes:
    """The body, read no further than it takes to see that it is larger than an event may be."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_EVENT_BYTES:
            break
    return bytes(body)


_BODY: dict[int | str, dict[str, Any]] = {
    200: {"description": "The event's value.", "content": {"application/octet-stream": {}}}
}
_EVENT = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}
