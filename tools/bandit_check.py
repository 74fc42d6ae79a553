"""bandit over our own code, beside the table of what it finds and why that stays (`tools/bandit.toml`)."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tools" / "bandit.toml"
SOURCES = ("schemas/src", "libs", "services", "cli/src", "tools")

type Finding = tuple[str, str]
"""bandit's test and the file."""


def explained() -> dict[Finding, str]:
    """What the table allows, and why."""
    rows = tomllib.loads(TABLE.read_text("utf-8"))["exception"]
    return {(row["test"], file): row["reason"] for row in rows for file in row["files"]}


def found() -> dict[Finding, list[str]]:
    """What bandit finds: places and words."""
    command = [sys.executable, "-m", "bandit", "-q", "-f", "json", "-x", "*/tests/*", "-r", *SOURCES]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    findings: dict[Finding, list[str]] = {}
    for issue in json.loads(ran.stdout)["results"]:
        place = issue["filename"].removeprefix("./")
        words = f"{place}:{issue['line_number']}: {issue['test_id']} {issue['issue_text']}"
        findings.setdefault((issue["test_id"], place), []).append(words)
    return findings


def wrong(findings: dict[Finding, list[str]], allowed: dict[Finding, str]) -> Iterator[str]:
    """What the table does not explain, and rows that nothing needs."""
    for finding, places in sorted(findings.items()):
        yield from () if finding in allowed else places
    for test, file in sorted(allowed.keys() - findings.keys()):
        yield f"tools/bandit.toml explains {test} in {file}, where bandit finds nothing of the kind"


def main() -> None:
    """Say what is wrong; exit code 1 where something is."""
    findings, allowed = found(), explained()
    mistakes = list(wrong(findings, allowed))
    print("\n".join(mistakes) or f"bandit: clean, {len(findings)} findings explained in tools/bandit.toml")
    sys.exit(bool(mistakes))


if __name__ == "__main__":
    main()
