from functools import reduce
from itertools import permutations
from typing import Any

import pytest
from canheal_report.dossier import Dossier, join, merged
from canheal_report.heads import Summary
from canheal_report.versions import ReportVersion, reports_due, version_of, withheld_id
from canheal_schemas import Part, PartStatus, ReportStatus, RiskStatus
from canheal_schemas.identifiers import report_id
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EVENTS = (
    "received",
    "annotated",
    "scored",
    "mended annotated",
    "mended scored",
    "dead prs",
    "dead prs again",
    "dead annotate",
    "dropped prs",
)


def an_event(stream: Any, name: str) -> Any:
    match name.split():
        case ["dead", service, *again]:
            return stream.dead(service, attempt=1 + len(again))
        case ["dropped", service]:
            return stream.dropped(service)
        case ["mended", method]:
            return getattr(stream, method)(context=stream.mended)
        case [method]:
            return getattr(stream, method)()


def told(stream: Any, events: list[Any]) -> Dossier | None:
    return reduce(lambda dossier, event: join(dossier, event, stream.envelope(event)), events, None)


def issued_on_the_way(stream: Any, events: list[Any]) -> list[ReportVersion]:
    versions, dossier = [], None
    for event in events:
        after = join(dossier, event, stream.envelope(event))
        if after and (version := reports_due(dossier, after)):
            versions.append(version)
        dossier = after
    return versions


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(data=st.data(), names=st.sets(st.sampled_from(EVENTS), min_size=1))
def test_any_order_and_any_repetition_of_the_same_events_ends_in_the_same_dossier_and_bytes(
    stream: Any, data: st.DataObject, names: set[str]
) -> None:
    once = sorted(names)
    shuffled = data.draw(st.lists(st.sampled_from(once), max_size=10).map(lambda more: [*once, *more]))
    shuffled = data.draw(st.permutations(shuffled))
    first = told(stream, [an_event(stream, name) for name in once])
    second = told(stream, [an_event(stream, name) for name in shuffled])
    assert first is not None
    assert first == second
    assert first.model_dump_json() == second.model_dump_json()
    assert version_of(first) == version_of(second)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(groups=st.tuples(*[st.lists(st.sampled_from(EVENTS), min_size=1, max_size=4)] * 3))
def test_dossiers_merge_in_any_grouping_and_a_dossier_with_itself_is_itself(
    stream: Any, groups: tuple[list[str], ...]
) -> None:
    one, two, three = (told(stream, [an_event(stream, name) for name in group]) for group in groups)
    assert one is not None
    assert two is not None
    assert three is not None
    assert merged(merged(one, two), three) == merged(one, merged(two, three))
    assert merged(one, two) == merged(two, one)
    assert merged(one, one) == one


@pytest.mark.parametrize("order", list(permutations(["received", "annotated", "scored"])))
def test_the_first_part_makes_a_preliminary_and_the_last_one_the_final(stream: Any, order: Any) -> None:
    events = [an_event(stream, name) for name in order]
    preliminary, final = issued_on_the_way(stream, events)
    assert (preliminary.status, final.status) == (ReportStatus.PRELIMINARY, ReportStatus.FINAL)
    parts = [stream.envelope(stream.annotated()).event_id, stream.envelope(stream.scored()).event_id]
    assert final.id == report_id(final.sample, parts)
    assert final.counts.model_dump() == {
        "tier_i": 1,
        "tier_ii": 0,
        "tier_iii": 1,
        "tier_iv": 0,
        "germline_hints": 0,
        "findings": 2,
        "scores": 1,
    }


def test_a_dead_letter_counts_as_a_part_and_the_part_that_comes_later_amends_the_final(stream: Any) -> None:
    events = [stream.received(), stream.annotated(), stream.dead("prs"), stream.scored()]
    versions = issued_on_the_way(stream, events)
    assert [v.status for v in versions] == [
        ReportStatus.PRELIMINARY,
        ReportStatus.FINAL,
        ReportStatus.AMENDED,
    ]
    held = versions[1]
    assert [failure.part for failure in held.held] == [Part.RISK]
    assert held.risk is None
    assert versions[2].mended == (Part.RISK,)
    assert versions[2].held == ()
    assert [len(v.parts) for v in versions] == [1, 2, 3]


