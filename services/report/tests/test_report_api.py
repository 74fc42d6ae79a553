from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from canheal_process.errors import ConsentOutOfDate, Unreachable
from canheal_process.http import install_problems
from canheal_report.api import routes
from canheal_report.dossier import join
from canheal_report.heads import moved
from canheal_report.knowledge import Knowledge
from canheal_report.versions import ReportVersion, issued_withheld, reports_due
from canheal_schemas import STATED, Consent, ConsentChanged, Purpose
from canheal_vault.chain import Action, verify
from fastapi import FastAPI
from vault_parts import MemoryEntries, an_audit_log

type Client = Callable[[str], Any]


class Shelf:
    """Keeps what a stream of events made, as the store would; consent is a switch."""

    def __init__(self) -> None:
        self.documents: list[Any] = []
        self.allowed = {Purpose.OWN_CARE}
        self.basis = STATED
        self.out_of_date = False

    async def get(self, model: type[Any], document_id: UUID) -> Any:
        return next((d for d in self.documents if isinstance(d, model) and d.id == document_id), None)

    async def find(self, model: type[Any], *, limit: int = 0, **equals: Any) -> Sequence[Any]:
        kept = [document for document in self.documents if isinstance(document, model)]
        return [d for d in kept if all(str(getattr(d, name)) == value for name, value in equals.items())]

    def in_force(self, subject: str) -> ConsentChanged:
        if self.out_of_date:
            raise ConsentOutOfDate(60)
        consent = Consent(permitted=tuple(self.allowed))
        return ConsentChanged(
            subject=subject, consent_version=4, consent=consent, site="BE-UZG", basis=self.basis
        )

    def tell(self, stream: Any, *events: Any) -> list[ReportVersion]:
        dossier, head = None, None
        for event in events:
            after = join(dossier, event, stream.envelope(event))
            assert after is not None
            version = reports_due(dossier, after)
            head = moved(head, after, version)
            self.documents += [version] if version else []
            dossier = after
        self.documents.append(head)
        return [d for d in self.documents if isinstance(d, ReportVersion)]


def a_moment() -> datetime:
    return datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def app(shelf: Shelf, entries: MemoryEntries) -> FastAPI:
    app = FastAPI()
    install_problems(app)
    app.include_router(routes(shelf, shelf, an_audit_log(entries), Knowledge(), a_moment))
    return app


@pytest.fixture
def entries() -> MemoryEntries:
    """What the audit log holds."""
    return MemoryEntries()


async def get(app: FastAPI, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path)


async def test_versions_are_numbered_when_served_and_an_old_one_points_to_the_newest(
    app: FastAPI, shelf: Shelf, stream: Any
) -> None:
    first, last = shelf.tell(stream, stream.annotated(), stream.scored())
    old = (await get(app, f"/v1/reports/{first.id}.json")).json()
    new = (await get(app, f"/v1/reports/{last.id}.json")).json()
    assert old["served"] == {
        "version": 1,
        "of": 2,
        "at": "2026-11-24T09:30:00+00:00",
        "replaced_by": str(last.id),
        "consent": {"version": 4, "basis": "stated"},
    }
    assert (new["served"]["version"], new["served"]["replaced_by"]) == (2, None)
    assert (new["status"], new["variants"]["findings_total"]) == ("final", 2)
    assert new["says"]["headline"].startswith("1 tier I finding")
    page = await get(app, f"/v1/reports/{first.id}.html")
    assert f"/v1/reports/{last.id}.html" in page.text


async def test_the_page_may_load_nothing_and_lie_in_no_cache(app: FastAPI, shelf: Shelf, stream: Any) -> None:
    (version,) = shelf.tell(stream, stream.annotated())
    answer = await get(app, f"/v1/reports/{version.id}.html")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert answer.headers["cache-control"] == "no-store"


async def test_once_consent_is_gone_every_road_to_a_report_is_shut(
    app: FastAPI, shelf: Shelf, stream: Any
) -> None:
    (version,) = shelf.tell(stream, stream.annotated())
    shelf.allowed = {Purpose.RESEARCH}
    for path in (
        f"/v1/reports/{version.id}.html",
        f"/v1/reports/{version.id}.json",
        f"/v1/samples/{version.sample}/reports",
    ):
        answer = await get(app, path)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:canheal:problem:consent-refuses"
        assert "BRAF" not in answer.text
    assert "T-1" not in (await get(app, "/")).text


