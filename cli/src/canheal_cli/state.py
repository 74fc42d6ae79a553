"""What a running platform says of itself to the other commands: addresses in a file of its data folder."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from canheal_cli.errors import NotRunningError

DEFAULT_DATA = Path(".canheal")
STATE_FILE = "state.json"
LOCK_FILE = "up.lock"
"""Held by whoever works on a data folder."""


@dataclass(frozen=True)
class Addresses:
    """Where the parts of a running platform are found."""

    kafka_bootstrap_servers: str
    mongodb_uri: str
    services: Mapping[str, str]
    """Base URL of each process by its static id."""

    def as_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    def write(self, data: Path) -> None:
        """Make them known; the file appears whole or not at all."""
        draft = data / f"{STATE_FILE}.new"
        draft.touch(mode=0o600)  # the database's address may carry a password
        draft.write_text(self.as_json() + "\n")
        draft.replace(data / STATE_FILE)


def withdraw(data: Path) -> None:
    """The platform of this folder is stopped."""
    (data / STATE_FILE).unlink(missing_ok=True)


def read_addresses(data: Path) -> Addresses:
    """The addresses of the platform that runs on this folder.

    Raises:
        NotRunningError: none does.
    """
    path = data / STATE_FILE
    if not path.exists():
        raise NotRunningError(
            f"No running platform is known in {data.resolve()}. Start one with `canheal up`, or name the"
            " folder of a running one with --data, or an address in CANHEAL_INGEST_URL, CANHEAL_REPORT_URL or"
            " KAFKA_BOOTSTRAP_SERVERS."
        )
    return Addresses(**json.loads(path.read_text()))


def service_url(service: str, data: Path) -> str:
    """Base URL of a service: `CANHEAL_<SERVICE>_URL`, else that of the platform on this folder."""
    named = os.environ.get(f"CANHEAL_{service.upper()}_URL")
    return named.rstrip("/") if named else read_addresses(data).services[f"{service}-0"]


def bootstrap_servers(data: Path) -> str:
    """Address of the broker: `KAFKA_BOOTSTRAP_SERVERS`, else that of the platform on this folder."""
    return os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or read_addresses(data).kafka_bootstrap_servers
