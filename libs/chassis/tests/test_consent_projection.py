"""What a process knows of consent only moves forward, and who waits for a version is woken by it."""

import asyncio
from collections.abc import Awaitable

import pytest
from canheal_chassis import consent as module
from canheal_chassis.consent import ConsentProjection
from canheal_schemas import ConsentState, Purpose
from chassis_parts import a_subject, consent, envelope_of, received
from structlog.testing import capture_logs

S = a_subject()
CARE = Purpose.OWN_CARE


def knows(*events: object) -> ConsentProjection:
    projection = ConsentProjection()
    for event in events:
        apply(projection, event)
    return projection


def apply(projection: ConsentProjection, event: object) -> None:
    projection.apply(event, envelope_of(event))  # type: ignore[arg-type] # an event of any kind


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
