"""Whatever is done to the page while its animation plays: links, controls, the browser's back and forward."""

import itertools
import random

import pytest
from playwright.sync_api import Page, expect
from windows import DESKTOP, PHONE

from jtconv.explorer._link import from_link

LOOKS = ["still light", "still dark", "moving light", "moving dark"]
pytestmark = pytest.mark.parametrize("looks", LOOKS, indirect=True)

STEPS = 60
SHOWN = "jtconvExplorer.toHash(jtconvExplorer.page.layer)"
FRAMES = """async (count) => {
    for (let frame = 0; frame < count; frame += 1) await new Promise(requestAnimationFrame);
}"""


def links(page: Page) -> list[str]:
    """The layers that the page links to."""
    found = page.locator("nav.examples a").evaluate_all("(all) => all.map(({ hash }) => hash.slice(1))")
    assert len(found) > 4
    return found


def assert_shows(page: Page, link: str, looks) -> None:
    """The layer of a link is drawn, a cell is traced, and its figures move for those who want it."""
    page.evaluate(FRAMES, 3)
    values = from_link(link)
    assert values is not None
    spec = page.evaluate("jtconvExplorer.page.model.spec")
    assert (spec["y"], spec["k"], spec["s"]) == tuple(list(values[key]) for key in "yks"), link
    assert page.evaluate(SHOWN) == link
    traced = page.evaluate("jtconvExplorer.page.trace")
    assert (traced["side"], traced["cell"]) in {("y", 0), ("y", 1)}, "it starts again"
    expect(page.locator("#trace")).to_contain_text("C x")
    assert page.evaluate("jtconvExplorer.page.isPlaying") is looks.moving
    if looks.moving:
        before = page.evaluate("jtconvExplorer.page.travel")
        page.wait_for_function("(before) => jtconvExplorer.page.travel !== before", arg=before)


def test_every_example_is_shown_and_back_and_forward(opened, looks):
    page = opened()
    own = page.evaluate(SHOWN)
    visited = [own]
    for link in links(page):
        page.locator(f'nav.examples a[href="#{link}"]').click()
        assert_shows(page, link, looks)
        if link != visited[-1]:
            visited.append(link)
    for link in visited[-2::-1]:
        page.go_back()
        assert_shows(page, link, looks)
    for link in visited[1:]:
        page.go_forward()
        assert_shows(page, link, looks)


def test_every_control_can_be_used(opened, looks):
    """Each of them, and then the frames that follow, with the player on wherever it may be."""
    page = opened("y=3,4&k=3&s=2", viewport=DESKTOP)
    for selector in ("#ndim-1", "#ndim-2", "#alike", "#uneven", "#bias"):
        page.locator(selector).click()
        page.evaluate(FRAMES, 2)
    for name in page.locator("#controls input[type=range]").evaluate_all("(all) => all.map(({ id }) => id)"):
        for key in ("End", "Home", "ArrowRight"):
            page.locator(f"#{name}").press(key)
            page.evaluate(FRAMES, 2)
        if looks.moving:
            page.evaluate("jtconvExplorer.page.setPlaying(true)")
    for name in page.locator("#controls select").evaluate_all("(all) => all.map(({ id }) => id)"):
        for choice in page.locator(f"#{name} option").all_inner_texts():
            page.locator(f"#{name}").select_option(choice)
            page.evaluate(FRAMES, 2)
    for tab in page.get_by_role("tab").all():
        tab.click()
    page.locator("#tab-jtconv").click()
    page.locator("#copy").click()
    page.locator("#play").click()
    page.locator("#play").click()
    page.locator("#scrub").press("End")
    page.evaluate(FRAMES, 2)
    assert page.evaluate("jtconvExplorer.page.trace.cell") == page.evaluate("jtconvExplorer.page.model.inY.length") - 1


@pytest.mark.parametrize("seed", [3, 8])
def test_anything_in_any_order(opened, looks, seed):
    """No frame is waited for in between, but for some."""
    page = opened()
    draw = random.Random(seed)
    hashes = [*links(page), "y=200,300&k=4&s=2", "y=3,3&k=3&s=2&a=4", "stage", "", "nonsense"]
    sliders = ("y-0", "k-0", "s-0", "d-0", "a-0", "lo-0", "scrub")
    follow = "(at) => document.querySelectorAll('nav.examples a')[at].click()"
    acts = (
        lambda: page.evaluate(follow, draw.randrange(len(hashes) - 5)),
        lambda: page.evaluate("(hash) => { location.hash = hash; }", draw.choice(hashes)),
        lambda: page.evaluate("if (navigation.canGoBack) history.back();"),
        lambda: page.evaluate("history.forward()"),
        lambda: page.evaluate(SLIDE, [draw.choice(sliders), draw.randrange(9)]),
        lambda: page.evaluate("document.getElementById('play').click()"),
        lambda: page.evaluate(PRESS, draw.choice(["Enter", "ArrowRight", "End", " "])),
        lambda: page.emulate_media(color_scheme=draw.choice(["light", "dark"])),
        lambda: page.set_viewport_size(draw.choice([DESKTOP, PHONE])),
        lambda: page.evaluate(FRAMES, draw.randrange(4)),
    )
    for _ in range(STEPS):
        draw.choice(acts)()
    assert page.evaluate("navigation.entries().length") > 5
    links_again = itertools.islice(itertools.cycle(links(page)), 2)
    for link in links_again:
        page.evaluate("(hash) => { location.hash = hash; }", link)
        page.wait_for_function(f"(link) => {SHOWN} === link", arg=link)
        assert_shows(page, link, looks)


SLIDE = """([name, value]) => {
    const slider = document.getElementById(name);
    if (!slider) return; // named padding has none
    slider.value = value;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
}"""
PRESS = """(key) => document.getElementById("forward").dispatchEvent(new KeyboardEvent("keydown", { key }))"""
