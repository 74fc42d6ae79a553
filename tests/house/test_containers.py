"""docker-compose.yml and the Dockerfile are true to the table of processes."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from canheal_cli.processes import PROCESSES, Process
from canheal_process.settings import ServiceSettings
from canheal_schemas import Lane

from house.sources import members
from pages.configuration import environment_name

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SETTINGS = {
    environment_name(ServiceSettings, name, field): field
    for name, field in ServiceSettings.model_fields.items()
}


def test_compose_runs_the_processes_of_the_table_and_what_they_need() -> None:
    assert SERVICES.keys() == {process.name for process in PROCESSES} | {"kafka", "mongo", "topics"}
    assert SERVICES["kafka"]["image"] == "apache/kafka:4.4.0"
    assert SERVICES["topics"]["command"] == ["canheal", "topics", "apply"]


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_a_service_gets_its_settings_its_health_check_and_time_to_stop(process: Process) -> None:
    service = SERVICES[process.name]
    required = {name for name, field in SETTINGS.items() if field.is_required()}
    assert required <= service["environment"].keys() <= SETTINGS.keys()
    assert (service["environment"]["CANHEAL_INSTANCE_ID"],) == process.ids
    assert service["environment"].get("CANHEAL_LANE", Lane.COMMON) == process.lane
    assert service["environment"]["CANHEAL_PLATFORM_KEY"].startswith("${CANHEAL_PLATFORM_KEY:?")
    assert service["build"]["args"] == {"SERVICE": process.service}
    assert service["stop_grace_period"] == "35s"
    port = service["environment"]["CANHEAL_HTTP_PORT"]
    assert f"http://127.0.0.1:{port}/readyz" in service["healthcheck"]["test"][-1]


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_a_worker_waits_for_the_topics_and_for_the_database(process: Process) -> None:
    assert SERVICES[process.name]["depends_on"] == {
        "topics": {"condition": "service_completed_successfully"},
        "mongo": {"condition": "service_healthy"},
    }


def test_only_public_processes_have_a_port_and_only_on_this_host() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.keys() == {process.name for process in PROCESSES if process.public}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert len({port for ports in published.values() for port in ports}) == len(published)


def test_what_is_ours_runs_without_rights_and_on_a_read_only_disk() -> None:
    for service in (service for service in SERVICES.values() if "build" in service):
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_topics_are_never_made_by_accident() -> None:
    assert SERVICES["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_every_variable_that_compose_asks_for_is_in_the_example() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    given = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert asked == given


def test_the_image_holds_what_a_service_needs_and_runs_as_nobody() -> None:
    named = set(re.findall(r"(?:schemas|cli|libs/\w+)(?=[ \"])", DOCKERFILE))
    shared = {
        member.relative_to(ROOT).as_posix() for member in members(ROOT) if "services" not in member.parts
    }
    assert shared <= named
    assert "|".join(dict.fromkeys(process.service for process in PROCESSES)) in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*$", final, re.MULTILINE)
    assert "exec python -m canheal_${SERVICE}.main" in final
