"""What holds for every answer: the headers that protect whoever reads it, and how refusals are documented.

A page of another site that a person has open must not be able to act here in their name, though everything
listens on their own machine: what changes something is refused where the browser says that it comes from
another origin (W3C Fetch Metadata, RFC 6454).
"""

from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from canheal_process.errors import Conflict, CrossSite, Unreachable

PROBLEM: Final = "application/problem+json"
PROTECTING: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Said with every answer that does not say its own: what consent forbids tomorrow must lie in no cache, no
page here needs a script, a frame or another host, and nothing is guessed to be another type than it says."""
READING: Final = {"GET", "HEAD", "OPTIONS"}
EVERYWHERE: Final = (Unreachable, Conflict)


class Problem(BaseModel):
    """An error as RFC 9457 writes it; some say more, such as `line`, `rule` or `errors`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str


def problem_response(status: int, slug: str, detail: str, **more: Any) -> JSONResponse:
    """An error as a document: what is wrong, where, and how to mend it."""
    body = {
        "type": f"urn:canheal:problem:{slug}",
        "title": slug.replace("-", " "),
        "status": status,
        "detail": detail,
    }
    answer = JSONResponse(body | more, status_code=status, media_type=PROBLEM)
    protect(answer.headers)
    return answer


def refusals(*errors: type[Exception], validated: bool = True) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may refuse with these errors (`validated`: it has parameters)."""
    slugs: dict[int, list[str]] = {422: ["request-invalid"]} if validated else {}
    for error in (*errors, *EVERYWHERE):
        slugs.setdefault(getattr(error, "status", 500), []).append(getattr(error, "slug", "platform-error"))
    return {status: _documented(named) for status, named in sorted(slugs.items())}


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """A model's JSON Schema, whole in itself: a reference would point into the API's description."""
    schema = model.model_json_schema()
    parts = schema.pop("$defs", {})

    def inlined(node: Any) -> Any:
        if isinstance(node, list):
            return [inlined(item) for item in node]
        if not isinstance(node, dict):
            return node
        part = parts.get(node.get("$ref", "").removeprefix("#/$defs/"))
        return inlined(part) if part else {name: inlined(value) for name, value in node.items()}

    return dict(inlined(schema))


def _documented(slugs: Iterable[str]) -> dict[str, Any]:
    named = ", ".join(f"`{slug}`" for slug in dict.fromkeys(slugs))
    return {
        "description": f"A problem document: {named}.",
        "content": {PROBLEM: {"schema": Problem.model_json_schema()}},
    }


class Guard:
    """ASGI middleware: refuses what another site's page asks for, and adds the protecting headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] not in READING and comes_from_elsewhere(Headers(scope=scope)):
            refused = problem_response(CrossSite.status, CrossSite.slug, _ELSEWHERE)
            await refused(scope, receive, send)
            return

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                protect(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, protected)


_ELSEWHERE: Final = (
    "The request was made by a page of another origin. Ask from the platform's own pages, or from a program, "
    "which sends no Origin."
)


def protect(headers: MutableHeaders) -> None:
    """Add the protecting headers that an answer does not say itself."""
    for name, value in PROTECTING.items():
        headers.setdefault(name, value)


def comes_from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that another origin's page makes this request."""
    if headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return True
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != headers.get("host", "")
