import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from canheal_cli.child import Child, ProcessSpec
from canheal_cli.errors import AlreadyRunningError
from canheal_cli.supervisor import Supervisor

TELLS_ITS_ID = """
import os, pathlib, time
with pathlib.Path(os.environ["CALLS"]).open("a") as calls:
    print(os.environ["CANHEAL_INSTANCE_ID"], os.getpid(), file=calls)
time.sleep(600)
"""
IGNORES_SIGTERM = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def eventually(holds: Callable[[], object], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def spec_of(tmp_path: Path, code: str, grace_seconds: float = 5.0) -> ProcessSpec:
    return ProcessSpec(
        id="annotate-0",
        argv=(sys.executable, "-c", code),
        folder=tmp_path,
        env={"CANHEAL_INSTANCE_ID": "annotate-0", "CALLS": str(tmp_path / "calls")},
        grace_seconds=grace_seconds,
    )


def calls(tmp_path: Path) -> list[tuple[str, int]]:
    path = tmp_path / "calls"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(name, int(pid)) for name, pid in (line.split() for line in lines)]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    with Supervisor(said.append) as kept:
        yield kept


def test_a_killed_child_comes_back_with_the_same_static_id(supervisor, said, tmp_path) -> None:
    supervisor.start([spec_of(tmp_path, TELLS_ITS_ID)])
    assert eventually(lambda: len(calls(tmp_path)) == 1)
    os.kill(calls(tmp_path)[0][1], signal.SIGKILL)
    assert eventually(lambda: len(calls(tmp_path)) == 2)

    (first, old), (second, new) = calls(tmp_path)
    assert first == second == "annotate-0"
    assert not lives(old)
    assert lives(new)
    assert "annotate-0 was ended by signal 9" in said[0]


def test_a_child_that_is_killed_for_a_while_stays_down_so_long_and_only_once(supervisor, tmp_path) -> None:
    supervisor.start([spec_of(tmp_path, TELLS_ITS_ID)])
    assert eventually(lambda: len(calls(tmp_path)) == 1)
    began = time.monotonic()
    supervisor.kill("annotate-0", down_seconds=1.5)
    assert eventually(lambda: len(calls(tmp_path)) == 2)
    assert time.monotonic() - began >= 1.5
    again = time.monotonic()
    supervisor.kill("annotate-0")
    assert eventually(lambda: len(calls(tmp_path)) == 3)
    assert time.monotonic() - again < 1.5


def test_a_child_that_lives_but_says_that_it_is_broken_is_killed_and_started_anew(
    supervisor, said, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("canheal_cli.supervisor.LOOK_SECONDS", 0.05)
    broken = tmp_path / "broken"
    spec = replace(spec_of(tmp_path, TELLS_ITS_ID), broken=broken.exists)
    supervisor.start([spec])
    assert eventually(lambda: len(calls(tmp_path)) == 1)
    time.sleep(0.2)
    assert len(calls(tmp_path)) == 1
    broken.touch()
    assert eventually(lambda: not lives(calls(tmp_path)[0][1]))
    broken.unlink()
    assert eventually(lambda: len(calls(tmp_path)) >= 2)
    assert "annotate-0 answers, but can do nothing any more" in said[0]


def test_a_child_that_ends_at_once_is_started_again_without_a_limit(supervisor, tmp_path) -> None:
    supervisor.start([spec_of(tmp_path, TELLS_ITS_ID.replace("time.sleep(600)", "raise SystemExit(70)"))])
    assert eventually(lambda: supervisor.slots["annotate-0"].restarts >= 3)


def test_stop_asks_first_and_kills_after_the_grace(said, tmp_path) -> None:
    with Supervisor(said.append) as supervisor:
        supervisor.start([spec_of(tmp_path, IGNORES_SIGTERM, grace_seconds=0.5)])
        slot = supervisor.slots["annotate-0"]
        assert eventually(lambda: slot.child.alive)
        time.sleep(0.3)  # until it ignores the signal
        pid = slot.child.pid
    assert pid is not None
    assert not lives(pid)
    assert said == []


def test_no_second_process_gets_a_slot_while_the_first_one_lives(tmp_path) -> None:
    first, second = (Child(spec_of(tmp_path, TELLS_ITS_ID)) for _ in range(2))
    first.start()
    try:
        with pytest.raises(AlreadyRunningError, match=f"annotate-0 already runs as process {first.pid}"):
            second.start(wait_for_slot_seconds=0.3)
    finally:
        first.kill()
    second.start()
    assert second.alive
    second.kill()


def test_a_child_outlives_the_thread_that_started_it(tmp_path) -> None:
    child = Child(spec_of(tmp_path, TELLS_ITS_ID))
    starter = Thread(target=child.start)
    starter.start()
    starter.join()
    assert eventually(lambda: len(calls(tmp_path)) == 1)
    assert not eventually(lambda: not child.alive, seconds=0.3)
    child.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_no_child_outlives_a_supervisor_that_is_killed(tmp_path) -> None:
    program = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from canheal_cli.child import ProcessSpec
        from canheal_cli.supervisor import Supervisor
        folder = Path({str(tmp_path)!r})
        env = {{"CANHEAL_INSTANCE_ID": "annotate-0", "CALLS": str(folder / "calls")}}
        argv = (sys.executable, "-c", {TELLS_ITS_ID!r})
        Supervisor(print).start([ProcessSpec("annotate-0", argv, folder, env)])
        time.sleep(600)
    """)
    with subprocess.Popen([sys.executable, "-c", program]) as parent:
        try:
            assert eventually(lambda: len(calls(tmp_path)) == 1)
        finally:
            parent.kill()
    ((_, orphan),) = calls(tmp_path)
    assert eventually(lambda: not lives(orphan), seconds=3)
