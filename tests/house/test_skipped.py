"""CI fails on a skipped test, unless shared data is what it lacks."""

from pathlib import Path

import pytest

from skipped import main

CASE = '<testsuites><testcase classname="tests.a" name="test_b">{}</testcase></testsuites>'


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("", 0),
        ('<skipped type="pytest.skip" message="chromium is absent">a.py:1</skipped>', 1),
        ('<skipped type="pytest.skip" message="shared data is absent: vcf/T001">a.py:1</skipped>', 0),
        ('<skipped type="pytest.skip" message="CANHEAL_TEST_DATA names no folder">a.py:1</skipped>', 0),
        ('<skipped type="pytest.xfail" message="known">a.py:1</skipped>', 0),
    ],
)
def test_a_skip_without_absent_data_fails_the_run(
    tmp_path: Path, inside: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "junit.xml"
    report.write_text(CASE.format(inside))
    assert main(report) == code
    assert ("tests.a::test_b" in capsys.readouterr().err) is bool(code)
