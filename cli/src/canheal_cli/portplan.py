"""Which port each process gets: a person's links and bookmarks shall outlive a restart of the platform."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from canheal_cli.ports import free_ports, is_free

PORTS_FILE = "ports.json"
"""In the data folder: the ports of the last run on it."""


def choose_ports(
    slots: Sequence[str], defaults: Mapping[str, int], data: Path, say: Callable[[str], None]
) -> dict[str, int]:
    """A port for each slot: that of the last run, else its default, else a free one; kept for the next run.

    A port that a person may have bookmarked and that another program has now is said.
    """
    wanted = {**defaults, **_last(data)}
    spare = iter(sorted(set(free_ports(2 * len(slots))) - set(wanted.values())))
    chosen = {}
    for slot_id in slots:
        port = wanted.get(slot_id)
        chosen[slot_id] = port if port and is_free(port) else next(spare)
    for slot_id in defaults:
        if chosen[slot_id] != wanted[slot_id]:
            say(f"port {wanted[slot_id]} is in use: {slot_id} is at port {chosen[slot_id]} this time")
    (data / PORTS_FILE).write_text(json.dumps(chosen, sort_keys=True) + "\n")
    return chosen


def _last(data: Path) -> dict[str, int]:
    """An unreadable file is as good as none: it only holds a preference."""
    try:
        found = json.loads((data / PORTS_FILE).read_text())
        return {str(slot_id): int(port) for slot_id, port in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
