"""What benchmarks read and print: processor time and memory of a platform's processes, spreads, tables."""

import gzip
import os
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


def family(pid: int) -> list[int]:
    """A process and all that it started; one that has ended meanwhile is left out."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in family(int(child)))]


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """Of each slot what its processes that live now have spent, with their children that ended."""
    ticks = os.sysconf("SC_CLK_TCK")
    return {slot: sum(map(_ticks, family(pid))) / ticks for slot, pid in pids.items()}


def rss_mb(pid: int) -> float:
    """Resident memory of a process and its children; pages that they share are counted in each."""
    return sum(map(own_rss_mb, family(pid)))


def own_rss_mb(pid: int) -> float:
    """Resident memory of one process."""
    return _pages(pid) * os.sysconf("SC_PAGE_SIZE") / 1e6


def spread(seconds: Sequence[float]) -> str:
    """p50 / p99 / worst."""
    ranks = statistics.quantiles(seconds, n=100, method="inclusive")
    return f"{ranks[49]:.2f} / {ranks[98]:.2f} / {max(seconds):.2f}"


def thinned(vcf: Path, count: int) -> bytes:
    """So many records, evenly out of a file; gzip."""
    lines = gzip.decompress(vcf.read_bytes()).splitlines(keepends=True)
    header = [line for line in lines if line.startswith(b"#")]
    body = lines[len(header) :]
    return gzip.compress(b"".join(header + [body[n * len(body) // count] for n in range(count)]))


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table."""
    print(f"\n### {title}\n\n| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows), flush=True)


def _ticks(pid: int) -> int:
    """User and system time, its own and that of children which it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15]))


def _pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
