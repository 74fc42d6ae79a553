"""Every route of every service stands here with what it asks before it answers; one that does not, fails.

`ASKED` is the table: the consent of the purpose, the door's own record (which is consent's origin), a law, or
why there is nothing to ask. What asks is tried here against a consent that refuses and one out of date.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import AsyncMock, MagicMock
from uuid import UUID

import httpx
import pytest
from canheal_chassis import service as chassis_service
from canheal_chassis.consent import ConsentProjection
from canheal_chassis.service import Service
from canheal_desk.mount import mount_desk
from canheal_ingest import main as ingest
from canheal_ingest.settings import Settings
from canheal_report import main as report
from canheal_schemas import STREAM_SERVICES, Consent, ConsentChanged, Purpose
from fastapi import APIRouter, FastAPI

CARE, NOTHING = "own-care in force", "nothing personal: "
RECORD = "the consent in the door's own record"
REPORT, EVERYWHERE, INGEST = "report", "every process", "ingest"

S = "5b" * 32
"""A subject."""

type Key = tuple[str, str]

ASKED: Final[dict[Key, str]] = {
    (EVERYWHERE, "GET /healthz"): NOTHING + "the loop turns",
    (EVERYWHERE, "GET /readyz"): NOTHING + "what is waited for",
    (EVERYWHERE, "GET /metrics"): NOTHING + "numbers",
    (EVERYWHERE, "GET /openapi.json"): NOTHING + "the description of the routes",
    (EVERYWHERE, "GET /v1/audit"): NOTHING + "the chain names subjects under their own keys only",
    ("stream", "GET /v1/deadletters"): NOTHING + "error, origin and age; no body",
    ("stream", "GET /v1/deadletters/{letter}"): NOTHING + "error, origin and age; no body",
    ("stream", "GET /v1/deadletters/{letter}/body"): CARE,
    ("stream", "POST /v1/deadletters/{letter}/retry"): NOTHING + "shows nothing; its event asks anew",
    ("stream", "POST /v1/deadletters/{letter}/mend"): NOTHING + "shows nothing; its event asks anew",
    ("stream", "POST /v1/deadletters/{letter}/drop"): NOTHING + "shows nothing",
    (REPORT, "GET /"): CARE,
    (REPORT, "GET /v1/reports/{report_id}.html"): CARE,
    (REPORT, "GET /v1/reports/{report_id}.json"): CARE,
    (REPORT, "GET /v1/samples/{sample}/reports"): CARE,
    (REPORT, "GET /v1/care-records/{erasure}"): "the law that keeps it; each opening is audited",
    (INGEST, "POST /v1/samples"): RECORD,
    (INGEST, "GET /v1/samples/{sample}"): RECORD,
    (INGEST, "DELETE /v1/samples/{sample}"): NOTHING + "an erasure needs no consent",
    (INGEST, "PUT /v1/subjects/{pseudonym:path}/consent"): RECORD,
    (INGEST, "GET /v1/subjects/{pseudonym:path}/consent"): RECORD,
    (INGEST, "DELETE /v1/subjects/{pseudonym:path}"): NOTHING + "an erasure needs no consent",
    (INGEST, "GET /v1/erasures/{erasure}"): NOTHING + "a receipt carries no identity",
}


def routes(app: FastAPI | APIRouter, prefix: str = "") -> set[str]:
    """Method and path of every route, those of included routers too."""
    found: set[str] = set()
    for route in app.routes:
        if (included := getattr(route, "original_router", None)) is not None:
            found |= routes(included, prefix + route.include_context.prefix)
        else:
            found |= {f"{method} {prefix}{route.path}" for method in route.methods - {"HEAD"}}
    return found


def fake_resources(projection: ConsentProjection) -> Any:
    """Resources of a process: the consent is real, a document of subject S answers every look-up."""
    held = MagicMock()
    held.settings.bundle = None
    held.consent = projection
    document = SimpleNamespace(id=UUID(int=1), sample=UUID(int=2), subject=S, report=1, versions=(1,))
    held.store.get = AsyncMock(return_value=document)
    held.store.find = AsyncMock(return_value=[document])
    held.audit.record = AsyncMock()
    return held


def stream_app(name: str, projection: ConsentProjection) -> FastAPI:
    """A stream service's application, put together as its process does."""
    web = FastAPI(docs_url=None, redoc_url=None)
    mount = report.mount if name == REPORT else mount_desk
    of = Service(name=name, handlers={}, mount=mount)
    chassis_service._mount(web, of, fake_resources(projection), AsyncMock(return_value=[]))
    return web


@pytest.fixture
async def door_app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FastAPI:
    """Ingest's application, put together as its process does; its pools do not run."""
    lanes = MagicMock()
    lanes.return_value.ready = AsyncMock()
    monkeypatch.setattr(ingest, "Lanes", lanes)
    settings = Settings(
        kafka_bootstrap_servers="none:1",
        mongodb_uri="mongodb://none",
        platform_key="none",
        instance_id="ingest-0",
        scratch=tmp_path,
    )
    return ingest.Door.of(settings, fake_resources(ConsentProjection())).application()


def of_group(*groups: str) -> set[str]:
    return {route for group, route in ASKED if group in groups}


@pytest.mark.parametrize("name", STREAM_SERVICES)
def test_every_route_of_a_stream_service_stands_in_the_table(name: str) -> None:
    groups = (EVERYWHERE, "stream", REPORT) if name == REPORT else (EVERYWHERE, "stream")
    assert routes(stream_app(name, ConsentProjection())) == of_group(*groups)


async def test_every_route_of_ingest_stands_in_the_table(door_app: FastAPI) -> None:
    assert routes(door_app) == of_group(EVERYWHERE, INGEST)


def in_force(*permitted: Purpose, age_seconds: float = 0.0) -> ConsentProjection:
    projection = ConsentProjection()
    projection.bound(lambda: age_seconds, 10)
    consent = Consent(permitted=permitted)
    projection._newest[S] = ConsentChanged(subject=S, consent_version=1, consent=consent, site="BE-TEST")
    return projection


REPORT_READS: Final = sorted(
    route.removeprefix("GET ") for group, route in ASKED if group == REPORT and ASKED[group, route] == CARE
)


async def get(app: FastAPI, path: str) -> httpx.Response:
    for name in ("report_id", "sample"):
        path = path.replace(f"{{{name}}}", str(UUID(int=1)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path)


@pytest.mark.parametrize("path", REPORT_READS)
async def test_a_read_of_a_report_answers_503_while_consent_may_be_out_of_date(path: str) -> None:
    answer = await get(stream_app(REPORT, in_force(Purpose.OWN_CARE, age_seconds=11)), path)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:canheal:problem:consent-out-of-date")


@pytest.mark.parametrize("path", [path for path in REPORT_READS if path != "/"])
@pytest.mark.parametrize("permitted", [(), (Purpose.RESEARCH, Purpose.RECONTACT)], ids=["nothing", "others"])
async def test_a_read_of_a_report_answers_403_without_consent(
    path: str, permitted: tuple[Purpose, ...]
) -> None:
    answer = await get(stream_app(REPORT, in_force(*permitted)), path)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:canheal:problem:consent-refuses")


@pytest.mark.parametrize("path", [path for path in REPORT_READS if path != "/"])
async def test_a_subject_of_whom_nothing_is_known_is_refused(path: str) -> None:
    projection = ConsentProjection()
    answer = await get(stream_app(REPORT, projection), path)
    assert answer.status_code == 403
