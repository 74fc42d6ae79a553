"""Free TCP ports on the loopback address."""

import random
import socket
from itertools import islice

LOOPBACK = "127.0.0.1"
# Below the kernel's range for outgoing connections (32768 and up on Linux): a client that tries again
# and again while its server is down can otherwise be given that very port, and hold it.
LOWEST, HIGHEST = 20_000, 32_000


def free_ports(count: int) -> list[int]:
    """Give `count` different ports that nobody listens on now."""
    shuffled = random.sample(range(LOWEST, HIGHEST), HIGHEST - LOWEST)
    return list(islice(filter(is_free, shuffled), count))


def is_free(port: int) -> bool:
    """Whether nobody listens on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(address: str, timeout_seconds: float = 2.0) -> bool:
    """Whether something accepts connections at `host:port`."""
    host, _, port = address.strip().rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=timeout_seconds):
            return True
    except (OSError, ValueError):
        return False
