"""How much the platform takes here: `python tools/bench_stream.py [panel|exome|genome|growth|memory ...]`.

Starts a platform of its own on the embedded broker and database, and prints one Markdown table a part. Each
flood sends as fast as the door takes; then samples come at `SHARE` of the rate that the flood found, evenly
spaced whether or not earlier ones are done: the lag is flat if as many wait at the end as in the middle.
"""

import asyncio
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from canheal_cli.stack import Stack
from canheal_schemas import ReportIssued, ReportStatus, SampleReceived

from cohort import EXOME_MB
from crowd import crowd
from gauges import cpu_seconds, rss_mb, spread, table, thinned
from genome import genome_vcf
from genome import metadata as genome_metadata
from hospital import Hospital
from wire import Record, records, settle

ROOT: Final = Path(__file__).parents[1]
DATA: Final = Path(os.environ.get("CANHEAL_TEST_DATA", ROOT.parent / "shared" / "data"))
EXOME: Final = "T001-COAD.grch38.vcf.gz"
PANEL_RECORDS: Final = 500
FLOOD, AT_ONCE, STEADY_SECONDS, SHARE = 120, 8, 30.0, 0.8
WARM_UP: Final = 5
GENOME_RECORDS: Final = 4_500_000
BESIDE_PER_SECOND: Final = 2.0
MEMBERS: Final = (1, 2, 4)
LONG_SECONDS: Final = 900.0

type Moments = dict[UUID, tuple[float, float]]
"""Of each sample the seconds (epoch) at which it was accepted and its final report stored."""


@dataclass(frozen=True, slots=True)
class Flood:
    """What a flood showed."""

    per_second: float
    cpu_ms: dict[str, float]
    """A sample, by slot."""


@dataclass
class Run:
    """A platform under measurement."""

    stack: Stack
    hospital: Hospital
    sent: int = 0

    @property
    def bootstrap(self) -> str:
        return self.stack.addresses.kafka_bootstrap_servers

    @property
    def pids(self) -> dict[str, int]:
        return {slot_id: slot.child.pid or 0 for slot_id, slot in self.stack.supervisor.slots.items()}

    def submissions(self, vcf: bytes, count: int) -> list[tuple[dict[str, Any], bytes]]:
        """New samples of new persons with this file."""
        first, self.sent = self.sent, self.sent + count
        return [(_metadata(f"BENCH-{number}"), vcf) for number in range(first, self.sent)]

    async def flood(self, vcf: bytes, count: int = FLOOD) -> Flood:
        """Send as fast as the door takes; the rate is that of the reports but the first and last tenth."""
        before = cpu_seconds(self.pids)
        samples = await self.hospital.send_all(self.submissions(vcf, count), AT_ONCE)
        done = sorted(final for _, final in (await self.moments(samples)).values())
        spent = {
            slot: 1000 * (after - before[slot]) / count for slot, after in cpu_seconds(self.pids).items()
        }
        tenth = count // 10
        return Flood((count - 2 * tenth) / (done[-1 - tenth] - done[tenth]), spent)

    async def steady(self, vcf: bytes, per_second: float, going_on: Callable[[float], bool]) -> list[UUID]:
        """Send at a rate, whatever becomes of earlier ones, while `going_on` holds of the seconds passed."""
        began, tasks = time.monotonic(), []
        async with asyncio.TaskGroup() as group:
            while going_on(time.monotonic() - began):
                tasks.append(group.create_task(self.hospital.send_all(self.submissions(vcf, 1), 1)))
                await asyncio.sleep(max(0.0, began + len(tasks) / per_second - time.monotonic()))
        return [sample for task in tasks for sample in task.result()]

    async def steadily(self, vcf: bytes, per_second: float) -> Moments:
        """Samples at this rate for a while, until the last is reported."""
        return await self.moments(await self.steady(vcf, per_second, lambda passed: passed < STEADY_SECONDS))

    async def moments(self, samples: Sequence[UUID]) -> Moments:
        """Wait until all is settled, and read when each was accepted and reported."""
        await asyncio.to_thread(settle, self.bootstrap, LONG_SECONDS)
        found = await asyncio.to_thread(
            records, self.bootstrap, [SampleReceived.topic.name, ReportIssued.topic.name]
        )
        accepted = {
            UUID(one.key.decode()): _at(one) for one in found if one.topic == SampleReceived.topic.name
        }
        final = {UUID(one.key.decode()): _at(one) for one in found if _is_final(one)}
        return {sample: (accepted[sample], final[sample]) for sample in samples}


