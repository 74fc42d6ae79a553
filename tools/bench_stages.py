"""How fast the platform is here: `tools/bench_stages.py [PART ...]`, every part of PARTS without one.

Starts a platform of its own on the embedded broker and database, and prints one Markdown table a part. What
a stage took is the difference of `occurred_at` of the events at its ends: the moments at which outcomes were
stored.
"""

import asyncio
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from canheal_cli.stack import Stack
from canheal_schemas import ReportIssued, ReportStatus, RiskScored, SampleReceived, VariantsAnnotated
from canheal_schemas.identifiers import sample_id

from cohort import EXOME_MB, read_cohort
from gauges import cpu_seconds, family, own_rss_mb, spread, table, thinned
from hospital import Hospital, Submission
from in_force import changes_until_refused, consents_applied
from upload import GIGABYTE, peaks_mb
from upload import upload as send_genome
from wire import records

ROOT: Final = Path(__file__).parents[1]
DATA: Final = Path(os.environ.get("CANHEAL_TEST_DATA", ROOT.parent / "shared" / "data"))
EXOME: Final = "T001-COAD.grch38.vcf.gz"
EXOMES, PANELS, PANEL_RECORDS, TUMOURS, AT_ONCE = 20, 50, 500, 200, 4
WARM_UP: Final = 3
CHANGES: Final = 20
STAGES: Final = (
    ("annotated", VariantsAnnotated),
    ("scored", RiskScored),
    ("final report issued", ReportIssued),
)

type Moments = dict[str, datetime]


@dataclass(frozen=True, slots=True)
class Run:
    """A platform under measurement."""

    stack: Stack
    hospital: Hospital

    async def one_by_one(self, submissions: Sequence[Submission]) -> list[tuple[UUID, float]]:
        """Each sample and the seconds from the first byte sent to the final report found by asking."""
        seconds = []
        for submission in submissions:
            began = time.perf_counter()
            (sample,) = await self.hospital.send_all([submission], 1)
            await self.hospital.closed([sample], within_seconds=60)
            seconds.append((sample, time.perf_counter() - began))
        return seconds

    def moments(self) -> dict[UUID, Moments]:
        """Of every sample when each stage had stored what it says."""
        found: dict[UUID, Moments] = {}
        for record in records(self.stack.addresses.kafka_bootstrap_servers):
            if record.topic == ReportIssued.topic.name:
                event = ReportIssued.model_validate_json(record.value)
                if event.status is not ReportStatus.FINAL:
                    continue
            elif record.topic not in {
                SampleReceived.topic.name,
                VariantsAnnotated.topic.name,
                RiskScored.topic.name,
            }:
                continue
            found.setdefault(UUID(record.key.decode()), {})[record.topic] = record.envelope.occurred_at
        return found


async def exome(run: Run) -> None:
    """T001-COAD, a real colorectal tumour exome, one after another."""
    vcf = (DATA / "vcf" / EXOME).read_bytes()
    taken = await run.one_by_one([(_metadata(f"EXOME-{n}"), vcf) for n in range(WARM_UP + EXOMES)])
    known = run.moments()
    of_each = [known[sample] for sample, _ in taken[WARM_UP:]]
    rows = [
        (f"{before} -> {name}", spread([_between(moments, one, other) for moments in of_each]))
        for (before, one), (name, other) in _pairs()
    ]
    rows.append(("accepted -> final report issued", spread([_whole(moments) for moments in of_each])))
    rows.append(("first byte sent -> final report readable", spread([s for _, s in taken[WARM_UP:]])))
    table(f"{EXOME}, {EXOMES} times, one at a time", ("stage", "seconds p50 / p99 / worst"), rows)


async def panel(run: Run) -> None:
    """A panel-sized file, one after another."""
    vcf = thinned((DATA / "vcf" / EXOME), PANEL_RECORDS)
    taken = await run.one_by_one([(_metadata(f"PANEL-{n}"), vcf) for n in range(WARM_UP + PANELS)])
    known = run.moments()
    rows = [
        (
            "accepted -> final report issued",
            spread([_whole(known[sample]) for sample, _ in taken[WARM_UP:]]),
        ),
        ("first byte sent -> final report readable", spread([seconds for _, seconds in taken[WARM_UP:]])),
    ]
    title = f"{PANEL_RECORDS} variants (evenly out of {EXOME}), {PANELS} times, one at a time"
    table(title, ("from -> to", "seconds p50 / p99 / worst"), rows)


