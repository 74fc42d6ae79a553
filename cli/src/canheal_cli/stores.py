"""The database and the key ring, for the commands that work on them without any service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from canheal_chassis.audit import Audit
from canheal_process.store import BlobFiles, Store, connect
from canheal_vault.auditlog import AuditLog
from canheal_vault.chain import Action
from canheal_vault.errors import KeyUnusable
from canheal_vault.keys import FORMER, KeyRing
from canheal_vault.platformkey import PlatformKey
from canheal_vault.secretfiles import secret
from pydantic import SecretStr

from canheal_cli.state import read_addresses

PLATFORM_KEY = "CANHEAL_PLATFORM_KEY"
KEY_FILE = "platform.key"
HERE = "canheal"
"""How the audit log names the process."""
AUDITED_BY = "ingest"
"""The service in whose audit log stands what is done to the whole platform."""


@dataclass(frozen=True)
class PlatformKeys:
    """The platform's key, and the former one during a rotation."""

    present: SecretStr
    former: SecretStr | None

    @property
    def accepted(self) -> list[PlatformKey]:
        """Those under which something may be sealed, the present one first."""
        keys = [PlatformKey.of(self.present)]
        return keys + ([PlatformKey.of(self.former, FORMER)] if self.former else [])


@dataclass(frozen=True)
class Stores:
    """What a command reaches."""

    ring: KeyRing
    files: BlobFiles
    audit: AuditLog


def database_uri(data: Path) -> SecretStr:
    """Address of the database: `MONGODB_URI`, its file, else that of the platform on this folder."""
    return secret("MONGODB_URI") or SecretStr(read_addresses(data).mongodb_uri)


def platform_keys(data: Path) -> PlatformKeys:
    """The keys that the environment names, or the one that `canheal up` made for this folder.

    Raises:
        KeyUnusable: there is none.
    """
    present, path = secret(PLATFORM_KEY), data / KEY_FILE
    if present is None and path.exists():
        present = SecretStr(path.read_text().strip())
    if present is None:
        raise KeyUnusable(
            f"No platform key: name it in {PLATFORM_KEY} or the folder of the platform in --data."
        )
    return PlatformKeys(present, secret(FORMER))


async def recorded(
    uri: SecretStr,
    keys: PlatformKeys,
    action: Action,
    by: str,
    about: Mapping[str, str] | None = None,
    outcome: str = "done",
) -> None:
    """Write into the audit log what is done to the whole platform.

    Raises:
        Unreachable: the database does not answer.
        KeyUnusable: the platform's key is not the one of this database.
    """
    async with opened(uri, keys) as stores:
        await stores.audit.record(action, by, about=about, outcome=outcome)


@asynccontextmanager
async def opened(uri: SecretStr, keys: PlatformKeys) -> AsyncIterator[Stores]:
    """The database and the key ring at an address.

    Raises:
        Unreachable: the database does not answer.
        KeyUnusable: the platform's key is not the one of this database.
    """
    client = connect(uri)
    try:
        files = BlobFiles(client)
        ring = KeyRing(keys.present, files, keys.former)
        await ring.open()
        yield Stores(ring, files, Audit(AUDITED_BY, HERE, Store(client, f"canheal_{AUDITED_BY}"), ring))
    finally:
        client.close()
