"""Report pages in Chromium, served on 127.0.0.1 by the report service's own routes."""

import pytest
from canheal_report.versions import ReportVersion
from playwright.sync_api import Browser, Page

FACES = ("tumour", "germline", "preliminary", "withheld", "held", "nothing-made", "empty", "hostile")


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
