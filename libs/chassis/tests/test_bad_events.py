"""What comes on a topic instead of an event: each row of tests/bad_input/events.tsv, and mutations.

Each is handled, waits for a consent, or becomes a dead letter of a known error; no process ends of it. 300
mutations; with CANHEAL_LONG=1 10,000. The seed is printed; CANHEAL_SEED sets it.
"""

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from canheal_chassis.message import Record
from canheal_chassis.outcome import Outcome
from canheal_chassis.work import Work
from canheal_process.errors import dead_letter_error
from canheal_schemas import SampleReceived, VariantsAnnotated
from chassis_parts import (
    Parts,
    a_subject,
    annotated,
    dead,
    handed,
    issued,
    permitted,
    received,
    record_of,
)
from chassis_parts import says as speaks
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from memory_parts import memory_parts

TABLE: Final = Path(__file__).parents[3] / "tests" / "bad_input" / "events.tsv"
EXAMPLES: Final = 10_000 if os.environ.get("CANHEAL_LONG") == "1" else 300
SEED: Final = int(os.environ.get("CANHEAL_SEED", "20261124"))
ROWS: Final = [
    tuple(line.split("\t")) for line in TABLE.read_text("utf-8").splitlines() if line.startswith("event\t")
]

type Attack = Callable[[SampleReceived, Record], Record]


def header(name: str, value: bytes | None) -> Attack:
    """The record with another value of one header; None leaves it out."""

    def attack(_: SampleReceived, record: Record) -> Record:
        kept = tuple((key, said) for key, said in record.headers if key != name)
        return replace(record, headers=kept if value is None else (*kept, (name, value)))

    return attack


def body(value: bytes) -> Attack:
    return lambda _, record: replace(record, value=value)


def field(name: str, value: Any) -> Attack:
    """The record with another value of one field; Ellipsis leaves it out."""

    def attack(_: SampleReceived, record: Record) -> Record:
        document = json.loads(record.value)
        holder, last = document, name
        for step in name.split(".")[:-1]:
            holder, last = holder[step], name.rpartition(".")[2]
        holder.pop(last)
        holder |= {} if value is ... else {last: value}
        return replace(record, value=json.dumps(document).encode())

    return attack


def report(event: SampleReceived, _: Record) -> Record:
    return record_of(issued(event))


ATTACKS: Final[dict[str, Attack]] = {
    "no-headers": lambda _, record: replace(record, headers=()),
    "no-event-id": header("event_id", None),
    "no-event-type": header("event_type", None),
    "event-id-no-uuid": header("event_id", b"42"),
    "root-id-null": header("root_id", b""),
    "time-without-zone": header("occurred_at", b"2026-01-01T00:00:00"),
    "header-not-utf8": lambda e, r: header("root_id", b"\xff\xfe")(e, header("site", b"\xff\xfe")(e, r)),
    "header-10-mb": header("site", b"x" * 10_000_000),
    "header-type-200-kb": header("event_type", b"t" * 200_000),
    "header-twice": lambda _, record: replace(record, headers=(*record.headers, ("event_id", b"42"))),
    "headers-unknown": lambda _, r: replace(
        r, headers=(*r.headers, *((f"x-{n}", b"\xff") for n in range(10)))
    ),
    "type-unknown": header("event_type", b"canheal.lab.ordered.v1"),
    "type-newer-version": header("event_type", b"canheal.sample.received.v2"),
    "type-not-handled": report,
    "type-with-markup": header("event_type", b"<script>alert(1)</script>"),
    "body-of-another-type": lambda event, r: replace(
        r, value=annotated(event).to_bytes().replace(b"context", b"c")
    ),
    "tombstone": body(b""),
    "body-empty": body(b""),
    "body-cut": lambda _, record: replace(record, value=record.value[:100]),
    "body-not-json": body(b"\xff\x00"),
    "body-list": body(b"[1, 2]"),
    "body-nested-deep": body(b"[" * 100_000),
    "body-avro": body(b"\x00\x00\x00\x00\x07"),
    "body-utf16": lambda _, record: replace(record, value=record.value.decode().encode("utf-16")),
    "body-nan": field("revision", float("nan")),
    "field-missing": field("subject", ...),
    "field-null": field("subject", None),
    "field-other-type": field("revision", [1]),
    "subject-no-hmac": field("subject", "Erika Mustermann"),
    "revision-zero": field("revision", 0),
    "site-lower-case": field("site", "be-test"),
    "enum-unknown": field("context.kind", "plasma"),
    "fields-unknown": lambda _, r: replace(r, value=r.value[:-1] + b', "added_later": {"a": [1]}}'),
    "key-wrong": lambda _, record: replace(record, key=str(uuid4()).encode()),
    "key-empty": lambda _, record: replace(record, key=b""),
    "blob-absent": lambda _, record: record,
    "blob-of-another": field("vcf.key_id", "b" * 64),
    "consent-never-given": field("consent_version", 999),
    "subject-unknown": field("subject", "c" * 64),
    "twice": lambda _, record: record,
    "handler-raises": lambda _, record: record,
}


