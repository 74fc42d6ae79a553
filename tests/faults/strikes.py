"""What is struck, when, and for how long: drawn from a seed, so that a storm can be had again."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

KAFKA, DATABASE = "kafka", "database"
SHORT_OUTAGE, LONG_OUTAGE = 4.0, 45.0
FREEZE_SECONDS: Final = (3.0, 12.0)
TWIN_SECONDS: Final = (8.0, 15.0)
FULL_SECONDS: Final = (5.0, 10.0)
JUMP_FOR_SECONDS: Final = (10.0, 20.0)
JUMPS_HOURS: Final = (-9 * 24.0, -1.5, 1.5, 9 * 24.0)
"""A wrong time zone, and further than any topic keeps its records."""
QUIET_SECONDS: Final = (10.0, 25.0)
"""Nothing is struck so long after the beginning and before the end of the submissions."""
SHARE_OF_ITS_TURN: Final = 0.5
"""A strike falls in the first half of its turn: they crowd, but do not all meet."""


class Kind(StrEnum):
    """The kinds of fault, in the words of the table."""

    KILL = "killed (-9)"
    FREEZE = "frozen"
    END = "asked to end"
    OUTAGE = "killed and kept down"
    DISK_FULL = "its disk full"
    POOL_CHILD = "a pool child killed"
    ABORT = "a handler aborts its process"
    TWIN = "a second process with the same id"
    POISON = "an unreadable event"
    NEWER_TYPE = "an event of an unknown newer version"
    MORE_FIELDS = "an event with fields of a newer writer"
    CLOCK = "its clock jumps"


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault: when it comes (seconds after the first submission), what it hits, how long it lasts."""

    at: float
    kind: Kind
    target: str
    """A slot; of an event the topic that it is put on."""
    seconds: float = 0.0
    hours: float = 0.0
    """By how much a clock jumps."""

    @property
    def words(self) -> str:
        """Target and kind, as the table has them."""
        lasting = f" for {self.seconds:.0f} s" if self.seconds else ""
        jump = f" by {self.hours:+g} h" if self.hours else ""
        return f"{self.target}: {self.kind}{jump}{lasting}"


def chance_of(seed: int | str) -> random.Random:
    """The draws of a seed; no secret hangs on them."""
    return random.Random(seed)  # noqa: S311 no secret


def whole_storm(seed: int, seconds: float, services: Sequence[str]) -> tuple[Strike, ...]:
    """Each kind of fault at least once, and each process killed, frozen and asked to end."""
    chance = chance_of(seed)
    everyone = [*services, KAFKA, DATABASE]
    workers = [slot for slot in services if not slot.startswith("ingest")]
    first = next(slot for slot in services if slot.startswith("annotate"))
    faults = [
        *(Strike(0, Kind.KILL, slot) for slot in everyone),
        *(Strike(0, Kind.FREEZE, slot, chance.uniform(*FREEZE_SECONDS)) for slot in everyone),
        *(Strike(0, Kind.END, slot) for slot in everyone),
        *(Strike(0, Kind.OUTAGE, s, down) for s in (KAFKA, DATABASE) for down in (SHORT_OUTAGE, LONG_OUTAGE)),
        Strike(0, Kind.DISK_FULL, DATABASE, chance.uniform(*FULL_SECONDS)),
        Strike(0, Kind.POOL_CHILD, first),
        Strike(0, Kind.POOL_CHILD, chance.choice(services)),
        Strike(0, Kind.ABORT, first),
        Strike(0, Kind.TWIN, first, chance.uniform(*TWIN_SECONDS)),
        Strike(0, Kind.TWIN, chance.choice(workers), chance.uniform(*TWIN_SECONDS)),
        Strike(0, Kind.POISON, "canheal.sample.received.v1"),
        Strike(0, Kind.POISON, "canheal.variants.annotated.v1"),
        Strike(0, Kind.NEWER_TYPE, "canheal.sample.received.v1"),
        Strike(0, Kind.MORE_FIELDS, "canheal.sample.received.v1"),
        *(_jump(chance, services, hours) for hours in chance.sample(JUMPS_HOURS, 3)),
    ]
    return _spread(chance, faults, seconds)


def short_storm(seed: int, seconds: float, services: Sequence[str]) -> tuple[Strike, ...]:
    """A worker, the broker and the database, each in one way that is drawn."""
    chance = chance_of(seed)
    worker = chance.choice(services)
    faults = [
        Strike(0, Kind.KILL, worker),
        *(
            chance.choice((Strike(0, Kind.KILL, store), Strike(0, Kind.OUTAGE, store, SHORT_OUTAGE)))
            for store in (KAFKA, DATABASE)
        ),
    ]
    return _spread(chance, faults, seconds, quiet=(2.0, 2.0))


def _jump(chance: random.Random, services: Sequence[str], hours: float) -> Strike:
    return Strike(0, Kind.CLOCK, chance.choice(services), chance.uniform(*JUMP_FOR_SECONDS), hours)


def _spread(
    chance: random.Random,
    faults: Iterable[Strike],
    seconds: float,
    quiet: tuple[float, float] = QUIET_SECONDS,
) -> tuple[Strike, ...]:
    """In an order and at moments that are drawn; what keeps a store down for long comes early enough."""
    order = list(faults)
    chance.shuffle(order)
    turn = (seconds - sum(quiet)) / len(order)
    _not_at_the_end(order, turn)
    return tuple(
        Strike(
            quiet[0] + turn * (place + SHARE_OF_ITS_TURN * chance.random()),
            fault.kind,
            fault.target,
            fault.seconds,
            fault.hours,
        )
        for place, fault in enumerate(order)
    )


def _not_at_the_end(order: list[Strike], turn: float) -> None:
    """A strike that lasts beyond the last turn changes places with one that does not."""
    for place, fault in enumerate(order):
        if fault.seconds > turn * (len(order) - place):
            earlier = next(number for number, other in enumerate(order) if other.seconds < turn)
            order[place], order[earlier] = order[earlier], order[place]
