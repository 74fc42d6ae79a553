"""The audit log says who did what, names no person, and stays whole when many write at once."""

import asyncio

import pytest
from canheal_vault.auditlog import ANCHOR_EVERY, LONGEST_ACTOR, UNNAMED, named
from canheal_vault.chain import Action, Head, verify
from canheal_vault.keys import KeyRing
from vault_parts import PLATFORM_KEY, MemoryEntries, MemoryKeys, an_audit_log

SUBJECT = "5" * 64
REPORT = "0193-report"


async def a_ring() -> KeyRing:
    ring = KeyRing(PLATFORM_KEY, MemoryKeys())
    await ring.make_data_key(SUBJECT)
    return ring


async def test_a_view_is_written_with_tokens_and_without_any_id() -> None:
    entries, ring = MemoryEntries(), await a_ring()
    log = an_audit_log(entries, ring)
    about = {"report": REPORT, "form": "html"}
    entry = await log.record(Action.REPORT_VIEWED, "dr.novak", subject=SUBJECT, about=about)
    key = await ring.data_key(SUBJECT)
    assert (entry.actor, entry.action, entry.outcome) == ("dr.novak", "report.viewed", "done")
    assert entry.subject == key.token("subject")
    assert entry.about == {"report": key.token(f"report/{REPORT}"), "form": "html"}
    assert not any(identity in entries.lines[0] for identity in (SUBJECT, REPORT))


async def test_the_same_person_has_the_same_token_until_erased_and_then_none() -> None:
    entries, ring = MemoryEntries(), await a_ring()
    log = an_audit_log(entries, ring)
    for _ in range(2):
        await log.record(Action.REPORT_VIEWED, "a", subject=SUBJECT)
    await ring.destroy(SUBJECT)
    after = await log.record(Action.REPORT_VIEWED, "a", subject=SUBJECT, about={"report": REPORT})
    first, second, _ = entries.entries
    assert first.subject == second.subject
    assert (after.subject, after.about) == ("erased", {})
    assert verify(entries.lines, "report").broken is None
    assert REPORT not in entries.lines[2]


async def test_of_a_person_whom_nobody_knows_no_key_is_made() -> None:
    keys = MemoryKeys()
    entry = await an_audit_log(MemoryEntries(), KeyRing(PLATFORM_KEY, keys)).record(
        Action.SAMPLE_VIEWED, "a", subject=SUBJECT, about={"sample": "s"}
    )
    assert (entry.subject, entry.about, keys.kept) == ("unknown", {}, {})


async def test_without_a_subject_only_what_leads_to_nobody_is_written() -> None:
    entry = await an_audit_log(MemoryEntries()).record(
        Action.REPORTS_LISTED, "a", about={"count": "7", "sample": "s1"}
    )
    assert (entry.subject, entry.about) == (None, {"count": "7"})


async def test_logs_that_write_at_once_make_one_chain() -> None:
    entries, ring = MemoryEntries(), await a_ring()
    logs = [an_audit_log(entries, ring, f"report-{number}") for number in range(4)]
    await asyncio.gather(
        *(log.record(Action.REPORT_VIEWED, f"{n}", subject=SUBJECT) for log in logs for n in range(40))
    )
    found = verify(entries.lines, "report")
    assert (found.broken, found.head.sequence) == (None, 160)
    written = {(entry.instance, entry.actor) for entry in entries.entries}
    assert len(written) == 160


async def test_the_head_is_shown_at_the_start_and_every_thousand_entries() -> None:
    shown: list[Head] = []
    entries = MemoryEntries()
    log = an_audit_log(entries, anchor=shown.append)
    await log.show_head()
    for _ in range(ANCHOR_EVERY):
        await log.record(Action.REPORTS_LISTED, "a")
    await log.show_head()
    assert shown == [Head(), entries.entries[-1].head, entries.entries[-1].head]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("dr.novak", "dr.novak"),
        ("", UNNAMED),
        (" \n", UNNAMED),
        ("a\nb\x1b[31m", "a b [31m"),
        ("x" * 500, "x" * LONGEST_ACTOR),
        ("Ž\u202eé", "Ž é"),
    ],
    ids=["plain", "none", "blank", "controls", "long", "reordering"],
)
def test_a_claimed_name_is_one_short_line(said: str, shown: str) -> None:
    assert named(said) == shown
