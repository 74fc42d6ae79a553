"""A process that appends to a service's audit log: URI, service, how many, its own name."""

import asyncio
import base64
import sys

from canheal_chassis.audit import Audit
from canheal_process.store import BlobFiles, Store, connect
from canheal_vault.chain import Action
from canheal_vault.keys import KeyRing
from pydantic import SecretStr

PLATFORM_KEY = SecretStr(base64.b64encode(b"p" * 32).decode())


async def write(uri: str, service: str, count: int, instance: str) -> None:
    client = connect(SecretStr(uri))
    store, files = Store(client, f"canheal_{service}"), BlobFiles(client)
    log = Audit(service, instance, store, KeyRing(PLATFORM_KEY, files))
    for number in range(count):
        await log.record(Action.REPORTS_LISTED, instance, about={"count": str(number)})
        await asyncio.sleep(0.003)  # whoever has just won would win again
    client.close()


if __name__ == "__main__":
    asyncio.run(write(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
