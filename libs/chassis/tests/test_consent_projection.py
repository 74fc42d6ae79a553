"""What a process knows of consent only moves forward, and who waits for a version is woken by it."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from canheal_chassis import consent as module
from canheal_chassis.consent import ConsentProjection
from canheal_process.errors import ConsentOutOfDate
from canheal_schemas import Consent, ConsentState, LimitedPermission, Purpose
from chassis_parts import a_subject, consent, envelope_of, received
from structlog.testing import capture_logs

S = a_subject()
CARE = Purpose.OWN_CARE


def knows(*events: Any) -> ConsentProjection:
    projection = ConsentProjection()
    for event in events:
        apply(projection, event)
    return projection


def apply(projection: ConsentProjection, event: Any) -> None:
    projection.apply(event, envelope_of(event))


async def within(seconds: float, waiting: Awaitable[object]) -> object:
    return await asyncio.wait_for(waiting, seconds)


async def test_without_any_consent_nothing_is_allowed() -> None:
    projection = ConsentProjection()
    assert not projection.permits(S, CARE)
    assert not projection.erased(S)
    assert not projection.erased(None)
    assert projection.current(S) is None


async def test_a_purpose_that_is_not_named_is_refused() -> None:
    projection = knows(consent(S, 1, CARE))
    assert projection.permits(S, CARE)
    assert not any(projection.permits(S, purpose) for purpose in Purpose if purpose is not CARE)


async def test_an_older_version_that_comes_late_is_ignored() -> None:
    projection = knows(consent(S, 2), consent(S, 1, CARE))
    assert not projection.permits(S, CARE)
    newest = projection.current(S)
    assert newest is not None
    assert newest.consent_version == 2


async def test_the_same_version_again_changes_nothing() -> None:
    projection = knows(consent(S, 2), consent(S, 2, CARE))
    assert not projection.permits(S, CARE)


async def test_erased_is_final_even_for_a_later_version() -> None:
    projection = knows(consent(S, 2, CARE, state=ConsentState.ERASED), consent(S, 3, CARE))
    assert projection.erased(S)
    assert not projection.permits(S, CARE)


async def test_another_kind_of_event_is_none_of_its_business() -> None:
    assert knows(received(S)).current(S) is None


async def test_a_version_that_is_known_is_given_at_once() -> None:
    projection = knows(consent(S, 3, CARE))
    for version in (0, 1, 3):
        assert await within(0.5, projection.at_least(S, version)) == (consent(S, 3, CARE).consent, 3)


async def test_who_waits_for_a_version_sleeps_through_older_ones_and_is_woken_by_it() -> None:
    projection = knows(consent(S, 1, CARE))
    waiting = [asyncio.ensure_future(projection.at_least(S, 3)) for _ in range(3)]
    apply(projection, consent(S, 2, CARE))
    apply(projection, consent(a_subject(), 9))
    await asyncio.sleep(0.02)
    assert not any(task.done() for task in waiting)
    apply(projection, consent(S, 4))
    answers = await within(0.5, asyncio.gather(*waiting))
    assert answers == [(consent(S, 4).consent, 4)] * 3


async def test_who_waits_for_a_subject_that_was_erased_is_told_so() -> None:
    projection = ConsentProjection()
    waiting = asyncio.ensure_future(projection.at_least(S, 9))
    await asyncio.sleep(0)
    apply(projection, consent(S, 2, state=ConsentState.ERASED))
    found, version = await asyncio.wait_for(waiting, 0.5)
    assert (found.state, version) == (ConsentState.ERASED, 2)


async def test_a_long_wait_is_said_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.02)
    projection = ConsentProjection()
    with capture_logs() as lines:
        waiting = asyncio.ensure_future(projection.at_least(S, 1))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        apply(projection, consent(S, 1, CARE))
        await within(0.5, waiting)
    assert {line["event"] for line in lines} == {"consent-awaited"}
    assert all(S not in str(line) for line in lines)


async def test_a_permission_that_ran_out_is_refused_without_any_new_event() -> None:
    ends = datetime(2026, 11, 24, 12, tzinfo=UTC)
    limited = Consent.of((), (LimitedPermission(purpose=CARE, valid_until=ends),))
    clock = [ends]
    projection = ConsentProjection(lambda: clock[0])
    apply(projection, consent(S, 1).model_copy(update={"consent": limited}))
    known = projection.in_force(S)
    assert projection.permits(S, CARE)
    assert known is not None
    assert known.consent.permits(CARE)
    assert (await projection.at_least(S, 1))[0].permits(CARE)
    clock[0] += timedelta(microseconds=1)
    known = projection.in_force(S)
    assert not projection.permits(S, CARE)
    assert known is not None
    assert not known.consent.permits(CARE)
    assert not (await projection.at_least(S, 1))[0].permits(CARE)


async def test_without_the_broker_for_too_long_a_read_is_refused_and_a_handler_waits() -> None:
    age = [0.0]
    projection = knows(consent(S, 1, CARE))
    projection.bound(lambda: age[0], 10)
    assert projection.in_force(S) is not None
    age[0] = 10.1
    with pytest.raises(ConsentOutOfDate, match="for 10 s") as refused:
        projection.in_force(S)
    assert (refused.value.status, refused.value.retryable) == (503, True)
    waiting = asyncio.ensure_future(projection.at_least(S, 1))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    age[0] = 0.0
    assert (await asyncio.wait_for(waiting, 2))[1] == 1


async def test_before_the_first_contact_nothing_may_be_shown() -> None:
    projection = ConsentProjection()
    projection.bound(lambda: float("inf"), 10)
    with pytest.raises(ConsentOutOfDate, match="since this process started"):
        projection.in_force(S)


async def test_an_erased_subject_is_known_as_erased_even_without_the_broker() -> None:
    projection = knows(consent(S, 2, state=ConsentState.ERASED))
    projection.bound(lambda: float("inf"), 10)
    assert (await within(0.5, projection.at_least(S, 9))) == (
        consent(S, 2, state=ConsentState.ERASED).consent,
        2,
    )


async def test_a_consent_that_cannot_be_read_allows_nothing_until_a_newer_one_comes() -> None:
    projection = knows(consent(S, 4, CARE))
    projection.doubt(S.encode())
    apply(projection, consent(S, 4, CARE))  # a late relay of what was known
    assert not projection.permits(S, CARE)
    assert projection.in_force(S) is None
    apply(projection, consent(S, 6, CARE))
    assert projection.permits(S, CARE)
    erased = knows(consent(S, 5, state=ConsentState.ERASED))
    erased.doubt(S.encode())
    assert erased.erased(S)
