"""The drawing of a network: everything the table says is in it, where it can be read."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flax import nnx

from jtconv.models import FCN2, FCN4, FCN8, FCN32, VGG16, draw, summary

SVG = "{http://www.w3.org/2000/svg}"
# Widths in ems, at least those of DejaVu Sans, a wide font.
EMS = {" ": 0.32, ",": 0.32, "l": 0.28, "r": 0.42, "×": 0.84, "+": 0.84, "m": 0.98}

CASES = {
    "FCN8": (lambda: FCN8.article(12, rngs=nnx.Rngs(0)), (1, 224, 224, 3), 2),
    "FCN32": (lambda: FCN32.article(12, rngs=nnx.Rngs(0)), (224, 160, 3), 0),
    "FCN2 of the paper": (lambda: FCN2.paper(21, normalise=True, rngs=nnx.Rngs(0)), (1, 500, 375, 3), 4),
    "shallow": (lambda: FCN4(5, depths=(1, 1, 1, 1), normalise=True, rngs=nnx.Rngs(0)), (2, 64, 84, 3), 3),
    "VGG16": (lambda: VGG16(rngs=nnx.Rngs(0)), (1, 224, 224, 3), 0),
}


@pytest.fixture(params=CASES)
def drawn(request):
    make, shape, skips = CASES[request.param]
    model = nnx.eval_shape(make)
    return model, shape, skips, draw(model, shape)


def boxes(root):
    """(x, y, width, height) of every box; the first rect is the ground."""
    return [tuple(float(r.get(key, "0")) for key in ("x", "y", "width", "height")) for r in root.iter(SVG + "rect")]


def test_every_layer_is_there_with_its_shape(drawn):
    model, shape, skips, svg = drawn
    table = summary(model, shape)
    texts = [t.text or "" for t in ElementTree.fromstring(svg).iter(SVG + "text")]
    shapes = {"×".join(map(str, row.output_shape[-3:])) for row in table.layers}
    assert shapes <= set(texts)
    assert texts[0] == f"{type(model).__name__}, {table.parameters:,} parameters"
    normalised_skips = sum(".skip.norm" in row.name for row in table.layers)  # on their convolutions' lines
    num_lines = len(table.layers) - normalised_skips + (1 if isinstance(model, VGG16) else 2)
    assert len(texts) == 1 + 2 * num_lines
    assert len([t for t in texts if t.startswith("+ pool")]) == skips


def test_boxes_lie_apart_and_hold_their_text(drawn):
    *_, svg = drawn
    root = ElementTree.fromstring(svg)
    (_, _, width, height), *others = boxes(root)
    assert root.get("viewBox") == f"0 0 {width:g} {height:g}"
    for x, y, w, h in others:
        assert 0 < x < x + w < width
        assert 0 < y < y + h < height
        apart = [a >= x + w or a + c <= x or b >= y + h + 8 or b + d + 8 <= y for a, b, c, d in others]
        assert apart.count(False) == 1  # from itself
    title, *texts = root.iter(SVG + "text")
    assert 8 * len(title.text or "") + 10 <= width
    for label, size in zip(texts[::2], texts[1::2], strict=True):
        room = float(size.get("x", "0")) - float(label.get("x", "0"))
        assert 12 * sum(EMS.get(c, 0.64) for c in f"{label.text} {size.text}") < room, label.text


def test_arrows_join_the_boxes_and_skips_go_across(drawn):
    _, _, skips, svg = drawn
    root = ElementTree.fromstring(svg)
    _, *others = boxes(root)
    arrows = [p.get("d", "") for p in root.iter(SVG + "path") if p.get("marker-end")]
    assert len([d for d in arrows if "H" in d]) == skips
    assert len(arrows) == len(others) - 1 + skips  # a chain of boxes, and the skips
    for d in arrows:
        ((x, y, direction, end),) = re.findall(r"^M([\d.]+) ([\d.]+)([VH])([\d.]+)$", d)
        x, y, end = float(x), float(y), float(end)
        if direction == "H":
            assert end > x
        else:
            assert any(a <= x <= a + c and y in (b, b + h) for a, b, c, h in others)


def test_skips_end_at_the_pools_that_they_take(drawn):
    *_, skips, svg = drawn
    root = ElementTree.fromstring(svg)
    heights = {t.text or "": float(t.get("y", "0")) for t in root.iter(SVG + "text")}
    taken = [(label[2:].partition(",")[0], y) for label, y in heights.items() if label.startswith("+ ")]
    assert len(taken) == skips
    assert all(heights[pool] == y for pool, y in taken)


def test_picture_needs_nothing_else(drawn):
    *_, svg = drawn
    assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"href|@import|<image|<script", svg)
    assert set(re.findall(r"url\((.*?)\)", svg)) <= {f"#{name}" for name in re.findall(r'id="(.*?)"', svg)}


def test_the_documentation_shows_what_is_drawn():
    make, shape, _ = CASES["FCN8"]
    saved = Path(__file__).parents[2] / "docs/images/fcn8.svg"
    assert saved.read_text(encoding="utf-8") == draw(nnx.eval_shape(make), shape)


def test_other_models_are_refused():
    with pytest.raises(TypeError, match=r"^`model` must be a network of jtconv.models, got Linear\.$"):
        draw(nnx.Linear(1, 1, rngs=nnx.Rngs(0)), (1, 4, 4, 1))  # pyright: ignore[reportArgumentType] (refused, which is tested)