def _metadata(label: str) -> dict[str, Any]:
    return {
        "site": "BE-BENCH",
        "country": "BE",
        "pseudonym": label,
        "label": label,
        "kind": "tumour",
        "assay": {"type": "exome", "size_mb": EXOME_MB},
        "oncotree_code": "COAD",
        "consent": {"permitted": ["own-care"]},
    }


def _at(record: Record) -> float:
    return record.envelope.occurred_at.timestamp()


def _is_final(record: Record) -> bool:
    if record.topic != ReportIssued.topic.name or not record.value:
        return False
    return ReportIssued.model_validate_json(record.value).status is ReportStatus.FINAL


def waiting(moments: Moments, share: float) -> int:
    """How many were accepted and not yet reported when this share of them had been accepted."""
    accepted = sorted(one for one, _ in moments.values())
    moment = accepted[int(share * (len(accepted) - 1))]
    return sum(one <= moment < other for one, other in moments.values())


def latencies(moments: Moments) -> list[float]:
    return [final - accepted for accepted, final in moments.values()]


async def panel(run: Run) -> None:
    """500 variants, evenly out of a real tumour exome."""
    await _both(
        run, thinned(DATA / "vcf" / EXOME, PANEL_RECORDS), f"Panel: {PANEL_RECORDS} variants of {EXOME}"
    )


async def exome(run: Run) -> None:
    """A real tumour exome."""
    await _both(run, (DATA / "vcf" / EXOME).read_bytes(), f"Exome: {EXOME}")


async def _both(run: Run, vcf: bytes, title: str) -> None:
    await run.flood(vcf, WARM_UP)
    flood = await run.flood(vcf)
    rate = SHARE * flood.per_second
    steady = await run.steadily(vcf, rate)
    alone = await run.steadily(vcf, 1.0)
    cpu = ", ".join(f"{slot} {spent:.0f}" for slot, spent in flood.cpu_ms.items() if spent >= 0.5)
    rows = [
        ("sustained when flooded", f"{flood.per_second:.1f} samples/s"),
        (f"at {rate:.1f}/s: accepted -> final report", f"{spread(latencies(steady))} s"),
        ("the same: waiting in the middle, at the end", f"{waiting(steady, 0.5)}, {waiting(steady, 1.0)}"),
        ("at 1/s: accepted -> final report", f"{spread(latencies(alone))} s"),
        ("CPU a sample, all processes", f"{sum(flood.cpu_ms.values()):.0f} ms"),
        ("of these", f"{cpu} ms"),
    ]
    table(f"{title}; {FLOOD} in the flood", ("what", "measured (p50 / p99 / worst)"), rows)


