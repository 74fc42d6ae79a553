"""Identifiers stay as they are for ever: a changed rule would make second ids of the same facts."""

import hashlib
import hmac
from uuid import UUID

from canheal_schemas import identifiers as ids

SUBJECT = "9f2c" * 16
SAMPLE = UUID("00000000-0000-5000-8000-000000000001")
ROOT = UUID("00000000-0000-5000-8000-000000000002")
OTHER = UUID("00000000-0000-5000-8000-000000000003")
GOLDEN = {
    ids.sample_id("BE-UZG", "T-2026-0142"): "3352ca78-d411-544d-9532-a385ec1864d4",
    ids.sample_root(SAMPLE, 1): "f7c7c86c-a5ee-5406-bf61-40bf9c82d081",
    ids.consent_root(SUBJECT, 2): "1b489f98-6312-5c1a-89e4-5e46834075aa",
    ids.undecodable_root("canheal.sample.received.v1", 3, 41): "84cb6ddd-bc05-522b-a08c-afeaa47b94b1",
    ids.deadletter_root(
        "prs", "canheal.variants.annotated.v1", ROOT, 1
    ): "85339d1b-5b6c-527b-8a14-5c0a29658e8c",
    ids.dropped_root(ROOT): "7e2e9dd4-2346-5d66-8580-939b966ea42a",
    ids.mended_root(ROOT, b"{}"): "1d6e8703-fc73-5314-a2db-fa3b1794e9ca",
    ids.event_id(
        ROOT, "annotate", "canheal.sample.received.v1", "canheal.variants.annotated.v1"
    ): "36594479-53a8-58af-8b43-0cca90ff2b1b",
    ids.event_id(
        ROOT, "report", "canheal.risk.scored.v1", "canheal.report.issued.v1", "withheld-3"
    ): "7e45c652-92e3-5901-a654-f5858338aa93",
    ids.report_id(SAMPLE, [ROOT, OTHER]): "331a342d-99d1-51aa-8cbf-17163e21abba",
    ids.blob_id("ingest", SUBJECT, ROOT, "vcf"): "277bb771-bbbf-59e9-9f74-cbfe6cd63f76",
}
"""Computed once, on 2026-11-24. A test that fails here is right: mend the code."""


def test_every_derived_id_is_the_one_that_it_was() -> None:
    assert [str(made) for made in GOLDEN] == list(GOLDEN.values())


def test_the_namespace_and_the_joining_of_parts_are_what_a_second_implementation_needs() -> None:
    text = ids.NAMESPACE.bytes + b"sample/BE-UZG/T-2026-0142"
    digest = hashlib.sha1(text, usedforsecurity=False).digest()
    assert UUID(bytes=digest[:16], version=5) == ids.sample_id("BE-UZG", "T-2026-0142")


def test_a_subject_is_the_hmac_of_site_and_pseudonym() -> None:
    key = b"k" * 32
    expected = hmac.new(key, b"BE-UZG\x00P-17", hashlib.sha256).hexdigest()
    assert ids.subject_id("BE-UZG", "P-17", key) == expected
    assert ids.subject_id("BE-UZ", "GP-17", key) != expected
    assert ids.subject_id("BE-UZG", "P-17", b"o" * 32) != expected


def test_each_part_of_an_events_road_makes_another_id() -> None:
    road = (ROOT, "annotate", "canheal.sample.received.v1", "canheal.variants.annotated.v1", 0)
    others = [(OTHER, "prs", "a", "b", 1)[number] for number in range(5)]
    ids_made = {ids.event_id(*road)}
    for number, other in enumerate(others):
        ids_made.add(ids.event_id(*road[:number], other, *road[number + 1 :]))
    assert len(ids_made) == 6


def test_a_report_does_not_ask_in_which_order_its_parts_came() -> None:
    assert ids.report_id(SAMPLE, [ROOT, OTHER]) == ids.report_id(SAMPLE, [OTHER, ROOT])
    assert ids.report_id(SAMPLE, [ROOT]) != ids.report_id(SAMPLE, [ROOT, OTHER])


def test_ids_of_different_kinds_never_meet() -> None:
    made = [
        ids.sample_root(SAMPLE, 1),
        ids.consent_root(str(SAMPLE), 1),
        ids.undecodable_root(str(SAMPLE), 1, 0),
        ids.report_id(SAMPLE, []),
        ids.sample_id(str(SAMPLE), "1"),
    ]
    assert len(set(made)) == len(made)
