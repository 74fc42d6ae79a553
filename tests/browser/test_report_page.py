"""Report pages in Chromium, served on 127.0.0.1 by the report service's own routes."""

import asyncio
import shutil
import socket
import threading
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import pytest
import uvicorn
from canheal_chassis.clock import utc_now
from canheal_refdata.manifest import Source
from canheal_report.api import routes
from canheal_report.heads import Head, Summary
from canheal_report.knowledge import Knowledge
from canheal_report.versions import ReportVersion
from canheal_schemas import Consent, ConsentChanged, Purpose
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright
from vault_parts import MemoryEntries, an_audit_log

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZES = {"phone": (390, 844), "desk": (1280, 800)}
FACES = ("tumour", "germline", "preliminary", "withheld", "held", "nothing-made", "empty", "hostile")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is absent")


class Shelf:
    """The made versions as the store would give them."""

    def __init__(self, versions: dict[str, ReportVersion]) -> None:
        self.versions = list(versions.values())
        samples = {version.sample: version.subject for version in self.versions}
        self.heads = [
            Head(id=sample, subject=subject, revision=1, versions=self._of(sample))
            for sample, subject in samples.items()
        ]

    def _of(self, sample: UUID) -> tuple[Summary, ...]:
        found = [Summary.of(version) for version in self.versions if version.sample == sample]
        return tuple(sorted(found, key=lambda summary: summary.age))

    async def get(self, model: type[Any], document_id: UUID) -> Any:
        if model is Head:
            return next(head for head in self.heads if head.id == document_id)
        return next((v for v in self.versions if v.id == document_id), None)

    async def find(self, model: type[Any], *, limit: int = 0, **equals: Any) -> Sequence[Any]:
        return self.heads

    def in_force(self, subject: str) -> ConsentChanged:
        consent = Consent(permitted=(Purpose.OWN_CARE,))
        return ConsentChanged(subject=subject, consent_version=1, consent=consent, site="BE-TEST")


@pytest.fixture(scope="module")
def address(made_versions: dict[str, ReportVersion]) -> Iterator[str]:
    shelf = Shelf(made_versions)
    source = Source("CIViC", "2026-05", "CC0-1.0", "civicdb.org", "evidence")
    knowledge = Knowledge({"COAD": "Colon Adenocarcinoma"}.get, lambda _bundle: (source,))
    app = FastAPI()
    app.include_router(routes(shelf, shelf, an_audit_log(MemoryEntries()), knowledge, utc_now))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=20)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))
        yield browser
        browser.close()


