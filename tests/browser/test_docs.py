"""The built documentation, light and dark: no violation that axe knows, nothing wider than a window."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page
from windows import DESKTOP, LARGE_PHONE

SITE = Path(__file__).parent.parent.parent / "site"
EXPLORER = "explorer/page.html"  # has tests of its own


class Handler(SimpleHTTPRequestHandler):
    """A server that prints nothing."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="session")
def site():
    """The address of the built pages, and their paths."""
    pages = sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html"))
    pages = [path.removesuffix("index.html") for path in pages if path not in (EXPLORER, "404.html")]
    if not pages:
        pytest.fail("these tests read the built documentation: make docs")
    with ThreadingHTTPServer(("localhost", 0), partial(Handler, directory=str(SITE))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/", pages
        server.shutdown()


@pytest.fixture
def opened_docs(browser: Browser):
    """`opened_docs(**context)`: an empty window."""
    contexts: list[BrowserContext] = []

    def open_window(**context) -> Page:
        contexts.append(browser.new_context(**{"viewport": DESKTOP, "reduced_motion": "reduce", **context}))
        return contexts[-1].new_page()

    yield open_window
    for context in contexts:
        context.close()


SCHEMES = {"light": "default", "dark": "slate"}  # by their names in the theme
COLOURS = ["color-contrast", "link-in-text-block"]  # the rules that see them: the others are asked once


@pytest.mark.parametrize(("scheme", "rules"), [("light", {}), ("dark", {"runOnly": COLOURS})], ids=["light", "dark"])
def test_axe_finds_no_violation(site, opened_docs, scheme, rules):
    address, pages = site
    page = opened_docs(color_scheme=scheme)
    found = []
    for path in pages:
        page.goto(address + path)
        assert page.locator("body").get_attribute("data-md-color-scheme") == SCHEMES[scheme]
        results = Axe().run(page, options={"resultTypes": ["violations"], **rules}).response
        assert results["passes"], "axe ran"
        nodes = [(rule["id"], node["html"]) for rule in results["violations"] for node in rule["nodes"]]
        found += [f"{path}: {rule}: {html:.160}" for rule, html in nodes]
    assert len(pages) > 30
    assert not found, "\n".join(found)


def test_nothing_is_cut(site, opened_docs):
    """On a desktop no line of code is wider than its box; on a phone boxes scroll, and the page does not."""
    address, pages = site
    page = opened_docs()
    cut, wide = [], []
    for path in pages:
        page.set_viewport_size(DESKTOP)
        page.goto(address + path)
        cut += [f"{path}: {text}" for text in page.evaluate(CUT)]
        page.set_viewport_size(LARGE_PHONE)
        width = page.evaluate("document.documentElement.scrollWidth")
        wide += [f"{path}: {width}"] if width > LARGE_PHONE["width"] else []
    assert not cut, "\n".join(cut)
    assert not wide, "\n".join(wide)


CUT = """() => [...document.querySelectorAll("pre > code, .doc-signature code")]
    .filter((code) => code.scrollWidth > code.clientWidth + 1)
    .map((code) => `${code.scrollWidth} of ${code.clientWidth}: ${code.innerText.trim().slice(0, 60)}`)"""