def test_what_follows_from_a_mended_event_makes_the_held_parts_and_amends_the_same_report(
    stream: Any,
) -> None:
    parts = [stream.annotated(context=stream.mended), stream.scored(context=stream.mended)]
    events = [stream.received(), stream.dead("annotate"), *parts]
    assert len({stream.envelope(event).root_id for event in events}) == 3
    held, _, amended = issued_on_the_way(stream, events)
    assert (held.status, amended.status) == (ReportStatus.FINAL, ReportStatus.AMENDED)
    assert set(held.parts) < set(amended.parts)
    assert (amended.mended, amended.held, amended.awaited) == ((Part.VARIANTS,), (), ())
    assert amended.context == stream.mended
    assert Summary.of(amended).age > Summary.of(held).age


def test_a_part_that_is_given_up_for_good_stays_held_and_says_why_in_a_version_of_its_own(
    stream: Any,
) -> None:
    events = [stream.received(), stream.annotated(), stream.dead("prs"), stream.dropped("prs")]
    held, dropped = issued_on_the_way(stream, events)[1:]
    assert (held.status, dropped.status) == (ReportStatus.FINAL, ReportStatus.FINAL)
    assert [failure.why for failure in held.held] == [None]
    assert [failure.why for failure in dropped.held] == ["the hospital sends it anew"]
    assert set(held.parts) < set(dropped.parts)


def test_of_several_attempts_only_the_newest_is_named(stream: Any) -> None:
    events = [stream.received(), stream.annotated(), stream.dead("prs", 2), stream.dead("prs", 1)]
    assert [failure.attempt for failure in issued_on_the_way(stream, events)[-1].held] == [2]


def test_a_held_variants_part_makes_the_report_final_since_no_score_can_follow(stream: Any) -> None:
    held, mended, amended = issued_on_the_way(
        stream, [stream.received(), stream.dead("annotate"), stream.annotated(), stream.scored()]
    )
    assert (held.status, held.blocked, held.awaited) == (ReportStatus.FINAL, (Part.RISK,), ())
    assert (mended.status, mended.awaited) == (ReportStatus.PRELIMINARY, (Part.RISK,))
    assert amended.status is ReportStatus.AMENDED


def test_a_dead_letter_before_the_context_is_known_waits_for_it(stream: Any) -> None:
    assert issued_on_the_way(stream, [stream.dead("annotate")]) == []
    assert len(issued_on_the_way(stream, [stream.dead("annotate"), stream.received()])) == 1


def test_a_dead_letter_that_names_no_sample_or_another_service_joins_nothing(stream: Any) -> None:
    for event in (stream.dead(sample=None), stream.dead(subject=None), stream.dead("report")):
        assert join(None, event, stream.envelope(event)) is None


def test_a_duplicate_gives_back_the_very_same_dossier(stream: Any) -> None:
    dossier = told(stream, [stream.received(), stream.annotated()])
    event = stream.annotated()
    assert join(dossier, event, stream.envelope(event)) is dossier


@pytest.mark.parametrize("order", [("annotated", "scored"), ("scored", "annotated")])
def test_a_withheld_part_withholds_the_report_under_one_id_with_the_same_bytes(
    stream: Any, order: tuple[str, str]
) -> None:
    made = {
        "annotated": stream.annotated(status=PartStatus.WITHHELD, reason="refused", findings=()),
        "scored": stream.scored(status=RiskStatus.WITHHELD, reason="refused too", scores=()),
    }
    (version,) = issued_on_the_way(stream, [stream.received(), *(made[name] for name in order)])
    assert version.status is ReportStatus.WITHHELD
    assert version.id == withheld_id(stream.root())
    assert (version.parts, version.variants, version.risk) == ((), None, None)


def test_a_part_that_the_report_does_not_expect_changes_no_version(stream: Any) -> None:
    only = {"expects": (Part.VARIANTS,)}
    events = [stream.received(**only), stream.annotated(**only), stream.scored(**only)]
    (version,) = issued_on_the_way(stream, events)
    assert version.status is ReportStatus.FINAL
    assert version.risk is None
