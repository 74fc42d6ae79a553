from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import permutations
from typing import Any

import pytest
from canheal_chassis.outcome import Outcome
from canheal_chassis.testing import MemoryWork
from canheal_report.dossier import Dossier
from canheal_report.further import WHOLE_BYTES
from canheal_report.statements import how_sure
from canheal_report.versions import ReportVersion, withheld_id
from canheal_report.worker import assemble, handlers
from canheal_schemas import (
    DeadLettered,
    Purpose,
    ReportIssued,
    ReportStatus,
    RiskScored,
    SampleReceived,
    Tier,
    VariantsAnnotated,
)


async def handle(stream: Any, work: MemoryWork, event: Any) -> Outcome:
    work.envelope = stream.envelope(event)
    outcome = await assemble(event, work)
    work.apply(outcome)
    return outcome


def versions(work: MemoryWork) -> dict[Any, ReportVersion]:
    return {key[1]: doc for key, doc in work.documents.items() if isinstance(doc, ReportVersion)}


@pytest.fixture
def another_work(stream: Any) -> Iterator[Callable[[], MemoryWork]]:
    with ExitStack() as stack:

        def made() -> MemoryWork:
            work = MemoryWork(stream.envelope(stream.received()))
            stack.callback(work._scratch.cleanup)
            return work

        yield made


@pytest.fixture
def work(another_work: Callable[[], MemoryWork]) -> MemoryWork:
    return another_work()


@pytest.mark.parametrize("order", list(permutations(range(4))))
async def test_every_order_of_four_events_publishes_one_last_report_with_the_same_bytes(
    stream: Any, another_work: Callable[[], MemoryWork], order: tuple[int, ...]
) -> None:
    work, reference = another_work(), another_work()
    events = [stream.received(), stream.annotated(), stream.scored(), stream.dead("prs")]
    published = [said for i in order for said in (await handle(stream, work, events[i])).publish]
    assert len({event.report_id for event in published}) == len(published)
    last = published[-1]
    assert last.status is ReportStatus.AMENDED
    assert last.report_id in versions(work)
    for event in events:
        await handle(stream, reference, event)
    assert versions(work)[last.report_id].model_dump_json() == (
        versions(reference)[last.report_id].model_dump_json()
    )


async def test_a_late_duplicate_changes_nothing(stream: Any, work: MemoryWork) -> None:
    events = [stream.received(), stream.annotated(), stream.scored()]
    for event in events:
        await handle(stream, work, event)
    for event in events:
        assert await handle(stream, work, event) == Outcome()


async def test_a_superseded_revisions_late_report_is_kept_and_not_published(
    stream: Any, work: MemoryWork
) -> None:
    await handle(stream, work, stream.received())
    await handle(stream, work, stream.received(revision=2))
    late = await handle(stream, work, stream.annotated())
    assert late.publish == ()
    assert [version.revision for version in versions(work).values()] == [1]
    newer = await handle(stream, work, stream.annotated(revision=2))
    assert [event.revision for event in newer.publish] == [2]


async def test_a_publishing_outcome_saves_the_head_so_that_two_revisions_at_once_conflict(
    stream: Any, work: MemoryWork
) -> None:
    await handle(stream, work, stream.received())
    outcome = await handle(stream, work, stream.annotated())
    assert [type(document).__name__ for document in outcome.save] == ["Dossier", "ReportVersion", "Head"]


async def test_the_event_holds_counts_and_links_and_no_finding(stream: Any, work: MemoryWork) -> None:
    (event,) = (await handle(stream, work, stream.annotated(consent_version=3))).publish
    assert isinstance(event, ReportIssued)
    assert event.consent_version == 3
    assert event.counts.tier_i == 1
    assert event.links.html == f"/v1/reports/{event.report_id}.html"
    assert b"BRAF" not in event.to_bytes()


async def test_findings_beyond_the_event_are_counted_and_kept_in_short_rows(
    stream: Any, work: MemoryWork
) -> None:
    every = [stream.finding(position, Tier.II if position < 3 else Tier.III) for position in range(1, 101)]
    lines = b"".join(finding.model_dump_json().encode() + b"\n" for finding in every)
    event = stream.annotated(
        findings=tuple(every[:60]), findings_total=100, all_findings=work.put(lines, "findings")
    )
    (published,) = (await handle(stream, work, event)).publish
    assert (published.counts.tier_ii, published.counts.tier_iii, published.counts.findings) == (2, 98, 100)
    kept = versions(work)[published.report_id].variants
    assert kept is not None
    assert [row.position for row in kept.further.rows] == list(range(61, 101))


async def test_a_weighty_finding_that_the_event_had_no_room_for_is_kept_whole(
    stream: Any, work: MemoryWork
) -> None:
    long = stream.finding(5, Tier.I, alt="T" * 5_000)
    vast = stream.finding(6, Tier.I, alt="T" * (WHOLE_BYTES + 1))
    lines = b"".join(finding.model_dump_json().encode() + b"\n" for finding in (long, vast))
    event = stream.annotated(findings=(), findings_total=2, all_findings=work.put(lines, "findings"))
    (published,) = (await handle(stream, work, event)).publish
    version = versions(work)[published.report_id]
    assert version.variants is not None
    assert version.variants.findings == (long,)
    assert version.variants.further.rows[0].alt == "TTTTTTTT…(524289 bases)"
    assert "1 finding of tier I or II too long for this page: read the sealed list." in [
        statement.text for statement in how_sure(version)
    ]


async def test_a_document_read_back_from_json_is_the_same_dossier(stream: Any, work: MemoryWork) -> None:
    for event in (stream.received(), stream.annotated(), stream.dead("prs")):
        await handle(stream, work, event)
    dossier = work.documents[Dossier, stream.root()]
    assert Dossier.model_validate_json(dossier.model_dump_json()) == dossier


def test_without_consent_the_report_says_only_that_it_is_withheld(stream: Any) -> None:
    table = handlers()
    assert {handler.purpose for handler in table.values()} == {Purpose.OWN_CARE}
    assert table[SampleReceived].withheld(stream.received(), "refused") is None
    assert table[DeadLettered].withheld(stream.dead(), "refused") is None
    for kind, event in ((VariantsAnnotated, stream.annotated()), (RiskScored, stream.scored())):
        said = table[kind].withheld(event, "refused")
        assert isinstance(said, ReportIssued)
        assert said.status is ReportStatus.WITHHELD
        assert said.report_id == withheld_id(stream.root())
        assert said.counts.findings == 0
