"""`canheal dlq` before services that keep their dead letters in the real database."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import uvicorn
from canheal_chassis.audit import ACTOR_HEADER
from canheal_cli import services
from canheal_cli.commands import dlq
from canheal_cli.embedded.database import EmbeddedDatabase
from canheal_cli.errors import RefusedError
from canheal_desk.deadletter_routes import deadletter_routes
from canheal_process.errors import HandlerFailed, NoSuchDeadLetter, Unreachable
from canheal_process.http import install_problems
from canheal_schemas import INPUTS, SampleReceived, retry_topic
from chassis_parts import Parts, a_subject, open_parts, permitted, received, record_of
from fastapi import FastAPI
from typer.testing import CliRunner, Result

pytestmark = pytest.mark.stack
FAILED = HandlerFailed("ValueError at interpret.py:7, on each of 3 tries")


@dataclass
class Platform:
    """Three services on one port, and the loop on which they live."""

    address: str
    parts: dict[str, Parts] = field(default_factory=dict)
    loop: Any = None
    server: Any = None

    def keep(self, service: str, event: SampleReceived, error: HandlerFailed = FAILED) -> str:
        """Let a service give up on an event; the dead letter's id."""
        parts = self.parts[service]
        asyncio.run_coroutine_threadsafe(self._keep(parts, event, error), self.loop).result(timeout=20)
        return str(parts.wire.messages[-1].event_id)

    async def _keep(self, parts: Parts, event: SampleReceived, error: HandlerFailed) -> None:
        permitted(parts, event)
        await parts.deadletters.keep(record_of(event), error)

    def sent(self, service: str) -> list[Any]:
        return self.parts[service].wire.on(retry_topic(self.parts[service].name).name)


async def _serve(
    uri: str, folder: Path, listener: socket.socket, platform: Platform, up: threading.Event
) -> None:
    app = FastAPI()
    async with (
        open_parts(uri, folder) as one,
        open_parts(uri, folder) as two,
        open_parts(uri, folder) as three,
    ):
        for service, parts in (("annotate", one), ("prs", two), ("report", three)):
            platform.parts[service] = parts
            own = FastAPI()
            install_problems(own)
            own.include_router(deadletter_routes(parts.desk))
            app.mount(f"/{service}", own)
        platform.loop = asyncio.get_running_loop()
        platform.server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", lifespan="off"))
        up.set()
        await platform.server.serve(sockets=[listener])


@pytest.fixture
def platform(
    database: EmbeddedDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Platform]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        platform, up = Platform(address), threading.Event()
        thread = threading.Thread(
            target=lambda: asyncio.run(_serve(database.uri, tmp_path, listener, platform, up))
        )
        thread.start()
        assert up.wait(20)
        for service, parts in platform.parts.items():
            monkeypatch.setenv(f"CANHEAL_{service.upper()}_URL", f"{address}/{service}")
            monkeypatch.setitem(INPUTS, parts.name, (SampleReceived,))
        yield platform
        platform.server.should_exit = True
        thread.join(timeout=20)
        assert not thread.is_alive()


def asked(*words: str, **more: Any) -> Result:
    return CliRunner().invoke(dlq.app, words, catch_exceptions=False, **more)


def test_the_list_is_a_table_with_whole_ids_that_wait_for_a_person(platform: Platform) -> None:
    event, other = received(a_subject()), received(a_subject(), revision=2)
    left, again = platform.keep("annotate", event), platform.keep("prs", other)
    asked("retry", again)
    header, row = asked("list").stderr.splitlines()
    assert header.split() == ["ID", "state", "age", "attempt", "service", "error", "sample"]
    assert row.startswith(f"{left}  open ")
    assert row.endswith(f"handler-failed  {event.sample} rev 1")
    listed = [json.loads(line) for line in asked("list", "--all", "--json").stdout.splitlines()]
    assert {(letter["id"], letter["state"]) for letter in listed} == {(left, "open"), (again, "retried")}
    assert asked("list", "--state", "dropped").stderr == "No dropped dead letter.\n"