async def cohort(run: Run) -> None:
    """200 tumours as fast as they are taken."""
    submissions = read_cohort(DATA, TUMOURS).submissions()
    pids = {slot: kept.child.pid or 0 for slot, kept in run.stack.supervisor.slots.items()}
    before = cpu_seconds(pids)
    began = datetime.now(UTC)
    samples = await run.hospital.send_all(submissions, AT_ONCE)
    taken = datetime.now(UTC)
    await run.hospital.closed(samples, within_seconds=120)
    spent = {slot: after - before[slot] for slot, after in cpu_seconds(pids).items()}
    known = run.moments()
    last = max(known[sample][ReportIssued.topic.name] for sample in samples)
    seconds = (last - began).total_seconds()
    rows = [
        ("all taken at the door", f"{(taken - began).total_seconds():.1f} s"),
        ("last final report", f"{seconds:.1f} s"),
        ("sustained", f"{len(samples) / seconds:.1f} samples/s"),
        ("accepted -> final report issued", f"{spread([_whole(known[s]) for s in samples])} s"),
    ]
    rows += [
        (f"CPU of {slot}", f"{1000 * cpu / len(samples):.0f} ms a sample") for slot, cpu in spent.items()
    ]
    table(f"{TUMOURS} tumours of MC3, {AT_ONCE} in flight", ("what", "measured"), rows)


async def consent(run: Run) -> None:
    """A consent withdrawn and given back, again and again."""
    said = _metadata("CONSENT-1")
    await run.one_by_one([(said, thinned((DATA / "vcf" / EXOME), PANEL_RECORDS))])
    (version,) = (await run.hospital.versions(sample_id(said["site"], said["label"])))[-1:]
    before = await consents_applied(run.stack.addresses.services)
    page = f"{run.hospital.report}{version['html']}"
    took = await changes_until_refused(run.hospital, said["site"], said["pseudonym"], page, CHANGES)
    rows = [("PUT answered -> report refused", f"{spread(took)} s")]
    for slot, applied in (await consents_applied(run.stack.addresses.services)).items():
        fresh = applied.since(before[slot])
        worst = min((edge for edge in fresh.buckets if fresh.within(edge) == fresh.count), default=0)
        rows.append(
            (f"recorded -> applied by {slot}", f"{fresh.count:.0f} of {2 * CHANGES} within {worst} s")
        )
    title = f"{CHANGES} withdrawals, each given back"
    table(title, ("from -> to", "p50 / p99 / worst; the services by their own clock"), rows)


async def upload(run: Run) -> None:
    """A genome of a gigabyte, as text: the door's memory."""
    slot = run.stack.supervisor.slots["ingest-0"]
    idle = [round(own_rss_mb(pid)) for pid in family(slot.child.pid or 0)]
    genome = _metadata("UPLOAD-1") | {"assay": {"type": "genome"}, "kind": "germline"}
    done = await send_genome(run.hospital.ingest, genome, GIGABYTE)
    peaks = [round(peak) for peak in peaks_mb(family(slot.child.pid or 0))]
    rows = [
        (f"answered {done.status}", f"after {done.seconds:.0f} s: {done.answer}"),
        ("ingest itself, before and at its peak", f"{idle[0]} and {peaks[0]} MB"),
        ("its children, before", f"{idle[1:]} MB"),
        ("its children at their peak: checks of panels, of genomes", f"{peaks[1:]} MB"),
    ]
    table(f"One upload of {done.sent_bytes / 1e9:.2f} GB", ("what", "measured"), rows)


async def memory(run: Run) -> None:
    """Resident memory after everything above."""
    rows = []
    for slot_id, slot in run.stack.supervisor.slots.items():
        processes = family(slot.child.pid or 0)
        rows.append((slot_id, f"{sum(map(own_rss_mb, processes)):.0f} MB in {len(processes)} processes"))
    table("Resident memory (RSS) of each slot with its children", ("slot", "now"), rows)


PARTS: Final[Mapping[str, Callable[[Run], Coroutine[Any, Any, None]]]] = {
    "exome": exome,
    "panel": panel,
    "cohort": cohort,
    "consent": consent,
    "upload": upload,
    "memory": memory,
}


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


def _pairs() -> Iterable[tuple[tuple[str, type[Any]], tuple[str, type[Any]]]]:
    return zip((("accepted", SampleReceived), *STAGES), STAGES, strict=False)


def _between(moments: Moments, one: type[Any], other: type[Any]) -> float:
    return (moments[other.topic.name] - moments[one.topic.name]).total_seconds()


def _whole(moments: Moments) -> float:
    return _between(moments, SampleReceived, ReportIssued)


def _say(line: str) -> None:
    print(line, file=sys.stderr)


async def measure(stack: Stack, parts: Sequence[str]) -> None:
    async with Hospital(stack.addresses.services) as hospital:
        for part in parts:
            await PARTS[part](Run(stack, hospital))


def main() -> None:
    """Print the tables of the named parts.

    Raises:
        SystemExit: a part is unknown, or the shared data is absent.
    """
    parts = sys.argv[1:] or list(PARTS)
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
        stack.wait_ready()
        asyncio.run(measure(stack, parts))


if __name__ == "__main__":
    main()