async def test_while_consent_may_be_out_of_date_nothing_personal_is_shown(
    app: FastAPI, shelf: Shelf, stream: Any
) -> None:
    (version,) = shelf.tell(stream, stream.annotated())
    shelf.out_of_date = True
    for path in (
        f"/v1/reports/{version.id}.html",
        f"/v1/reports/{version.id}.json",
        f"/v1/samples/{version.sample}/reports",
        "/",
    ):
        answer = await get(app, path)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:canheal:problem:consent-out-of-date")
        assert "BRAF" not in answer.text


async def test_the_page_says_under_which_consent_it_is_shown(app: FastAPI, shelf: Shelf, stream: Any) -> None:
    (version,) = shelf.tell(stream, stream.annotated())
    page = await get(app, f"/v1/reports/{version.id}.html")
    assert "Shown under consent version 4, stated by the hospital" in page.text
    shelf.basis = "default FR 2026-11-24"
    page = await get(app, f"/v1/reports/{version.id}.html")
    assert "consent version 4, which nobody stated: the default of FR 2026-11-24" in page.text


async def test_the_link_of_a_withheld_report_says_so_and_another_ids_link_is_unknown(
    app: FastAPI, stream: Any
) -> None:
    event = stream.annotated()
    withheld = issued_withheld(event, event.context.kind)
    for path in (withheld.links.html, withheld.links.json_document):
        answer = await get(app, path)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:canheal:problem:report-withheld")
        other = path.replace(str(withheld.report_id), str(UUID(int=1)))
        assert (await get(app, other)).status_code == 404
        assert (await get(app, path.replace("revision=1", "revision=2"))).status_code == 404
        assert (await get(app, path.replace("revision=1", "revision=0"))).status_code == 422


async def test_each_view_is_written_into_the_audit_log_before_it_is_answered_and_names_nobody(
    app: FastAPI, shelf: Shelf, entries: MemoryEntries, stream: Any
) -> None:
    (version,) = shelf.tell(stream, stream.annotated())
    places = [f"/v1/reports/{version.id}.html", f"/v1/reports/{version.id}.json", "/"]
    for path in [*places, f"/v1/samples/{version.sample}/reports"]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            await client.get(path, headers={"X-Canheal-Actor": "dr.novak"})
    said = [(entry.action, entry.about.get("form"), entry.actor) for entry in entries.entries]
    assert said == [
        (Action.REPORT_VIEWED, "html", "dr.novak"),
        (Action.REPORT_VIEWED, "json", "dr.novak"),
        (Action.REPORTS_LISTED, None, "dr.novak"),
        (Action.REPORT_VIEWED, "versions", "dr.novak"),
    ]
    assert verify(entries.lines, "report").broken is None
    written = "".join(entries.lines)
    assert not any(str(identity) in written for identity in (version.subject, version.id, version.sample))


async def test_a_view_that_cannot_be_written_down_is_not_answered(
    app: FastAPI, shelf: Shelf, entries: MemoryEntries, stream: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(_: Any) -> bool:
        raise Unreachable("the database does not answer")

    (version,) = shelf.tell(stream, stream.annotated())
    monkeypatch.setattr(entries, "append", down)
    for path in (f"/v1/reports/{version.id}.html", f"/v1/samples/{version.sample}/reports", "/"):
        answer = await get(app, path)
        assert answer.status_code == 503
        assert "BRAF" not in answer.text


async def test_what_is_unknown_gets_a_problem_that_says_how_to_go_on(app: FastAPI) -> None:
    for path in (f"/v1/reports/{UUID(int=1)}.html", f"/v1/samples/{UUID(int=1)}/reports"):
        answer = await get(app, path)
        assert answer.status_code == 404
        assert answer.json()["status"] == 404
        assert len(answer.json()["detail"]) > 40


async def test_the_list_names_each_sample_once_with_its_newest_report(
    app: FastAPI, shelf: Shelf, stream: Any
) -> None:
    _, last = shelf.tell(stream, stream.annotated(), stream.scored())
    page = (await get(app, "/")).text
    assert page.count("/v1/reports/") == 1
    assert f"/v1/reports/{last.id}.html" in page
    versions = (await get(app, f"/v1/samples/{last.sample}/reports")).json()["versions"]
    assert [version["status"] for version in versions] == ["preliminary", "final"]


def test_a_higher_revision_empties_the_head_and_a_lower_one_only_adds_its_versions(stream: Any) -> None:
    old = join(None, stream.annotated(), stream.envelope(stream.annotated()))
    new = join(None, stream.received(revision=2), stream.envelope(stream.received(revision=2)))
    assert old is not None
    assert new is not None
    late = reports_due(None, old)
    assert late is not None
    first = moved(None, old, late)
    assert first.report is not None
    second = moved(first, new, None)
    assert (second.revision, second.report) == (2, None)
    assert moved(second, old, late) == second
    assert [summary.report_id for summary in second.versions] == [late.id]
