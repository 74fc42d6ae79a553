"""Write jars.lock anew (maintainers): `python -m canheal_cli.embedded.pin`.

Kafka is resolved alone and the log binding fetched as a single file: jgo takes the dependency management of
every input as binding for all, and log4j's would bring back an older Kafka client.
"""

from pathlib import Path

from jgo.maven import MavenContext

from canheal_cli.embedded.jars import KAFKA, LOG_BINDING, Pin, cache_folder, sha256_of

HEADER = (
    "# The embedded broker's jars and their SHA-256; `python -m canheal_cli.embedded.pin` writes this file.\n"
)


def resolve(context: MavenContext) -> list[Pin]:
    """Kafka with what it needs at run time, and the log binding; sorted."""
    inputs, needed = context.resolver.resolve([context.create_dependency(KAFKA)])
    artifacts = [dependency.artifact for dependency in (*inputs, *needed)]
    artifacts.append(context.create_dependency(LOG_BINDING).artifact)
    pins = (Pin(f"{a.groupId}:{a.artifactId}:{a.version}", sha256_of(a.resolve())) for a in artifacts)
    return sorted(pins, key=lambda pin: pin.coordinate)


def main() -> None:
    pins = resolve(MavenContext(repo_cache=cache_folder() / "maven", timeout=60))
    lines = (f"{pin.coordinate} {pin.sha256}\n" for pin in pins)
    Path(__file__).with_name("jars.lock").write_text(HEADER + "".join(lines))
    print(f"{len(pins)} jars pinned")


if __name__ == "__main__":
    main()
