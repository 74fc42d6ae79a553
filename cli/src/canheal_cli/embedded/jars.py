"""Apache Kafka's jars: pinned by SHA-256, fetched by jgo, every file hashed at every start.

jgo takes a file that lies in its cache as it is, also a truncated one; the hashes are what catches it.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jgo.maven import MavenContext

from canheal_cli.errors import JarError

KAFKA = "org.apache.kafka:kafka_2.13:4.4.0"
# Kafka's jars lack a binding of slf4j 1.7: without it the broker logs nothing.
LOG_BINDING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5"
THREADS = 8


@dataclass(frozen=True)
class Pin:
    """One jar: `group:artifact:version` and the SHA-256 of its bytes."""

    coordinate: str
    sha256: str

    def path(self, repository: Path) -> Path:
        """Where jgo keeps it (Maven's own layout)."""
        group, artifact, version = self.coordinate.split(":")
        return repository.joinpath(*group.split("."), artifact, version, f"{artifact}-{version}.jar")


def cache_folder() -> Path:
    """Where what was fetched or made once is kept for every data folder."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "canheal"


def pins() -> list[Pin]:
    """The committed list."""
    lines = files("canheal_cli.embedded").joinpath("jars.lock").read_text().splitlines()
    return [Pin(*line.split()) for line in lines if line and not line.startswith("#")]


def checked_jars(repository: Path | None = None, wanted: Sequence[Pin] | None = None) -> list[Path]:
    """Give every pinned jar's path, fetched where it is missing, its hash compared.

    Raises:
        JarError: a jar cannot be fetched, or differs from its pin also when fetched anew.
    """
    place = repository or cache_folder() / "maven"
    place.mkdir(parents=True, exist_ok=True)
    chosen = pins() if wanted is None else wanted
    with _alone(place), ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(lambda pin: _checked(pin, place), chosen))


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checked(pin: Pin, repository: Path) -> Path:
    path = pin.path(repository)
    if path.exists():
        if sha256_of(path) == pin.sha256:
            return path
        path.unlink()
    _fetch(pin.coordinate, repository)
    found = sha256_of(path)
    if found != pin.sha256:
        path.unlink()
        raise JarError(
            f"{pin.coordinate}, fetched anew, is not the pinned file: SHA-256 {found}, expected {pin.sha256}."
            " Something between here and the Maven repository changes files; nothing was started."
        )
    return path


def _fetch(coordinate: str, repository: Path) -> Path:
    mirror = os.environ.get("CANHEAL_MAVEN_REPOSITORY")
    context = MavenContext(
        repo_cache=repository, remote_repos={"mirror": mirror} if mirror else None, timeout=60
    )
    group, artifact, version = coordinate.split(":")
    try:
        return context.project(group, artifact).at_version(version).artifact().resolve()
    except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
        raise JarError(
            f"{coordinate} cannot be fetched: {error}. The embedded broker needs its jars once from a"
            " Maven repository: connect to the network, name a mirror in CANHEAL_MAVEN_REPOSITORY, or name"
            " a broker of your own in KAFKA_BOOTSTRAP_SERVERS."
        ) from error


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """One process at a time: jgo writes into the final path."""
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
