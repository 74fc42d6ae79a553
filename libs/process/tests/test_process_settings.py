"""Settings come from the environment, are described, and keep their secrets."""

from pathlib import Path

import pytest
from canheal_process.settings import ServiceSettings
from canheal_vault.errors import SecretUnreadable
from canheal_vault.secretfiles import is_secret
from pydantic import ValidationError

ENVIRONMENT = {
    "KAFKA_BOOTSTRAP_SERVERS": "broker:9092",
    "MONGODB_URI": "mongodb://user:hidden-word@db",
    "CANHEAL_PLATFORM_KEY": "hidden-key",
    "CANHEAL_INSTANCE_ID": "annotate-0",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_they_come_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CANHEAL_POOL_PROCESSES", "3")
    settings = ServiceSettings()
    assert settings.kafka_bootstrap_servers == "broker:9092"
    assert settings.mongodb_uri.get_secret_value() == ENVIRONMENT["MONGODB_URI"]
    assert (settings.instance_id, settings.pool_processes) == ("annotate-0", 3)


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
def test_one_that_is_missing_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)
    with pytest.raises(ValidationError, match="(?i)" + name.removeprefix("CANHEAL_")) as refused:
        ServiceSettings()
    assert not any(word in str(refused.value) for word in ("hidden", "mongodb://"))


@pytest.mark.parametrize(("name", "value"), [("POOL_PROCESSES", "0"), ("HANDLER_TRIES", "many")])
def test_one_that_makes_no_sense_is_refused(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(f"CANHEAL_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        ServiceSettings()


def test_a_secret_is_read_from_the_file_that_its_variable_names(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("MONGODB_URI", "CANHEAL_PLATFORM_KEY"):
        (tmp_path / name).write_text(ENVIRONMENT[name] + "\n")
        environment.delenv(name)
        environment.setenv(f"{name}_FILE", str(tmp_path / name))
    settings = ServiceSettings()
    assert settings.mongodb_uri.get_secret_value() == ENVIRONMENT["MONGODB_URI"]
    assert settings.platform_key.get_secret_value() == ENVIRONMENT["CANHEAL_PLATFORM_KEY"]
    assert settings.platform_key_former is None
    environment.setenv("CANHEAL_PLATFORM_KEY_FORMER_FILE", str(tmp_path / "CANHEAL_PLATFORM_KEY"))
    former = ServiceSettings().platform_key_former
    assert former is not None
    assert former.get_secret_value() == ENVIRONMENT["CANHEAL_PLATFORM_KEY"]


def test_a_secret_that_its_file_contradicts_is_refused_unshown(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "uri").write_text("mongodb://hidden-other")
    environment.setenv("MONGODB_URI_FILE", str(tmp_path / "uri"))
    with pytest.raises(
        SecretUnreadable, match="MONGODB_URI and the file of MONGODB_URI_FILE differ"
    ) as refused:
        ServiceSettings()
    assert "hidden" not in str(refused.value)


def test_no_secret_is_shown(environment: pytest.MonkeyPatch) -> None:
    settings = ServiceSettings()
    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert "hidden" not in shown


def test_every_one_is_described() -> None:
    for name, field in ServiceSettings.model_fields.items():
        assert field.description, f"{name} has no description"


def test_what_is_secret_by_its_name_is_a_secret() -> None:
    for name, field in ServiceSettings.model_fields.items():
        if any(word in name for word in ("key", "password", "token", "uri")):
            assert is_secret(field), name


def test_they_do_not_change_once_read(environment: pytest.MonkeyPatch) -> None:
    settings = ServiceSettings()
    with pytest.raises(ValidationError):
        settings.instance_id = "another"  # type: ignore[misc] # that it is refused is the test
