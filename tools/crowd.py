"""More processes of a service on a running platform: children of ours that nobody starts again."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import httpx
from canheal_cli.child import Child
from canheal_cli.ports import LOOPBACK, free_ports
from canheal_cli.stack import Stack

READY_SECONDS: Final = 180.0
ASK_SECONDS: Final = 0.1


class NotReady(TimeoutError):
    """A process that joined does not become ready."""


@dataclass
class Crowd:
    """The processes of one service: the platform's first, and those that joined it."""

    stack: Stack
    service: str
    urls: dict[str, str] = field(default_factory=dict)
    joined: dict[str, Child] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first = f"{self.service}-0"
        self.urls[first] = self.stack.addresses.services[first]

    def pid(self, slot: str) -> int:
        child = self.joined.get(slot) or self.stack.supervisor.slots[slot].child
        return child.pid or 0

    def join(self) -> str:
        """Start one more with an id of its own, and wait until it is ready.

        Raises:
            NotReady: it is not in time.
        """
        first = self.stack.supervisor.slots[f"{self.service}-0"].child.spec
        slot, (port,) = f"{self.service}-{len(self.urls)}", free_ports(1)
        env = {**first.env, "CANHEAL_INSTANCE_ID": slot, "CANHEAL_HTTP_PORT": str(port)}
        self.joined[slot] = Child(replace(first, id=slot, env=env))
        self.joined[slot].start()
        self.urls[slot] = f"http://{LOOPBACK}:{port}"
        deadline = time.monotonic() + READY_SECONDS
        while not _ready(self.urls[slot]):
            if time.monotonic() > deadline:
                raise NotReady(f"{slot} is not ready after {READY_SECONDS:.0f} s; see {first.log.parent}")
            time.sleep(ASK_SECONDS)
        return slot

    def handled(self, event_type: str) -> dict[str, int]:
        """How many inputs of a type each process has handled to the end."""
        line = re.compile(rf'canheal_handled_total{{event_type="{re.escape(event_type)}".*}} ([0-9.]+)')
        return {
            slot: sum(int(float(count)) for count in line.findall(httpx.get(f"{url}/metrics").text))
            for slot, url in self.urls.items()
        }

    def kill_joined(self) -> None:
        for child in self.joined.values():
            child.kill()


@contextmanager
def crowd(stack: Stack, service: str) -> Iterator[Crowd]:
    """Those who joined end with the block."""
    found = Crowd(stack, service)
    try:
        yield found
    finally:
        found.kill_joined()


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
