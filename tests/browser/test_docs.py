"""The documentation's pages, light and dark: no violation that axe knows, nothing wider than a window. `make docs` first."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
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


@pytest.fixture(params=["light", "dark"])
def page(browser: Browser, request):
    """A window in a light and a dark scheme."""
    context = browser.new_context(viewport=DESKTOP, color_scheme=request.param, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def test_axe_finds_no_violation(site, page: Page):
    address, pages = site
    found = []
    for path in pages:
        page.goto(address + path)
        results = Axe().run(page)
        assert results.response["passes"], "axe ran"
        found += [
            f"{path}: {rule['id']}: {node['html'][:160]}"
            for rule in results.response["violations"]
            for node in rule["nodes"]
        ]
    assert len(pages) > 30
    assert not found, "\n".join(found)


def test_code_is_not_cut(site, page: Page):
    """On a desktop no line of code is wider than its box; on a phone boxes scroll, and the page does not."""
    address, pages = site
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
