"""A handler returns what should become true; the chassis makes it true.

`Outcome` is the whole vocabulary: blobs to write, documents to save, events to publish.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from canheal_process.document import Document
from canheal_schemas import Event, Purpose
from canheal_vault.blobs import NewBlob

from canheal_chassis.work import Work


@dataclass(frozen=True, slots=True)
class Outcome:
    """What should become true because of one event."""

    blobs: tuple[NewBlob, ...] = ()
    save: tuple[Document, ...] = ()
    publish: tuple[Event, ...] = ()


def light(_: Event) -> bool:
    """No event is too heavy for the common lane."""
    return False


@dataclass(frozen=True, slots=True)
class Handler[E: Event]:
    """What is done with one type of event, for which purpose, and what is said when consent refuses it."""

    handle: Callable[[E, Work], Awaitable[Outcome]]
    purpose: Purpose
    withheld: Callable[[E, str], Event | None]
    """Given the event and the reason: what the service says instead of a result."""
    heavy: Callable[[E], bool] = light
    """Whether an event is too heavy for the common lane: said from the event alone, so always the same."""


type Handlers = Mapping[type[Event], Handler[Any]]
