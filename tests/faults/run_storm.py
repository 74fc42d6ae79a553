"""The whole storm: `python tests/faults/run_storm.py [--seconds 600] [--json FILE]`.

Prints its seed (CANHEAL_STORM_SEED has it again), each strike, and a row of docs/faults.md's table. Ends with
1 when anything is lost, doubled or otherwise wrong. `--table FILE ...` prints the tables of kept results.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from storm import Outcome, Storm
from storm_table import as_result, strikes, summary
from strikes import short_storm, whole_storm
from victim import Victim

from cohort import read_cohort

SEED: Final = "CANHEAL_STORM_SEED"
TUMOURS: Final = 300
ROOT: Final = Path(__file__).parents[2]
DATA: Final = Path(os.environ.get("CANHEAL_TEST_DATA", ROOT.parent / "shared" / "data"))
PLANS: Final = {"whole": whole_storm, "short": short_storm}


def drawn_seed() -> int:
    """The named seed, or a new one."""
    return int(os.environ.get(SEED) or time.time_ns() % 10**6)


async def storm(arguments: argparse.Namespace, folder: Path) -> Outcome:
    seed = drawn_seed()
    print(f"{SEED}={seed}", flush=True)
    cohort = read_cohort(DATA, TUMOURS)
    with Victim(folder, _say, own_disk=arguments.plan == "whole") as victim:
        plan = PLANS[arguments.plan](seed, arguments.seconds, victim.services)
        run = Storm(victim, cohort, seed, arguments.seconds, arguments.per_second, _say)
        return await run.run(plan)


def _say(line: str) -> None:
    print(line, flush=True)


def _told(outcome: Outcome) -> int:
    verdict = outcome.verdict
    for problem in (*verdict.lost, *verdict.doubled, *verdict.wrong):
        print(f"WRONG: {problem}")
    result = as_result(outcome)
    print(f"\n{summary([result])}\n\n{strikes([result])}")
    return 0 if verdict.holds else 1


def main(words: Sequence[str]) -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=600.0, help="how long samples are sent")
    asked.add_argument("--per-second", type=float, default=3.0, help="submissions a second")
    asked.add_argument("--plan", choices=PLANS, default="whole")
    asked.add_argument("--json", type=Path, help="keep the result here")
    asked.add_argument("--keep", type=Path, help="folder for the platform's files and logs, kept afterwards")
    asked.add_argument("--table", type=Path, nargs="+", help="results to print as tables; nothing is run")
    arguments = asked.parse_args(words)
    if arguments.table:
        results = [json.loads(file.read_text()) for file in arguments.table]
        print(f"{summary(results)}\n\n{strikes(results)}")
        return 0
    with tempfile.TemporaryDirectory(prefix="canheal-storm-") as folder:
        outcome = asyncio.run(storm(arguments, arguments.keep or Path(folder)))
    if arguments.json:
        arguments.json.write_text(json.dumps(as_result(outcome), indent=1) + "\n")
    return _told(outcome)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
