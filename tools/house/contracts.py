"""The import arrow, as import-linter sees it."""

import re
import subprocess
import sys
from pathlib import Path

SUMMARY = re.compile(r"Contracts: (\d+) kept, (\d+) broken")


def broken_contracts(root: Path) -> list[str]:
    """The complaints of import-linter about the tree at `root`; an empty list when every contract is kept.

    A run that ends without its summary (a syntax error, a member that is not installed) is a complaint too.
    """
    script = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [str(script), "--config", "pyproject.toml", "--no-cache", "--no-logo"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    summary = SUMMARY.search(run.stdout)
    if run.returncode == 0 and summary:
        return []
    said = (run.stdout + run.stderr).strip().splitlines()
    if not summary:
        return [f"import-linter could not finish: {' '.join(said[-3:])}"]
    broken = [line for line in said if line.endswith("BROKEN") or re.search(r"->.*\(l\.\d+", line)]
    return broken or said[-5:]