@pytest.fixture(params=sorted(SIZES))
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A window that fails its test on any console message, script error or request to elsewhere."""
    width, height = SIZES[request.param]
    page = browser.new_page(viewport={"width": width, "height": height})
    heard: list[str] = []
    page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda said: None if "127.0.0.1" in said.url else heard.append(said.url))
    yield page
    page.close()
    assert [text for text in heard if not text.startswith("data:")] == []


def overflow(page: Page) -> list[str]:
    """Elements that reach beyond the window's right edge, but for those inside a scrolling region."""
    return page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(e => !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth + 1)
            .map(e => e.outerHTML.slice(0, 90))"""
    )


FIRST_SCREEN_TEXT = r"""() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let said = '';
  while (walk.nextNode()) {
    const range = document.createRange();
    range.selectNode(walk.currentNode);
    const box = range.getBoundingClientRect();
    if (box.width && box.top >= 0 && box.bottom <= innerHeight) said += walk.currentNode.data + ' ';
  }
  return said.replace(/\s+/g, ' ');
}"""


def visible_text(page: Page) -> str:
    """All text that stands wholly on the first screen."""
    return page.evaluate(FIRST_SCREEN_TEXT)


def show(page: Page, address: str, version: ReportVersion) -> None:
    answer = page.goto(f"{address}/v1/reports/{version.id}.html")
    assert answer is not None
    assert answer.status == 200


@pytest.mark.parametrize("face", FACES)
def test_a_report_fits_the_window_even_with_every_detail_open(
    page: Page, address: str, made_versions: dict[str, ReportVersion], face: str
) -> None:
    show(page, address, made_versions[face])
    assert overflow(page) == []
    page.evaluate("document.querySelectorAll('details').forEach(detail => { detail.open = true })")
    assert overflow(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


FIRST_SCREEN = {
    "tumour": (
        "T001-COAD",
        "final",
        "1 tier I finding and 2 tier II findings: BRAF V600E, BRCA2 S1982Rfs*22",
        "possibly inherited",
        "What matters",
        "Colon Adenocarcinoma (COAD)",
    ),
    "germline": ("G-0007", "1 variant to look at: BRCA2 S1982Rfs*22", "synthetic score, not for care"),
    "preliminary": ("preliminary", "a part is still awaited", "BRAF V600E"),
    "withheld": ("withheld", "Nothing is shown: consent does not permit"),
    "held": ("without the polygenic score, which could not be made", "polygenic score held"),
    "nothing-made": ("nothing can be said of the variants", "variant interpretation held"),
    "empty": ("No finding of tier I or tier II", "not given"),
}


@pytest.mark.parametrize("face", sorted(FIRST_SCREEN))
def test_the_first_screen_says_who_how_it_stands_and_what_matters(
    page: Page, address: str, made_versions: dict[str, ReportVersion], face: str
) -> None:
    show(page, address, made_versions[face])
    said = visible_text(page)
    assert "Decision support, not for diagnosis without review." in said
    for statement in FIRST_SCREEN[face]:
        assert statement in said


def test_a_desk_sees_what_matters_how_sure_and_what_next_without_scrolling(
    browser: Browser, address: str, made_versions: dict[str, ReportVersion]
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    show(page, address, made_versions["tumour"])
    said = visible_text(page)
    page.close()
    for statement in (
        "Tier I",
        "responds to Cetuximab + Encorafenib",
        "EID9851",
        "212 reads",
        "How sure",
        "No matched normal",
        "What next",
        "offer genetic counselling",
    ):
        assert statement in said


def test_what_a_file_says_is_text_and_never_markup(
    page: Page, address: str, made_versions: dict[str, ReportVersion]
) -> None:
    show(page, address, made_versions["hostile"])
    assert page.locator("script").count() == 0
    assert page.locator("h1").inner_text() == "<script>alert(1)</script>&\"'"


def test_the_stylesheet_is_applied_under_the_pages_own_policy(
    page: Page, address: str, made_versions: dict[str, ReportVersion]
) -> None:
    show(page, address, made_versions["tumour"])
    assert page.evaluate("getComputedStyle(document.querySelector('.strip')).backgroundColor") == (
        "rgb(18, 63, 109)"
    )


def test_every_table_has_headers_and_every_drawing_a_name(
    page: Page, address: str, made_versions: dict[str, ReportVersion]
) -> None:
    for face in ("tumour", "germline"):
        show(page, address, made_versions[face])
        assert page.evaluate(
            "[...document.querySelectorAll('table')].every(t => t.querySelector('th[scope=col]'))"
        )
        assert page.evaluate("[...document.querySelectorAll('svg')].every(s => s.getAttribute('aria-label'))")
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.locator("h1").count() == 1


CONTRAST = """() => {
  const light = c => { const s = c / 255; return s <= .03928 ? s / 12.92 : ((s + .055) / 1.055) ** 2.4 };
  const lum = ([r, g, b]) => .2126 * light(r) + .7152 * light(g) + .0722 * light(b);
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c } return [255, 255, 255] };
  const poor = [];
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('svg') || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const a = lum(parse(getComputedStyle(e).color)), b = lum(ground(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push(e.className + ' ' + ratio.toFixed(2) + ' ' + e.textContent.slice(0, 40));
  }
  return poor;
}"""


def test_text_has_the_contrast_that_wcag_aa_asks(
    page: Page, address: str, made_versions: dict[str, ReportVersion]
) -> None:
    for face in ("tumour", "germline", "held", "preliminary", "withheld"):
        show(page, address, made_versions[face])
        page.evaluate("document.querySelectorAll('details').forEach(detail => { detail.open = true })")
        assert page.evaluate(CONTRAST) == []


def test_the_list_page_leads_to_each_report(
    page: Page, address: str, made_versions: dict[str, ReportVersion]
) -> None:
    page.goto(address)
    assert overflow(page) == []
    page.get_by_role("link", name="G-0007").click()
    assert page.url.endswith(f"/v1/reports/{made_versions['germline'].id}.html")


def test_an_a4_print_holds_the_whole_report(
    page: Page, address: str, made_versions: dict[str, ReportVersion]
) -> None:
    show(page, address, made_versions["tumour"])
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 less its margins at 96 dots an inch
    assert overflow(page) == []
