"""Fail when a test was skipped for any reason but absent shared data: `python tools/skipped.py junit.xml`.

CI has every tool, so a skip there means that something is no longer tested.
The shared data may be absent by design.
"""

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

ABSENT_DATA = re.compile(r"shared (test )?data|CANHEAL_TEST_DATA")


def main(path: Path) -> int:
    skips = skipped(path)
    unexpected = {test: reason for test, reason in skips.items() if not ABSENT_DATA.search(reason)}
    for test, reason in unexpected.items():
        print(f"skipped in CI: {test}: {reason}", file=sys.stderr)
    if len(skips) > len(unexpected):
        print(f"{len(skips) - len(unexpected)} tests were skipped for absent shared data")
    return int(bool(unexpected))


def skipped(path: Path) -> dict[str, str]:
    """The reason of each skipped test in a JUnit report; an expected failure is no skip."""
    cases = ET.parse(path).iter("testcase")  # noqa: S314 - pytest wrote it a moment ago
    return {
        f"{case.get('classname')}::{case.get('name')}": f"{found.get('message')} {found.text}"
        for case in cases
        if (found := case.find("skipped")) is not None and found.get("type") != "pytest.xfail"
    }


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
