"""Every finding of bandit is explained, and every explanation is of a finding."""

import bandit_check


def test_what_bandit_finds_is_explained_in_one_place() -> None:
    findings = bandit_check.found()
    assert len(findings) >= 10  # it ran over all of it
    assert list(bandit_check.wrong(findings, bandit_check.explained())) == []


def test_an_unexplained_finding_and_an_idle_row_are_wrong() -> None:
    findings = {("B307", "libs/x.py"): ["libs/x.py:1: B307 eval"], ("B311", "a.py"): ["a.py:1: B311 random"]}
    allowed = {("B311", "a.py"): "no secret", ("B404", "gone.py"): "it was there once"}
    assert list(bandit_check.wrong(findings, allowed)) == [
        "libs/x.py:1: B307 eval",
        "tools/bandit.toml explains B404 in gone.py, where bandit finds nothing of the kind",
    ]
