"""The explorer's page in Debian's Chromium, which fetches nothing."""

import shutil
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from windows import DESKTOP, SETTLED

from jtconv.explorer import page as explorer_page

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# The page's own policy forbids what waits for a condition in it.
USUAL = {"viewport": DESKTOP, "bypass_csp": True}


@dataclass(frozen=True)
class Looks:
    """What the reader's system asks for."""

    moving: bool
    scheme: str

    @property
    def context(self) -> dict[str, str]:
        """The same in the browser's words."""
        return {"reduced_motion": "no-preference" if self.moving else "reduce", "color_scheme": self.scheme}


# Two of the four: motion and colours have nothing to do with each other in most tests.
@pytest.fixture(params=["still light", "moving dark"])
def looks(request) -> Looks:
    """Motion and colours; a test that needs all four combinations says so."""
    motion, scheme = request.param.split()
    return Looks(motion == "moving", scheme)


@pytest.fixture(scope="session")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "explorer.html"
    path.write_text(explorer_page(), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="session")
def browser():
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail(f"these tests need a browser, one of {', '.join(NAMES)}: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Browser, address: str, looks: Looks):
    """`opened(hash, **context)`: the page, in a window of its own; no error and no request is let pass."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(link: str = "", **context) -> Page:
        contexts.append(browser.new_context(**{**USUAL, **looks.context, **context}))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("request", lambda asked: asked.url.startswith(address) or complaints.append(f"request: {asked.url}"))
        page.goto(address + (f"#{link}" if link else ""))
        page.wait_for_function(SETTLED)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
