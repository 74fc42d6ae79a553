"""What every process serves: health, metrics, and errors as problem documents (RFC 9457)."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus

import uvicorn
from canheal_vault.errors import VaultError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException

from canheal_process.answers import Guard, problem_response
from canheal_process.errors import PlatformError

GRACE_SECONDS = 5
"""Longest wait for answers in hand when the process ends."""

type Ready = Callable[[], Awaitable[list[str]]]


async def _platform_problem(_: Request, error: Exception) -> JSONResponse:
    status = int(getattr(error, "status", 500))
    named = str(getattr(error, "slug", "platform-error"))
    places = {name: getattr(error, name) for name in ("rule", "line", "errors") if getattr(error, name, None)}
    return problem_response(status, named, str(error), **places)


async def _http_problem(_: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    phrase = HTTPStatus(status).phrase
    answer = problem_response(status, phrase.lower().replace(" ", "-"), str(getattr(error, "detail", phrase)))
    answer.headers.update(getattr(error, "headers", None) or {})
    return answer


async def _validation_problem(_: Request, error: Exception) -> JSONResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    errors = [{"pointer": "/" + "/".join(map(str, e["loc"])), "detail": e["msg"]} for e in found]
    return problem_response(
        422, "request-invalid", "the request does not fit the API's description", errors=errors
    )


async def _unforeseen_problem(_: Request, _error: Exception) -> JSONResponse:
    """The error itself goes to the log: it may name values."""
    return problem_response(500, PlatformError.slug, "nobody foresaw this; the operators find it in the log")


def install_problems(app: FastAPI, *others: type[Exception]) -> None:
    """Answer errors as problem documents: ours, the vault's, and `others` that carry `slug` and `status`."""
    kinds: tuple[type[Exception], ...] = (PlatformError, VaultError, *others)
    for kind in kinds:
        app.add_exception_handler(kind, _platform_problem)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _validation_problem)
    app.add_exception_handler(Exception, _unforeseen_problem)
    app.add_middleware(Guard)


def add_health(app: FastAPI, ready: Ready) -> None:
    """Add /healthz (the loop turns), /readyz (with the reasons why not) and /metrics."""

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> JSONResponse:
        missing = await ready()
        return JSONResponse({"ready": not missing, "waiting_for": missing}, 503 if missing else 200)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process, not to its HTTP server."""
        yield


async def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve until cancelled; then answers in hand are finished and the port is given back."""
    config = uvicorn.Config(app, host=host, port=port, log_config=None, lifespan="off", access_log=False)
    config.timeout_graceful_shutdown = GRACE_SECONDS
    server = _Server(config)
    serving = asyncio.ensure_future(server.serve())
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving
