import socket
from pathlib import Path

from canheal_cli.portplan import PORTS_FILE, choose_ports
from canheal_cli.ports import LOOPBACK, free_ports

SLOTS = ["ingest-0", "annotate-0", "report-0"]


def test_a_service_is_at_its_own_port_and_the_others_at_free_ones(tmp_path: Path) -> None:
    (door,) = free_ports(1)
    said: list[str] = []
    chosen = choose_ports(SLOTS, {"ingest-0": door}, tmp_path, said.append)
    assert chosen["ingest-0"] == door
    assert list(chosen) == SLOTS
    assert len(set(chosen.values())) == 3
    assert said == []


def test_a_port_in_use_is_said_and_the_next_run_keeps_the_one_that_was_taken_instead(tmp_path: Path) -> None:
    said: list[str] = []
    with socket.create_server((LOOPBACK, 0)) as other:
        taken = other.getsockname()[1]
        first = choose_ports(SLOTS, {"ingest-0": taken}, tmp_path, said.append)
    assert said == [f"port {taken} is in use: ingest-0 is at port {first['ingest-0']} this time"]
    assert choose_ports(SLOTS, {"ingest-0": taken}, tmp_path, said.append) == first
    assert len(said) == 1


def test_a_spoilt_file_of_ports_is_as_good_as_none(tmp_path: Path) -> None:
    (door,) = free_ports(1)
    for text in ("{", "[]", '{"ingest-0": null}'):
        (tmp_path / PORTS_FILE).write_text(text)
        assert choose_ports(SLOTS, {"ingest-0": door}, tmp_path, print)["ingest-0"] == door
