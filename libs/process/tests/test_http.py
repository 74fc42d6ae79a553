"""Every error over HTTP is a problem document; health says why not; metrics are Prometheus' text."""

import asyncio
import socket
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest
from canheal_chassis.resources import running
from canheal_process.answers import PROBLEM
from canheal_process.errors import EventTooLarge, PlatformError, Unreachable
from canheal_process.http import add_health, install_problems, serve
from canheal_process.telemetry import HANDLED
from fastapi import FastAPI, HTTPException

waiting_for: list[str] = []


class Refused(PlatformError):
    slug = "vcf-refused"
    status = 422

    def __init__(self, detail: str, rule: str, line: int) -> None:
        super().__init__(detail)
        self.rule = rule
        self.line = line


class Foreign(Exception):
    slug = "foreign"
    status = 409


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    install_problems(app, Foreign)
    waiting_for.clear()

    async def ready() -> list[str]:
        return waiting_for

    add_health(app, ready)
    errors: dict[str, Exception] = {
        "refused": Refused("REF is empty", "ref-present", 7),
        "unreachable": Unreachable("the database does not answer"),
        "large": EventTooLarge("too large"),
        "foreign": Foreign("not of our tree"),
        "teapot": HTTPException(418, "no coffee", headers={"X-Why": "tea"}),
    }

    @app.get("/raise/{name}")
    async def fails(name: str) -> None:
        raise errors[name]

    @app.get("/items/{item}")
    async def item(item: UUID, count: int) -> dict[str, str]:
        return {"item": str(item), "count": str(count)}

    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.mark.parametrize(
    ("name", "status", "slug", "detail"),
    [
        ("refused", 422, "vcf-refused", "REF is empty"),
        ("unreachable", 503, "unreachable", "the database does not answer"),
        ("large", 500, "event-too-large", "too large"),
        ("foreign", 409, "foreign", "not of our tree"),
        ("teapot", 418, "i'm-a-teapot", "no coffee"),
    ],
)
async def test_an_error_is_a_problem_document(
    client: httpx.AsyncClient, name: str, status: int, slug: str, detail: str
) -> None:
    answer = await client.get(f"/raise/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    found = answer.json()
    assert found["type"] == f"urn:canheal:problem:{slug}"
    assert (found["status"], found["detail"]) == (status, detail)


async def test_a_problem_says_rule_and_line_where_the_error_does(client: httpx.AsyncClient) -> None:
    found = (await client.get("/raise/refused")).json()
    assert (found["rule"], found["line"]) == ("ref-present", 7)
    assert "rule" not in (await client.get("/raise/large")).json()


async def test_a_request_that_does_not_fit_says_each_place_and_not_what_was_sent(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/items/Jane-Doe", params={"count": "many"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/path/item", "/query/count"}
    assert "Jane-Doe" not in answer.text
    assert (await client.get(f"/items/{uuid4()}", params={"count": 1})).status_code == 200


async def test_a_path_that_is_not_there_and_a_wrong_method_are_problems_too(
    client: httpx.AsyncClient,
) -> None:
    absent, wrong = await client.get("/nowhere"), await client.delete("/healthz")
    assert (absent.status_code, absent.headers["content-type"]) == (404, PROBLEM)
    assert absent.json()["type"] == "urn:canheal:problem:not-found"
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")
    assert (await client.get("/raise/teapot")).headers["x-why"] == "tea"


async def test_ready_says_what_it_waits_for_and_healthy_is_another_question(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/readyz")).status_code == 200
    waiting_for.append("the database")
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "waiting_for": ["the database"]}
    assert (await client.get("/healthz")).json() == {"status": "alive"}


async def test_metrics_are_prometheus_text(client: httpx.AsyncClient) -> None:
    HANDLED.labels("test-http", "some.type").inc()
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'canheal_handled_total{event_type="some.type",service="test-http"} 1.0' in answer.text
    for name in ("canheal_dead_letters", "canheal_lag", "canheal_handling_seconds", "canheal_withheld"):
        assert f"# TYPE {name}" in answer.text


async def test_it_serves_until_its_task_ends_and_gives_the_port_back(app: FastAPI) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    async with running(serve(app, "127.0.0.1", port)), httpx.AsyncClient() as client:
        async with asyncio.timeout(5):
            while True:
                try:
                    answer = await client.get(f"http://127.0.0.1:{port}/healthz")
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.02)
        assert answer.json() == {"status": "alive"}
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
        again.listen()
