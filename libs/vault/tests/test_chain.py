"""A chain that was changed, cut, reordered or added to in any place is found, and the place is named."""

import json
import re
from datetime import UTC, datetime

import pytest
from canheal_vault.chain import BEGINNING, Action, Entry, Finding, Head, Said, digest, verify
from hypothesis import given, settings
from hypothesis import strategies as st

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
SAID = st.builds(
    Said,
    at=st.datetimes(timezones=st.just(UTC)),
    service=st.just("report"),
    instance=st.just("report-0"),
    actor=st.text(min_size=1, max_size=20),
    action=st.sampled_from(Action),
    subject=st.none() | st.text(alphabet="0123456789abcdef", min_size=64, max_size=64),
    about=st.dictionaries(st.text(max_size=5), st.text(min_size=1, max_size=9), max_size=3),
    outcome=st.sampled_from(["done", "erased"]),
    correlation_id=st.none() | st.uuids(),
)


def chain(said: list[Said]) -> list[str]:
    head, lines = Head(), []
    for one in said:
        entry = Entry.behind(head, one)
        head = entry.head
        lines.append(entry.model_dump_json())
    return lines


def checked(lines: list[str], anchor: str | None = None) -> Finding:
    return verify(lines, "report", anchor)


def saying(actor: str) -> Said:
    return Said(at=MOMENT, service="report", instance="report-0", actor=actor, action=Action.REPORT_VIEWED)


TEN = chain([saying(f"person {number}") for number in range(10)])


def hash_of(line: str) -> str:
    return str(json.loads(line)["hash"])


@settings(deadline=None)
@given(st.lists(SAID, max_size=12))
def test_whatever_is_said_an_untouched_chain_verifies_and_ends_with_its_head(said: list[Said]) -> None:
    lines = chain(said)
    found = checked(lines, hash_of(lines[-1]) if lines else None)
    assert found.broken is None
    assert found.head == Head(len(said), hash_of(lines[-1]) if lines else BEGINNING)
    assert (found.first_at, found.last_at) == ((said[0].at, said[-1].at) if said else (None, None))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(SAID, min_size=1, max_size=6),
    st.data(),
)
def test_one_changed_letter_anywhere_is_found_at_its_entry(said: list[Said], data: st.DataObject) -> None:
    lines = chain(said)
    place = data.draw(st.integers(0, len(lines) - 1))
    at = data.draw(st.integers(0, len(lines[place]) - 1))
    sign = data.draw(st.sampled_from('0a}"9 é'))
    changed = lines[place][:at] + sign + lines[place][at + 1 :]
    if _same(changed, lines[place]):
        return
    lines[place] = changed
    found = checked(lines)
    assert found.broken is not None
    assert found.head.sequence == place


def _same(one: str, other: str) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


@pytest.mark.parametrize("place", range(9))
def test_a_removed_entry_is_missed_by_its_number(place: int) -> None:
    found = checked(TEN[:place] + TEN[place + 1 :])
    assert found.broken == f"entry {place + 1} is missing: the next one there is {place + 2}"
    assert found.head.sequence == place


def test_entries_in_another_order_are_found() -> None:
    for place in range(9):
        swapped = [*TEN[:place], TEN[place + 1], TEN[place], *TEN[place + 2 :]]
        assert checked(swapped).head.sequence == place
    assert checked([*TEN, TEN[-1]]).broken == "entry 11 is missing: the next one there is 10"


def test_an_entry_that_was_put_in_breaks_the_one_behind_it() -> None:
    first = Entry.model_validate_json(TEN[0])
    forged = Entry.behind(first.head, saying("a forger"))
    found = checked([TEN[0], forged.model_dump_json(), *TEN[2:]])
    assert found.broken == ("entry 3 does not follow the one before it: that was changed, or this was put in")


def test_a_forger_who_hashes_anew_is_found_where_the_forgery_ends() -> None:
    entry = json.loads(TEN[4]) | {"actor": "nobody"}
    del entry["hash"]
    forged = json.dumps(entry | {"hash": digest(entry)})
    assert checked([*TEN[:4], forged, *TEN[5:]]).head.sequence == 5


def test_a_whole_new_chain_and_a_cut_one_are_found_by_a_head_that_was_noted() -> None:
    noted = hash_of(TEN[7])
    assert checked(TEN, noted).broken is None
    for lines in (TEN[:7], [], chain([saying("x")] * 10)):
        found = checked(lines, noted)
        assert found.broken is not None
        assert "missing or were replaced" in found.broken
        assert checked(lines).broken is None
    assert checked(TEN[:8], noted).broken is None


@pytest.mark.parametrize("line", ["", "{}", "[]", "null", "no json", "[" * 5000, '{"sequence": 1}'])
def test_a_line_that_is_no_entry_is_said_to_be_none(line: str) -> None:
    assert re.match(r"entry 2 is no entry: \S+", str(checked([TEN[0], line]).broken))


def test_the_chain_of_another_service_is_not_taken_for_this_ones() -> None:
    assert verify(TEN, "ingest").broken == "entry 1 is of the service report, not of ingest"


def test_an_entry_with_a_field_of_a_later_version_still_verifies_and_the_field_cannot_be_changed() -> None:
    body = json.loads(TEN[0]) | {"added": "later"}
    del body["hash"]
    line = json.dumps(body | {"hash": digest(body)})
    assert checked([line]).broken is None
    assert checked([line.replace("later", "never")]).broken is not None