def test_show_says_what_it_means_and_what_to_do_and_the_body_only_when_asked(platform: Platform) -> None:
    event = received(a_subject())
    letter = platform.keep("report", event)
    shown = asked("show", letter)
    for said in (
        HandlerFailed.remedy,
        "docs/operations.md#handler-failed",
        "partition 3, offset 7",
        str(FAILED),
    ):
        assert said in shown.stderr
    assert shown.stdout == ""
    assert json.loads(asked("show", letter, "--body").stdout) == json.loads(event.to_bytes())
    as_json = json.loads(asked("show", letter, "--body", "--json").stdout)
    assert (as_json["id"], as_json["body"]) == (letter, event.to_bytes().decode())


def test_retry_sends_it_as_it_came_once(platform: Platform) -> None:
    event = received(a_subject())
    letter = platform.keep("prs", event)
    assert "retried" in asked("retry", letter).stderr
    assert [message.value for message in platform.sent("prs")] == [event.to_bytes()]
    with pytest.raises(RefusedError, match="no open dead letter"):
        asked("retry", letter)


def test_retry_with_a_body_sends_the_mended_event_and_names_what_is_wrong_with_another(
    platform: Platform, tmp_path: Path
) -> None:
    letter = platform.keep("annotate", received(a_subject()))
    file = tmp_path / "event.json"
    file.write_text(asked("show", letter, "--body").stdout)
    for content, why in ((file.read_text(), "nothing was changed"), ("{}", "sample: missing")):
        file.write_text(content)
        with pytest.raises(RefusedError, match=why):
            asked("retry", letter, "--body", str(file))
    with pytest.raises(RefusedError, match=r"absent\.json: No such file"):
        asked("retry", letter, "--body", str(tmp_path / "absent.json"))
    mended = json.loads(asked("show", letter, "--body").stdout)
    mended["context"]["label"] = "S2"
    file.write_text(json.dumps(mended))
    assert json.loads(asked("retry", letter, "--body", str(file), "--json").stdout)["state"] == "mended"
    assert json.loads(platform.sent("annotate")[0].value)["context"]["label"] == "S2"


def test_drop_asks_why_and_keeps_who_and_why(platform: Platform) -> None:
    assert services.ACTOR_HEADER == ACTOR_HEADER
    letter = platform.keep("annotate", received(a_subject()))
    asked("drop", letter, "--by", "it.duty", input="the hospital sends it anew\n")
    shown = json.loads(asked("show", letter, "--json").stdout)
    assert (shown["state"], shown["by"], shown["why"]) == ("dropped", "it.duty", "the hospital sends it anew")
    assert asked("list").stderr == "No open dead letter.\n"


def test_a_dead_letter_that_no_service_has_is_said_to_be_absent(platform: Platform) -> None:
    with pytest.raises(NoSuchDeadLetter, match="No service has a dead letter"):
        asked("show", str(uuid4()))


def test_a_service_that_does_not_answer_is_named_and_the_rest_is_listed(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = platform.keep("annotate", received(a_subject()))
    monkeypatch.setenv("CANHEAL_PRS_URL", "http://127.0.0.1:9")
    outcome = CliRunner().invoke(dlq.app, ["list"])
    assert letter in outcome.stderr
    assert isinstance(outcome.exception, Unreachable)
    assert "prs: http://127.0.0.1:9/v1/deadletters does not answer" in str(outcome.exception)
    with pytest.raises(Unreachable, match="Not asked: prs"):
        asked("show", str(uuid4()))


def test_a_message_with_escape_sequences_and_markup_is_shown_and_steers_nothing(platform: Platform) -> None:
    hostile = HandlerFailed("\x1b[2J\x1b]0;owned\x07 [red]bold[/red] \u202egnirts \x9b31m")
    letter = platform.keep("annotate", received(a_subject()), hostile)
    shown = asked("show", letter).stderr
    assert "\\x1b[2J\\x1b]0;owned\\x07 [red]bold[/red] \\u202egnirts \\x9b31m" in shown
    assert not set("\x1b\x07\x9b\u202e") & set(shown)
