"""What tests that start workers need: a stack of their own, events, and the topics as others see them."""

import base64
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from canheal_chassis.message import Message
from canheal_process.settings import ServiceSettings
from canheal_schemas import (
    Assay,
    AssayType,
    BlobRef,
    Consent,
    ConsentChanged,
    Envelope,
    Event,
    GenomeBuild,
    Purpose,
    SampleContext,
    SampleKind,
    SampleReceived,
)
from canheal_schemas.identifiers import consent_root, event_id, sample_id, sample_root
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

WORKERS = Path(__file__).parent / "bench_workers"
SUBJECT = "5" * 64


@dataclass(frozen=True)
class Said:
    """A record as a subscriber sees it."""

    envelope: Envelope
    value: bytes


@dataclass
class Bench:
    """A broker and a database with the topics made, and workers started on them."""

    bootstrap: str
    uri: str
    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "MONGODB_URI": self.uri,
            "CANHEAL_PLATFORM_KEY": base64.b64encode(b"k" * 32).decode(),
            "CANHEAL_SCRATCH": str(self.folder / "scratch"),
        }

    def settings(self, instance: str) -> ServiceSettings:
        return ServiceSettings(
            kafka_bootstrap_servers=self.bootstrap,
            mongodb_uri=self.uri,
            platform_key=self.environment["CANHEAL_PLATFORM_KEY"],
            instance_id=instance,
            scratch=self.folder / "scratch",
        )

    def start(
        self, script: str, *arguments: str, instance: str = "annotate-0", **settings: str
    ) -> "subprocess.Popen[bytes]":
        """Start a worker of the folder `bench_workers`; it ends with the test."""
        more = {f"CANHEAL_{name.upper()}": value for name, value in settings.items()}
        log = (self.folder / f"{instance}-{len(self.workers)}.log").open("wb")
        worker = subprocess.Popen(
            [sys.executable, str(WORKERS / script), *arguments],
            env=os.environ | self.environment | {"CANHEAL_INSTANCE_ID": instance} | more,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        self.workers.append(worker)
        return worker

    def logs(self) -> str:
        return "\n".join(f"== {log.name}\n{log.read_text()[-3000:]}" for log in self.folder.glob("*.log"))

    def say(self, *events: Event) -> None:
        """Publish events as ingest would."""

        producer = KafkaProducer(bootstrap_servers=self.bootstrap, acks="all")
        for event in events:
            message = Message.of(event, envelope_of(event))
            producer.send(
                message.topic, key=message.key, value=message.value, headers=list(message.headers)
            ).get(timeout=10)
        producer.close()

    def said(self, topic: str) -> list[Said]:
        """Everything on a topic, from the beginning."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        try:
            partitions = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
            consumer.assign(partitions)
            ends = consumer.end_offsets(partitions)
            consumer.seek_to_beginning(*partitions)
            found: list[Said] = []
            while any(consumer.position(partition) < end for partition, end in ends.items()):
                for records in consumer.poll(timeout_ms=200).values():
                    found += [Said(Envelope.from_headers(r.headers), r.value) for r in records]
            return found
        finally:
            consumer.close()

    def ids_said(self, topic: str) -> set[UUID]:
        """The distinct events on a topic: the same one may be said again."""
        return {said.envelope.event_id for said in self.said(topic)}

    def wait_for(self, what: Callable[[], bool], seconds: float = 30) -> None:
        """Wait until something is true; with the workers' logs when it does not come."""
        deadline = time.monotonic() + seconds
        while not what():
            if time.monotonic() > deadline:
                pytest.fail(f"it did not come in {seconds} s\n{self.logs()}")
            time.sleep(0.1)


def envelope_of(event: Event) -> Envelope:
    """The envelope that ingest would write."""
    root = (
        consent_root(event.subject, event.consent_version)
        if isinstance(event, ConsentChanged)
        else sample_root(event.sample, event.revision)
    )
    return Envelope(
        event_id=event_id(root, "ingest", "test", event.event_type),
        root_id=root,
        event_type=event.event_type,
        correlation_id=root,
        occurred_at=datetime.now(UTC),
        site="BE-TEST",
    )


def consent(version: int = 1, *purposes: Purpose) -> ConsentChanged:
    return ConsentChanged(
        subject=SUBJECT, consent_version=version, consent=Consent(permitted=purposes), site="BE-TEST"
    )


def sample(label: str) -> SampleReceived:
    return SampleReceived(
        sample=sample_id("BE-TEST", label),
        revision=1,
        subject=SUBJECT,
        consent_version=1,
        site="BE-TEST",
        country="BE",
        vcf=BlobRef(blob_id=UUID(int=1), size=1, key_id=SUBJECT, hmac_sha256="0" * 64),
        context=SampleContext(
            label=label,
            kind=SampleKind.TUMOUR,
            assay=Assay(type=AssayType.PANEL),
            build=GenomeBuild.GRCH38,
        ),
    )