async def reads_its_blob(event: SampleReceived, work: Work) -> Outcome:
    await work.blob(event.vcf)
    return Outcome(publish=(annotated(event),))


async def raises(_: SampleReceived, __: Work) -> Outcome:
    raise ValueError("Erika Mustermann")


HANDLERS: Final = {"blob-absent": reads_its_blob, "blob-of-another": reads_its_blob, "handler-raises": raises}


def test_every_row_is_an_attack_and_every_attack_a_row() -> None:
    assert sorted(row[1] for row in ROWS) == sorted(ATTACKS)
    assert {row[2] for row in ROWS} == {"dead letter", "handled", "waits"}


@pytest.mark.stack
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
async def test_a_record_becomes_what_the_table_says(parts: Parts, row: tuple[str, ...]) -> None:
    _, attack, status, slug, _, _ = row
    event = received(a_subject())
    permitted(parts, event)
    record = ATTACKS[attack](event, record_of(event))
    hands = parts.hands(HANDLERS.get(attack, speaks))
    if status == "waits":
        with pytest.raises(TimeoutError):
            await handed(record, hands, seconds=0.3)
        assert parts.wire.messages == []
        return
    for _ in range(2 if attack == "twice" else 1):
        assert await handed(record, hands) == 1
    letters = dead(parts)
    assert [letter.error for letter in letters] == ([slug] if status == "dead letter" else [])
    assert bool(parts.wire.said(VariantsAnnotated)) is (status == "handled")
    assert len(set(parts.wire.messages)) == 1
    assert "Mustermann" not in str([letter.model_dump() for letter in letters])
    for letter in letters:
        assert await parts.blobs.get(letter.body) == record.value
        assert dead_letter_error(letter.error).slug == slug


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
EVENT: Final = received("a" * 64)
HEADERS: Final = [name for name, _ in record_of(EVENT).headers]
FIELDS: Final = [
    *EVENT.model_dump(),
    "context.kind",
    "context.label",
    "context.assay",
    "vcf.blob_id",
    "vcf.size",
]
MUTATIONS: Final = st.one_of(
    st.builds(header, st.sampled_from(HEADERS), st.none() | st.binary(max_size=60)),
    st.builds(header, st.sampled_from(HEADERS), st.text(max_size=40).map(str.encode)),
    st.builds(header, st.text(max_size=10), st.binary(max_size=30_000)),
    st.builds(field, st.sampled_from(FIELDS), JSON | st.just(...)),
    st.builds(body, st.binary(max_size=200)),
    st.builds(lambda at: lambda _, r: replace(r, value=r.value[:at]), st.integers(0, 600)),
    st.builds(
        lambda at, byte: lambda _, r: replace(r, value=r.value[:at] + bytes([byte]) + r.value[at + 1 :]),
        st.integers(0, 600),
        st.integers(0, 255),
    ),
    st.builds(lambda key: lambda _, r: replace(r, key=key), st.binary(max_size=40)),
)
KNOWN: Final = {"undecodable", "unknown-event-type"}


@seed(SEED)
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(mutations=st.lists(MUTATIONS, min_size=1, max_size=3))
def test_a_mutated_event_is_handled_or_a_dead_letter_and_ends_nothing(mutations: list[Attack]) -> None:
    record = record_of(EVENT)
    for mutation in mutations:
        try:
            record = mutation(EVENT, record)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # an earlier mutation left no document in which a field could be changed

    async def deliver() -> None:
        parts = memory_parts()
        assert await handed(record, parts.hands(speaks)) == 1
        letters, said = dead(parts), parts.wire.said(VariantsAnnotated)
        assert {letter.error for letter in letters} <= KNOWN
        assert len(letters) + len(said) == 1

    asyncio.run(deliver())


def test_the_seed_is_printed() -> None:
    print(f"{EXAMPLES} mutated events, seed {SEED}")
    assert EXAMPLES >= 300
