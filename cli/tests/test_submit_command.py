"""`canheal submit` against an HTTP server that keeps what it was sent."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest

CANHEAL = Path(sys.executable).with_name("canheal")
SAID = (
    *("--site", "BE-UZG", "--country", "BE", "--pseudonym", "p-1"),
    *("--kind", "tumour", "--assay", "panel", "--permit", "own-care"),
)
UNSITED = {
    "type": "urn:canheal:problem:metadata-refused",
    "title": "The metadata cannot be accepted",
    "status": 422,
    "detail": "#/age_years: found 400, expected at most 120",
    "errors": [{"pointer": "#/age_years", "found": "400", "expected": "at most 120"}],
}


class Door(BaseHTTPRequestHandler):
    """Accepts what is named good; refuses the rest with a problem document."""

    bodies: list[bytes]
    sizes: list[int]

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        self.sizes.append(left)
        head = b""
        while left:
            chunk = self.rfile.read(min(left, 1 << 20))
            head = head or chunk
            left -= len(chunk)
        self.bodies.append(head)
        if b"unsited.vcf" in head:
            self._answer(422, UNSITED)
        elif b"bad.vcf" in head:
            self._answer(
                422, {"title": "Not sorted", "detail": "line 9 goes back", "line": 9, "mend": "sort it"}
            )
        else:
            self._answer(202, {"sample": str(uuid4()), "revision": 1, "label": "T1"})

    def _answer(self, status: int, document: dict[str, object]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def door() -> Iterator[tuple[str, type[Door]]]:
    kept = type("Kept", (Door,), {"bodies": [], "sizes": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), kept) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", kept
        server.shutdown()


def canheal(*words: str, url: str = "http://127.0.0.1:9") -> subprocess.CompletedProcess[str]:
    env = os.environ | {"CANHEAL_INGEST_URL": url, "COLUMNS": "200"}
    return subprocess.run([CANHEAL, *words], env=env, capture_output=True, text=True, timeout=60, check=False)


def test_a_file_goes_with_its_metadata_and_the_answer_comes_as_json(door, tmp_path) -> None:
    url, kept = door
    (tmp_path / "T1.vcf").write_text("##fileformat=VCFv4.4\n")
    done = canheal("submit", str(tmp_path / "T1.vcf"), *SAID, "--json", url=url)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["new"] is True
    (body,) = kept.bodies
    assert b'name="metadata"' in body
    assert b'"kind": "tumour"' in body
    assert b'name="vcf"; filename="T1.vcf"' in body
    assert b"##fileformat=VCFv4.4" in body


def test_a_refused_file_is_explained_and_does_not_stop_the_others(door, tmp_path) -> None:
    url, kept = door
    for name in ("bad.vcf", "good.vcf"):
        (tmp_path / name).write_text("##fileformat=VCFv4.4\n")
    done = canheal("submit", str(tmp_path / "bad.vcf"), str(tmp_path / "good.vcf"), *SAID, url=url)
    assert done.returncode == 65
    assert "Not sorted: line 9 goes back" in done.stderr
    assert "mend               sort it" in done.stderr
    assert done.stderr.count("line") == 1
    assert len(kept.bodies) == 2
    assert done.stdout == ""


def test_what_the_metadata_lack_is_named_by_its_options_once_and_nothing_is_sent(door, tmp_path) -> None:
    url, kept = door
    files = [tmp_path / "T1.vcf", tmp_path / "T2.vcf"]
    for file in files:
        file.write_text("##fileformat=VCFv4.4\n")
    done = canheal("submit", *map(str, files), "--kind", "tumour", "--site", "BE-UZG", url=url)
    assert done.returncode == 65
    assert done.stderr.count("options are missing") == 1
    assert [line.split()[0] for line in done.stderr.splitlines() if line.startswith("  --")] == [
        "--country",
        "--pseudonym",
        "--assay",
        "--permit",
    ]
    assert "--pseudonym  the hospital's pseudonym of the person" in done.stderr
    assert kept.bodies == []


def test_a_refused_field_is_said_once_in_words_with_its_option_and_no_empty_table(door, tmp_path) -> None:
    url, _ = door
    (tmp_path / "unsited.vcf").write_text("##fileformat=VCFv4.4\n")
    done = canheal("submit", str(tmp_path / "unsited.vcf"), *SAID, url=url)
    assert done.returncode == 65
    assert done.stderr.splitlines() == [
        f"{tmp_path / 'unsited.vcf'}: The metadata cannot be accepted",
        "  #/age_years: found 400, expected at most 120 (option --age)",
    ]


def test_a_large_file_is_never_whole_in_memory(door, tmp_path) -> None:
    url, kept = door
    size = 400 << 20
    with (tmp_path / "large.vcf").open("wb") as file:
        file.truncate(size)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert canheal("submit", str(tmp_path / "large.vcf"), *SAID, url=url).returncode == 0
    assert kept.sizes[0] > size
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # kB, of the largest child so far
    assert peak == before or peak < 200 << 10


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("submit", "absent.vcf"), "absent.vcf: No such file or directory.\n"),
        (("submit", "--kind", "tumour"), "canheal: No FILE is named"),
        (("submit", "a.vcf", "--knid", "x"), "canheal: No such option: --knid"),
        (("status", "--data", "/nonexistent"), "canheal: No running platform is known in /nonexistent"),
        (("status", "not-an-id"), "Invalid value for 'SAMPLE'"),
        (("report", "not-an-id"), "Invalid value for 'ID'"),
    ],
)
def test_errors_read_as_a_person_wrote_them(words, says) -> None:
    done = canheal(*words)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_door_that_does_not_answer_is_named(tmp_path) -> None:
    (tmp_path / "T1.vcf").write_text("##fileformat=VCFv4.4\n")
    done = canheal("submit", str(tmp_path / "T1.vcf"), *SAID)
    assert "does not answer" in done.stderr
    assert done.returncode == 75


def test_help_names_every_command_also_the_members_own() -> None:
    done = canheal("--help")
    names = (
        "up",
        "demo",
        "submit",
        "status",
        "watch",
        "report",
        "topics",
        "dlq",
        "annotate",
        "score",
        "refdata",
    )
    assert all(f" {name} " in done.stdout for name in names)


def test_a_members_own_error_keeps_its_words_and_its_exit_code(tmp_path) -> None:
    vcf = tmp_path / "nonsense.vcf"
    vcf.write_text("nonsense\n")
    done = canheal("annotate", str(vcf))
    assert done.returncode == 65
    assert "found 'nonsense'" in done.stderr
    assert "Traceback" not in done.stderr
