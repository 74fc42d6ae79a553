"""A process that lacks its topics, or its group, ends and says why; it never idles."""

from pathlib import Path

import pytest
from canheal_chassis.topics import demand, needed
from canheal_cli.topics import admin_client
from canheal_process.errors import TopicsAbsent, Unreachable
from canheal_schemas import TOPICS, retry_topic
from worker_bench import Bench

THERE = {topic.name: topic.partitions for topic in TOPICS}
RETRY = retry_topic("annotate").name


def test_a_service_needs_the_topics_that_the_contract_says_it_reads_or_writes() -> None:
    names = {topic.name for topic in needed("prs")}
    assert {"canheal.variants.annotated.v1", "canheal.risk.scored.v1", "canheal.prs.heavy.v1"} <= names
    assert not names & {"canheal.report.issued.v1", RETRY}
    for service in ("ingest", "annotate", "prs", "report"):
        demand(service, THERE | {"somebody.elses": 1})


def test_what_is_missing_or_otherwise_cut_is_named_with_what_to_do() -> None:
    without = {name: count for name, count in THERE.items() if name != RETRY}
    with pytest.raises(TopicsAbsent, match=rf"{RETRY} is missing.*expected 12 .*canheal topics apply"):
        demand("annotate", without)
    with pytest.raises(TopicsAbsent, match=rf"{RETRY} has 6 partitions; expected 12"):
        demand("annotate", THERE | {RETRY: 6})
    demand("report", without)


@pytest.fixture
def bench_without_retry(bench: Bench) -> Bench:
    with admin_client(bench.bootstrap) as admin:
        admin.delete_topics([RETRY])
        bench.wait_for(lambda: RETRY not in admin.list_topics(), seconds=60)
    return bench


@pytest.mark.stack
def test_a_worker_without_one_of_its_topics_does_not_start(
    bench_without_retry: Bench, tmp_path: Path
) -> None:
    worker = bench_without_retry.start("slow.py", "0", str(tmp_path))
    assert worker.wait(timeout=180) == TopicsAbsent.exit_code == 78
    assert f"{RETRY} is missing" in bench_without_retry.logs()


@pytest.mark.stack
def test_a_worker_that_speaks_no_more_with_its_group_ends(bench: Bench, tmp_path: Path) -> None:
    worker = bench.start("slow.py", "0", str(tmp_path), "estranged")
    assert worker.wait(timeout=180) == Unreachable.exit_code == 75, bench.logs()
