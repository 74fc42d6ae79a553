"""The services' dead letters, as `canheal dlq` asks for them: each service answers for its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from canheal_chassis.letters import Letter
from canheal_process.errors import NoSuchDeadLetter, Unreachable
from canheal_schemas import STREAM_SERVICES

from canheal_cli import services
from canheal_cli.errors import NotRunningError
from canheal_cli.state import service_url

COLUMNS = ("ID", "state", "age", "attempt", "service", "error", "sample")
UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))


@dataclass(frozen=True)
class Found:
    """What the services answered, and which did not."""

    letters: list[Letter]
    silent: dict[str, str]
    """Why, by service."""


def everywhere(data: Path, state: str | None) -> Found:
    """The dead letters of every service that answers, the oldest first."""
    found: list[Letter] = []
    silent: dict[str, str] = {}
    asked = {"state": state} if state else {}
    for service in STREAM_SERVICES:
        try:
            answer = services.get(f"{service_url(service, data)}/v1/deadletters", asked)
        except (Unreachable, NotRunningError) as error:
            silent[service] = str(error)
        else:
            found += map(Letter.model_validate, answer.json())
    return Found(sorted(found, key=lambda letter: letter.kept_at), silent)


def place_of(identifier: UUID, data: Path) -> str:
    """The address of a dead letter, at the service that has it.

    Raises:
        NoSuchDeadLetter: every service answered, and none has it.
        Unreachable: it may be a service's that does not answer.
    """
    silent = []
    for service in STREAM_SERVICES:
        try:
            place = f"{service_url(service, data)}/v1/deadletters/{identifier}"
            if services.find(place) is not None:
                return place
        except (Unreachable, NotRunningError) as error:
            silent.append(f"{service}: {error}")
    if silent:
        raise Unreachable(
            f"No service that answers has a dead letter {identifier}. Not asked: {'; '.join(silent)}"
        )
    raise NoSuchDeadLetter(
        f"No service has a dead letter {identifier}; `canheal dlq list --all` shows those there are."
    )


def table(letters: list[Letter], now: datetime) -> Iterator[str]:
    """A line each under a line of headings; ids are never cut."""
    rows = [COLUMNS, *(_row(letter, now) for letter in letters)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def facts(letter: Letter, now: datetime) -> dict[str, Any]:
    """A dead letter for a person: what happened first, then what it means and what to do."""
    said = letter.model_dump(mode="json", exclude_none=True)
    first = ("id", "state", "service", "error", "message", "means", "remedy")
    return {
        **{name: said.pop(name) for name in first},
        "more": f"docs/operations.md#{letter.error}",
        "age": age(letter.kept_at, now),
        "origin": f"{said.pop('topic')}, partition {said.pop('partition')}, offset {said.pop('offset')}",
        **said,
    }


def age(since: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits."""
    passed = max(now - since, timedelta())
    for unit, length in UNITS:
        if passed >= length:
            return f"{passed // length} {unit}"
    return f"{int(passed.total_seconds())} s"


def _row(letter: Letter, now: datetime) -> tuple[str, ...]:
    about = f"{letter.sample} rev {letter.revision}" if letter.sample else f"none read; {letter.input_type}"
    passed = age(letter.kept_at, now)
    return str(letter.id), letter.state, passed, str(letter.attempt), letter.service, letter.error, about
