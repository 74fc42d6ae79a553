"""How the commands speak with the services: HTTP, and problem documents read out to the person."""

import getpass
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from canheal_process.errors import Unreachable

from canheal_cli.errors import RefusedError
from canheal_cli.metadata import option_for
from canheal_cli.readable import lines

ACTOR_HEADER = "X-Canheal-Actor"
"""Who asks, for the audit log; as `canheal_chassis.audit` reads it."""
# A large upload is checked before the answer comes.
TIMEOUT = httpx.Timeout(10, read=900, write=900)


def get(url: str, asked: Mapping[str, str] | None = None, *, by: str | None = None) -> httpx.Response:
    """GET; `asked` is the query, `by` who the audit log is to name.

    Raises:
        Unreachable, RefusedError
    """
    return _checked("GET", url, params=asked, headers=_actor(by))


def find(url: str) -> httpx.Response | None:
    """GET; None where there is nothing (404).

    Raises:
        Unreachable, RefusedError
    """
    response = _asked("GET", url, headers=_actor(None))
    return None if response.status_code == httpx.codes.NOT_FOUND else _demand_success(response)


def post(url: str, by: str, **body: Any) -> httpx.Response:
    """POST; the body by httpx's name for its kind, or none; `by` is who the audit log is to name.

    Raises:
        Unreachable, RefusedError
    """
    return _checked("POST", url, headers=_actor(by), **body)


def delete(url: str, asked: Mapping[str, str], by: str) -> httpx.Response:
    """DELETE; `asked` is the query, `by` who the audit log is to name.

    Raises:
        Unreachable, RefusedError
    """
    return _checked("DELETE", url, params=asked, headers=_actor(by))


def submit(ingest: str, vcf: Path, metadata: Mapping[str, Any]) -> httpx.Response:
    """Stream a file with its metadata to the door.

    Raises:
        RefusedError: the file is absent, or the door refused it.
        Unreachable: nothing answers.
    """
    try:
        with vcf.open("rb") as file:
            parts = {
                "metadata": (None, json.dumps(metadata), "application/json"),
                "vcf": (vcf.name, file, "application/octet-stream"),
            }
            return _checked("POST", f"{ingest}/v1/samples", files=parts)
    except OSError as error:
        raise RefusedError(f"{error.strerror}.") from error


def _actor(by: str | None) -> dict[str, str]:
    return {ACTOR_HEADER: by or getpass.getuser()}


def _checked(method: str, url: str, **arguments: Any) -> httpx.Response:
    return _demand_success(_asked(method, url, **arguments))


def _asked(method: str, url: str, **arguments: Any) -> httpx.Response:
    try:
        return httpx.request(method, url, timeout=TIMEOUT, **arguments)
    except httpx.HTTPError as error:
        raise Unreachable(f"{url} does not answer: {error}. Is the platform up (`canheal up`)?") from error


def _demand_success(response: httpx.Response) -> httpx.Response:
    if response.is_error:
        raise RefusedError(problem_text(response))
    return response


def problem_text(response: httpx.Response) -> str:
    """An RFC 9457 problem document in sentences: title, what is wrong, then whatever else it says."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return f"{response.request.url} answered {response.status_code} {response.reason_phrase}."
    wrong = _wrong_fields(problem)
    said = ("title",) if wrong else ("title", "detail")  # the detail says the same fields in one sentence
    told = ": ".join(str(problem[name]) for name in said if problem.get(name))
    known = {"title", "detail", "type", "status", "instance", *(("errors",) if wrong else ())}
    further = {k: v for k, v in problem.items() if k not in known and not _is_said(k, v, told)}
    return "\n  ".join([told, *wrong, *lines(further)])


def _is_said(name: str, value: Any, told: str) -> bool:
    """Whether the sentence says this already: `rule` by its name, `line` as `line 9`."""
    return value in told if isinstance(value, str) else f"{name} {value}" in told


def _wrong_fields(problem: Mapping[str, Any]) -> list[str]:
    """The fields that were refused, a line each: where, what was found and expected, which option says it."""
    return [
        f"{error['pointer']}: {_wrong(error)}{option_for(str(error['pointer']))}"
        for error in problem.get("errors") or ()
        if isinstance(error, dict) and "pointer" in error
    ]


def _wrong(error: Mapping[str, Any]) -> str:
    if "detail" in error:
        return str(error["detail"])
    return f"found {error.get('found')}, expected {error.get('expected')}"
