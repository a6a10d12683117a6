"""Boxes of text and arrows between them, as an SVG file's text."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

# Lengths in units of the picture: on a telephone a unit is a little less than a pixel.
LINE, PAD, MARGIN = 17, 6, 10
# Strokes and fills, of Okabe and Ito's colours; each part is named in words too.
COLOURS = {"encoder": ("#0072B2", "#E3F0F8"), "head": ("#B87A00", "#FCF1DC"), "decoder": ("#007A59", "#E0F3EC")}
SKIP = "#C04A00"

_STYLE = (
    "text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',Arial,sans-serif;fill:#111}"
    "text.n{text-anchor:end;font-variant-numeric:tabular-nums}text.h{font-weight:600}"
    "path{fill:none;stroke-width:1.5}"
)


class Line(NamedTuple):
    """A layer and the shape that it gives."""

    label: str
    shape: str


def height(lines: Sequence[Line]) -> float:
    """Height of a box of these lines; zero without any."""
    return 2 * PAD + LINE * len(lines) if lines else 0.0


class Box(NamedTuple):
    """Layers that belong together, from top to bottom; `y` is the upper edge."""

    part: str
    lines: Sequence[Line]
    x: float
    y: float
    width: float

    @property
    def bottom(self) -> float:
        return self.y + height(self.lines)

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    def line_y(self, i: int) -> float:
        """The middle of line `i`; -1 is the last."""
        return self.y + PAD + LINE * (i % len(self.lines) + 0.5)


def arrow(a: Box, b: Box) -> str:
    """An arrow from `a` straight down to `b`, or straight up to it."""
    if a.y < b.y:
        return _arrow(f"M{a.middle:g} {a.bottom:g}V{b.y - 2:g}", COLOURS["encoder"][0])
    return _arrow(f"M{b.middle:g} {a.y:g}V{b.bottom + 2:g}", COLOURS["decoder"][0])


def arrow_across(a: Box, b: Box) -> str:
    """An arrow from the last line of `a` to the right, where `b` is."""
    return _arrow(f"M{a.x + a.width:g} {a.line_y(-1):g}H{b.x - 2:g}", SKIP)


def _arrow(path: str, colour: str) -> str:
    return f'<path d="{path}" stroke="{colour}" marker-end="url(#tip{colour[1:]})"/>'


def svg(title: str, boxes: Sequence[Box], arrows: Sequence[str]) -> str:
    """The file's text; the title above the boxes."""
    right = max(*(box.x + box.width for box in boxes), 8 * len(title)) + MARGIN
    bottom = max(box.bottom for box in boxes) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right:g} {bottom:g}" width="{right:g}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        *(_tip(colour) for colour in (COLOURS["encoder"][0], COLOURS["decoder"][0], SKIP)),
        f'<rect width="{right:g}" height="{bottom:g}" fill="#fff"/>',
        f'<text class="h" x="{MARGIN}" y="20">{escape(title)}</text>',
        *arrows,
        *(element for box in boxes for element in _box(box)),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _tip(colour: str) -> str:
    """The head of arrows of a colour. (Not every viewer knows `context-stroke`, one head for all.)"""
    return (
        f'<marker id="tip{colour[1:]}" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="5" markerHeight="5" '
        f'orient="auto"><path d="M0 0L8 4L0 8Z" style="fill:{colour};stroke:none"/></marker>'
    )


def _box(box: Box) -> Iterable[str]:
    stroke, fill = COLOURS[box.part]
    size = f'x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{height(box.lines):g}"'
    yield f'<rect {size} rx="4" fill="{fill}" stroke="{stroke}"/>'
    for i, line in enumerate(box.lines):
        y = box.line_y(i) + 4
        yield f'<text x="{box.x + PAD:g}" y="{y:g}">{escape(line.label)}</text>'
        yield f'<text class="n" x="{box.x + box.width - PAD:g}" y="{y:g}">{escape(line.shape)}</text>'
