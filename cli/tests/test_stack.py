import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from canheal_cli.embedded.database import reads
from canheal_cli.errors import AlreadyRunningError, NotReadyError, NotRunningError
from canheal_cli.ports import free_ports
from canheal_cli.processes import PROCESSES, Process
from canheal_cli.stack import Stack, platform_key
from canheal_cli.state import read_addresses, service_url

pytestmark = pytest.mark.stack

SERVICE = """
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(dict(os.environ) | {"PID": os.getpid()}).encode())
    def log_message(self, *_): pass

HTTPServer((os.environ["CANHEAL_HTTP_HOST"], int(os.environ["CANHEAL_HTTP_PORT"])), Answer).serve_forever()
"""


class Stub(Process):
    """Not a service of ours: says what it was told."""

    @property
    def argv(self) -> tuple[str, ...]:
        return (sys.executable, "-c", SERVICE)


@pytest.fixture
def named_stores(kafka, database, monkeypatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap)
    monkeypatch.setenv("MONGODB_URI", database.uri)


def test_a_killed_service_is_back_at_its_address_with_its_id(named_stores, tmp_path) -> None:
    with Stack(tmp_path, lambda _: None, [Stub("annotate")]) as stack:
        stack.wait_ready()
        first = told(stack.addresses.services["annotate-0"])
        stack.supervisor.kill("annotate-0")
        stack.wait_ready()
        second = told(stack.addresses.services["annotate-0"])
    assert first["PID"] != second["PID"]
    assert first["CANHEAL_INSTANCE_ID"] == second["CANHEAL_INSTANCE_ID"] == "annotate-0"


def told(url: str) -> dict[str, str]:
    answer: dict[str, str] = httpx.get(f"{url}/readyz").json()
    return answer


def test_services_are_told_everything_by_their_environment(named_stores, kafka, database, tmp_path) -> None:
    with Stack(tmp_path, lambda _: None, [Stub("annotate", instances=2)]) as stack:
        stack.wait_ready()
        first, second = (told(url) for url in stack.addresses.services.values())
    assert (first["CANHEAL_INSTANCE_ID"], second["CANHEAL_INSTANCE_ID"]) == ("annotate-0", "annotate-1")
    assert first["KAFKA_BOOTSTRAP_SERVERS"] == kafka.bootstrap
    assert first["MONGODB_URI"] == database.uri
    assert first["CANHEAL_PLATFORM_KEY"] == second["CANHEAL_PLATFORM_KEY"] == platform_key(tmp_path)
    assert first["CANHEAL_HTTP_PORT"] != second["CANHEAL_HTTP_PORT"]


def test_a_service_is_at_its_own_port_again_after_a_restart_of_the_platform(named_stores, tmp_path) -> None:
    (port,) = free_ports(1)
    for _ in range(2):
        with Stack(tmp_path, print, [Stub("ingest", port=port), Stub("prs")], own_ports=True) as stack:
            stack.wait_ready()
            assert stack.addresses.services["ingest-0"] == f"http://127.0.0.1:{port}"


def test_other_commands_find_a_running_platform_and_only_a_running_one(named_stores, tmp_path) -> None:
    with Stack(tmp_path, lambda _: None, [Stub("ingest")]) as stack:
        stack.wait_ready()
        assert read_addresses(tmp_path) == stack.addresses
        assert told(service_url("ingest", tmp_path))["CANHEAL_INSTANCE_ID"] == "ingest-0"
    with pytest.raises(NotRunningError, match="canheal up"):
        read_addresses(tmp_path)


def test_a_second_platform_on_the_same_folder_is_refused(named_stores, tmp_path) -> None:
    with Stack(tmp_path, lambda _: None, []), pytest.raises(AlreadyRunningError, match="--data"):
        Stack(tmp_path, lambda _: None, []).__enter__()


def test_a_service_that_does_not_get_ready_is_named_with_the_end_of_its_log(named_stores, tmp_path) -> None:
    class Broken(Stub):
        @property
        def argv(self) -> tuple[str, ...]:
            return (sys.executable, "-c", "raise SystemExit('no reference bundle')")

    said: list[str] = []
    broken = pytest.raises(NotReadyError, match=r"annotate-0 ended again and again[^$]*no reference bundle")
    with Stack(tmp_path, said.append, [Broken("annotate")]) as stack, broken:
        stack.wait_ready()
    assert any("annotate-0 ended with exit code 1" in line for line in said)


def test_a_service_that_only_hangs_is_given_up_in_time(named_stores, tmp_path) -> None:
    class Hanging(Stub):
        @property
        def argv(self) -> tuple[str, ...]:
            return (sys.executable, "-c", "import time; time.sleep(600)")

    hanging = pytest.raises(NotReadyError, match="annotate-0 not ready after 1 s")
    with Stack(tmp_path, lambda _: None, [Hanging("annotate")]) as stack, hanging:
        stack.wait_ready(timeout_seconds=1)


def test_the_platforms_key_is_kept_and_readable_by_its_owner_only(tmp_path) -> None:
    assert platform_key(tmp_path) == platform_key(tmp_path)
    assert (tmp_path / "platform.key").stat().st_mode & 0o777 == 0o600


def test_each_slot_of_the_platform_has_an_id_of_its_own() -> None:
    ids = [slot_id for process in PROCESSES for slot_id in process.ids]
    assert len(ids) == len(set(ids))
    assert {process.service for process in PROCESSES} == {"ingest", "annotate", "prs", "report"}


PLATFORM = """
import sys
from pathlib import Path
from canheal_cli.commands import up
from canheal_cli.stack import Stack

with up.ending_well(), Stack(Path(sys.argv[1]), up.say, []) as stack:
    stack.wait_ready()
    print(stack.addresses.as_json(), flush=True)
    up.until_interrupted()
"""


def embedded_platform(folder: Path) -> subprocess.Popen[str]:
    env = {k: v for k, v in os.environ.items() if k not in {"KAFKA_BOOTSTRAP_SERVERS", "MONGODB_URI"}}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", PLATFORM, str(folder)], env=env, stdout=pipe, stderr=pipe, text=True
    )


def stores_of(folder: Path) -> list[int]:
    return [int((folder / "run" / f"{name}.lock").read_text()) for name in ("kafka", "database")]


def gone(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_embedded_broker_and_database_end_with_the_platform(how, tmp_path) -> None:
    with embedded_platform(tmp_path) as platform:
        assert platform.stdout is not None
        assert platform.stderr is not None
        addresses = json.loads(platform.stdout.readline())
        pids = stores_of(tmp_path)
        assert not any(gone(pid) for pid in pids)
        assert reads(int(addresses["mongodb_uri"].split(":")[2].split("/")[0]))
        platform.send_signal(how)
        code = platform.wait(timeout=30)
        notice = platform.stderr.read()
    deadline = time.monotonic() + 3
    while not all(gone(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert all(gone(pid) for pid in pids)
    assert code == (0 if how == signal.SIGTERM else -how)
    assert "for demo and tests" in notice