async def genome(run: Run) -> None:
    """Panels beside a genome, from its first byte to its report."""
    vcf, large = thinned(DATA / "vcf" / EXOME, PANEL_RECORDS), genome_vcf(GENOME_RECORDS)
    await run.flood(vcf, WARM_UP)
    alone = await run.steadily(vcf, BESIDE_PER_SECOND)
    before, began = cpu_seconds(run.pids), time.monotonic()
    sending = asyncio.ensure_future(run.hospital.send_all([(genome_metadata("GENOME"), large)], 1))
    at_the_door = await run.steady(vcf, BESIDE_PER_SECOND, lambda _: not sending.done())
    (sample,) = await sending
    taken = time.monotonic() - began
    reported = asyncio.ensure_future(run.hospital.closed([sample], LONG_SECONDS))
    in_its_lane = await run.steady(vcf, BESIDE_PER_SECOND, lambda _: not reported.done())
    await reported
    spent = {slot: after - before[slot] for slot, after in cpu_seconds(run.pids).items()}
    moments = await run.moments([sample, *at_the_door, *in_its_lane])
    rows = [
        ("panels alone: accepted -> final report", f"{spread(latencies(alone))} s"),
        (f"{len(at_the_door)} while the genome is sent and checked", _of(moments, at_the_door)),
        (f"{len(in_its_lane)} while it is in the heavy lanes", _of(moments, in_its_lane)),
        ("the genome: first byte -> accepted", f"{taken:.1f} s"),
        ("the genome: accepted -> final report", f"{latencies({sample: moments[sample]})[0]:.1f} s"),
        ("CPU meanwhile", ", ".join(f"{slot} {seconds:.1f} s" for slot, seconds in spent.items())),
    ]
    size = f"{GENOME_RECORDS:,} records, {len(large) / 1e6:.0f} MB"
    title = f"{BESIDE_PER_SECOND:.0f} panels/s beside a genome of {size}"
    table(title, ("what", "measured (p50 / p99 / worst)"), rows)


def _of(moments: Moments, samples: Sequence[UUID]) -> str:
    return f"{spread(latencies({sample: moments[sample] for sample in samples}))} s"


async def growth(run: Run) -> None:
    """The flood of panels with more annotate processes."""
    vcf, rows = thinned(DATA / "vcf" / EXOME, PANEL_RECORDS), []
    with crowd(run.stack, "annotate") as annotators:
        for members in MEMBERS:
            while len(annotators.urls) < members:
                await asyncio.to_thread(annotators.join)
            await run.flood(vcf, WARM_UP * members)
            mine = {slot: annotators.pid(slot) for slot in annotators.urls}
            before, handled = cpu_seconds(mine), annotators.handled(SampleReceived.topic.name)
            flood = await run.flood(vcf)
            shares = {
                slot: count - handled[slot]
                for slot, count in annotators.handled(SampleReceived.topic.name).items()
            }
            spent = sum(after - before[slot] for slot, after in cpu_seconds(mine).items())
            rows.append(
                (
                    str(members),
                    f"{flood.per_second:.1f}",
                    " + ".join(map(str, shares.values())),
                    f"{1000 * spent / FLOOD:.0f} ms",
                )
            )
    head = ("annotate processes", "samples/s", "samples of each", "annotate's CPU a sample")
    table(f"{FLOOD} panels as fast as they are taken, {os.cpu_count()} cores", head, rows)


async def memory(run: Run) -> None:
    """Resident memory after everything above."""
    rows = [(slot, f"{rss_mb(pid):.0f} MB") for slot, pid in run.pids.items()]
    table("Resident memory of each slot with its children", ("slot", "now"), rows)


PARTS: Final[Mapping[str, Callable[[Run], Coroutine[Any, Any, None]]]] = {
    "memory": memory,
    "panel": panel,
    "exome": exome,
    "genome": genome,
    "growth": growth,
}


def _say(line: str) -> None:
    print(line, file=sys.stderr)


async def measure(stack: Stack, parts: Sequence[str]) -> None:
    async with Hospital(stack.addresses.services, LONG_SECONDS, answer_seconds=LONG_SECONDS) as hospital:
        run = Run(stack, hospital)
        for part in parts:
            await PARTS[part](run)


def main() -> None:
    """Print the tables of the named parts.

    Raises:
        SystemExit: a part is unknown, or the shared data is absent.
    """
    parts = sys.argv[1:] or [*PARTS, "memory"]
    if unknown := set(parts) - set(PARTS):
        raise SystemExit(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if not DATA.is_dir():
        raise SystemExit(f"the shared test data is absent: {DATA} (name it in CANHEAL_TEST_DATA)")
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load before {load}"
    )
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), _say, stores=(None, None)) as stack:
        stack.wait_ready(LONG_SECONDS)
        asyncio.run(measure(stack, parts))


if __name__ == "__main__":
    main()
