"""Text of strangers in every field that a page shows: it stays text, whatever it says."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from canheal_report.page import content_security_policy
from canheal_report.versions import ReportVersion
from playwright.sync_api import Browser, Page
from pydantic import ValidationError

PAYLOADS = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="alert(\'owned\')">',
    "' onmouseover='alert(1)' x='",
    "</style><style>body{display:none}</style>",
    "</title><svg onload=alert(1)>",
    "javascript:alert(1)",
    "http://evil.example/beacon",
    "{{7*7}}{% raw %}{{config}}",
    "\u202edesrever\u2066 \u200bzero",
    "\x1b[2J\x07\x9b31m",
    "&lt;b&gt;bold&lt;/b&gt; <!-- --> ]]>",
)
EVERYTHING = " ".join(PAYLOADS)
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
FACES = ("tumour", "germline", "held", "nothing-made")


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all plain strings in a dumped model, names of a mapping's entries among them."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from leaves(value, (*path, name))
    elif isinstance(node, list | tuple):
        for number, value in enumerate(node):
            yield from leaves(value, (*path, number))
    elif isinstance(node, str):
        yield path


def put(node: Any, path: tuple[Any, ...], value: str) -> Any:
    """The same tree with another value at one place."""
    first, *rest = path
    changed = dict(node) if isinstance(node, dict) else list(node)
    changed[first] = put(node[first], tuple(rest), value) if rest else value
    return changed


def poisoned(version: ReportVersion) -> tuple[ReportVersion, int]:
    """The version with hostile text wherever the contract takes free text; how many fields that are."""
    tree, count = version.model_dump(mode="json"), 0
    for path in [path for path in leaves(tree) if path[0] not in {"id", "subject", "sample"}]:
        for text in (EVERYTHING, *PAYLOADS):
            changed = put(tree, path, text)
            try:
                ReportVersion.model_validate(changed)
            except ValidationError:
                continue
            tree, count = changed, count + 1
            break
    return ReportVersion.model_validate(tree), count


@pytest.fixture(scope="module")
def hostile(made_versions: dict[str, ReportVersion]) -> dict[str, ReportVersion]:
    found = {face: poisoned(made_versions[face]) for face in FACES}
    assert {face: count > 5 for face, (_, count) in found.items()} == dict.fromkeys(FACES, True)
    assert found["tumour"][1] > 60
    return {face: version for face, (version, _) in found.items()}


@pytest.fixture(scope="module")
def hostile_address(hostile: dict[str, ReportVersion], request: pytest.FixtureRequest) -> Iterator[str]:
    with request.getfixturevalue("serving")(hostile) as address:
        yield address


@pytest.fixture
def watched(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A window, and what it did that a page of text does not do."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    heard: list[str] = []
    page.on("dialog", lambda dialog: (heard.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("console", lambda message: heard.append(f"console {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error {error}"))
    page.on("popup", lambda popup: heard.append(f"popup {popup.url}"))
    page.on("request", lambda said: heard.append(f"request {said.method} {said.url}"))
    yield page, heard
    page.close()


ATTRIBUTES = """() => [...document.querySelectorAll('*')].flatMap(e => [...e.attributes]
    .filter(a => a.name.startsWith('on') || /^\\s*javascript:/i.test(a.value))
    .map(a => a.name + '=' + a.value))"""
MADE = "document.querySelectorAll('script, img, iframe, object, embed, form, input, style ~ style').length"
LINKS = "() => [...document.querySelectorAll('a, link')].map(e => e.getAttribute('href'))"


@pytest.mark.parametrize("face", FACES)
def test_hostile_text_in_every_field_runs_nothing_asks_for_nothing_and_makes_no_element(
    watched: tuple[Page, list[str]], hostile_address: str, hostile: dict[str, ReportVersion], face: str
) -> None:
    page, heard = watched
    place = f"{hostile_address}/v1/reports/{hostile[face].id}.html"
    page.goto(place)
    page.evaluate("document.querySelectorAll('details').forEach(detail => { detail.open = true })")
    for element in page.locator("summary, a, td, dd").all()[:40]:
        element.dispatch_event("mouseover")
    assert [said for said in heard if said not in {f"request GET {place}", "request GET data:,"}] == []
    assert page.evaluate(MADE) == 0
    assert page.evaluate(ATTRIBUTES) == []
    assert all(re.match(r"#|/v1/|data:,$|https://civicdb\.org/links/", href) for href in page.evaluate(LINKS))
    assert page.title() != "owned"
    assert page.evaluate("getComputedStyle(document.body).display") != "none"
    text = page.evaluate("document.body.textContent")
    assert "{{7*7}}{% raw %}{{config}}" in text
    assert STEERS.search(text) is None
    assert "\\u202edesrever" in text
    assert PAYLOADS[0] in text


def test_the_list_of_reports_shows_hostile_labels_as_text(
    watched: tuple[Page, list[str]], hostile_address: str
) -> None:
    page, heard = watched
    page.goto(f"{hostile_address}/")
    assert [
        said for said in heard if said not in {f"request GET {hostile_address}/", "request GET data:,"}
    ] == []
    assert page.evaluate(MADE) == 0
    assert page.evaluate(ATTRIBUTES) == []


@pytest.mark.parametrize("form", ["html", "json"])
def test_every_answer_forbids_scripts_frames_guessing_and_caches(
    hostile_address: str, hostile: dict[str, ReportVersion], form: str
) -> None:
    for path in (f"/v1/reports/{hostile['held'].id}.{form}", "/", "/v1/reports/no-uuid.json", "/absent"):
        said = httpx.get(hostile_address + path).headers
        policy = said["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert (said["cache-control"], said["x-content-type-options"]) == ("no-store", "nosniff")
        assert (said["referrer-policy"], said["x-frame-options"]) == ("no-referrer", "DENY")
    assert "style-src 'sha256-" in content_security_policy()


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}],
    ids=["origin", "fetch-metadata", "opaque-origin"],
)
def test_a_page_of_another_site_changes_nothing(hostile_address: str, headers: dict[str, str]) -> None:
    answer = httpx.post(f"{hostile_address}/v1/deadletters/x/retry", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:canheal:problem:cross-site")
    assert httpx.post(f"{hostile_address}/v1/deadletters/x/retry").status_code == 404
