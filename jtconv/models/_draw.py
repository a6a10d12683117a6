"""A network as a picture: the encoder down the left, the decoder up the right, skips across."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise
from typing import Any, NamedTuple

from flax import nnx

from jtconv.models._fcn import FCN
from jtconv.models._resize import Crop, MaxPool
from jtconv.models._summary import Layer, summary
from jtconv.models._vgg import VGG16
from jtconv.nn import Conv, ConvTranspose

# Lengths in units of the picture, which is 420 wide: on a telephone a unit is a little less than a pixel.
WIDTH, LEFT, RIGHT, COLUMN = 420, 10, 218, 192
LINE, PAD, GAP = 17, 6, 20
# Strokes and fills, of Okabe and Ito's colours; what they say is also said in words.
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


class Box(NamedTuple):
    """Layers that belong together, from top to bottom; `y` is the upper edge."""

    part: str
    lines: Sequence[Line]
    x: float
    y: float
    width: float = COLUMN

    @property
    def height(self) -> float:
        return _height(self.lines)

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    def line_y(self, i: int) -> float:
        """Of the middle of a line; -1 is the last."""
        return self.y + PAD + LINE * (i % len(self.lines) + 0.5)


Groups = dict[tuple[Any, ...], list[Line]]


def draw(model: FCN | VGG16, input_shape: Sequence[int]) -> str:
    """The network as an SVG file's text: every layer with the shape that it gives, the skips as arrows.

    "up k4 s2" is a transposed convolution of kernel 4 and strides 2, "+ pool 4, 1×1" a 1×1
    convolution of a pool, added ("norm", if a batch normalisation follows it). Nothing is computed,
    as in `summary`, so the model may be abstract. The picture needs no other file.

    Args:
      model: one of this package's networks.
      input_shape: (…, h, w, in_ch).

    Raises TypeError for another model, and what the model raises for such an input.

    >>> from flax import nnx
    >>> from jtconv.models import FCN8
    >>> model = nnx.eval_shape(lambda: FCN8.article(12, rngs=nnx.Rngs(0)))
    >>> svg = draw(model, (1, 224, 224, 3))
    >>> svg.splitlines()[1]
    '<title>FCN8, 135,067,736 parameters</title>'
    """
    if not isinstance(model, FCN | VGG16):
        raise TypeError(f"`model` must be a network of jtconv.models, got {type(model).__name__}.")
    table = summary(model, input_shape)
    groups = _groups(model, table.layers)
    groups["input",] = [Line("picture", _times(input_shape[-3:]))]
    if isinstance(model, FCN):
        groups["scores",] = [Line("scores", _times((*input_shape[-3:-1], table.layers[-1].output_shape[-1])))]
    title = f"{type(model).__name__}, {table.parameters:,} parameters"
    return _svg(title, *_layout(groups))


# --- what is said of the layers -----------------------------------------------------------------


def _groups(model: nnx.Module, layers: Iterable[Layer]) -> Groups:
    """The lines of each box, in the order of the calls."""
    modules = {".".join(map(str, path)): module for path, module in nnx.iter_modules(model)}
    groups: Groups = defaultdict(list)
    for layer in layers:
        path = layer.name.removeprefix("encoder.").split(".")
        lines = groups[_group(path)]
        if path[-1] == "norm" and "skip" in path:  # on the line that the arrow ends at
            lines[-1] = lines[-1]._replace(label=lines[-1].label.replace("1×1", "norm"))
        else:
            label = _label(path, modules[layer.name], model)
            lines.append(Line(label, _times(layer.output_shape[-3:])))
    return dict(groups)


def _group(path: list[str]) -> tuple[Any, ...]:
    if path[0] == "stages":
        return "stage", int(path[1])
    if path[0] in ("conv6", "conv7"):
        return ("head",)
    return ("step", int(path[2])) if path[1] == "steps" else ("score",) if path[1] == "score" else ("last",)


def _label(path: list[str], module: nnx.Module, model: Any) -> str:
    if path[-1] in ("norm", "dropout"):
        return path[-1]
    if isinstance(module, MaxPool):
        return f"pool {int(path[1]) + 1}"
    if isinstance(module, ConvTranspose):
        return f"up k{module.geometry.kernel_size[0]} s{module.geometry.strides[0]}"
    pool = f"pool {len(model.encoder.stages) - 1 - int(path[2])}" if "steps" in path else ""
    if isinstance(module, Crop):
        return f"crop {pool}" if path[-1] == "crop_pool" else "crop"
    assert isinstance(module, Conv)
    kernel = _times(module.geometry.kernel_size)
    if pool:
        return f"+ {pool}, {kernel}"
    name = {"stages": "conv", "decoder": "score"}.get(path[0], path[0])
    return f"{name} {kernel}"


def _times(sizes: Sequence[int]) -> str:
    return "×".join(map(str, sizes))


# --- where the boxes are ------------------------------------------------------------------------


def _layout(groups: Groups) -> tuple[list[Box], list[str]]:
    """Boxes, and the arrows between them."""
    top = 30.0  # below the title
    picture = Box("encoder", groups["input",], LEFT, top)
    stages = _encoder(groups, picture)
    down = [picture, *stages]
    arrows = [_down(a, b) for a, b in pairwise(down)]
    if ("head",) not in groups:
        return down, arrows

    scores = Box("decoder", groups["scores",], RIGHT, top)
    last = Box("decoder", groups["last",][::-1], RIGHT, scores.bottom + GAP)
    steps = _steps(groups, stages)
    bottom = max(stages[-1].bottom, (steps or [last])[0].bottom) + GAP
    score = [Box("decoder", groups["score",], RIGHT, bottom)] if ("score",) in groups else []
    head = Box("head", groups["head",], WIDTH / 2 - 120, score[0].bottom + GAP if score else bottom, 240)
    up = [*score, *steps, last, scores]
    arrows += [_down(stages[-1], head, x=stages[-1].middle), _up(head, up[0])]
    arrows += [_up(a, b) for a, b in pairwise(up)]
    arrows += [_across(stage, step) for stage, step in zip(stages[-2::-1], steps, strict=False)]
    return [*down, head, *up], arrows


def _encoder(groups: Groups, above: Box) -> list[Box]:
    """The stages, so far apart that each step of the decoder has its place beside them."""
    num_stages = sum(key[0] == "stage" for key in groups)
    # Where the next step can begin: the last layers and the scores are above the finest.
    free = above.bottom + 2 * GAP + _height(groups.get(("last",), []))
    stages: list[Box] = []
    for i in range(num_stages):
        lines, step = groups["stage", i], groups.get(("step", num_stages - 2 - i))
        y = (stages or [above])[-1].bottom + GAP
        if step:
            before = LINE * (len(lines) - 1)  # of the pool, whose line the step's first is level with
            y = max(y, free - before)
            free = y + before + _height(step) + GAP
        stages.append(Box("encoder", lines, LEFT, y))
    return stages


def _steps(groups: Groups, stages: list[Box]) -> list[Box]:
    """From the coarsest. Lines are read upwards, as the data go."""
    steps = [groups[key] for key in groups if key[0] == "step"]
    return [
        Box("decoder", lines[::-1], RIGHT, stage.line_y(-1) - LINE / 2 - PAD)
        for lines, stage in zip(steps, stages[-2::-1], strict=False)
    ]


def _height(lines: Sequence[Line]) -> float:
    return 2 * PAD + LINE * len(lines) if lines else 0.0


# --- SVG ----------------------------------------------------------------------------------------


def _down(a: Box, b: Box, x: float | None = None) -> str:
    x = b.middle if x is None else x
    return _arrow(f"M{x:g} {a.bottom:g}V{b.y - 2:g}", COLOURS["encoder"][0])


def _up(a: Box, b: Box) -> str:
    return _arrow(f"M{b.middle:g} {a.y:g}V{b.bottom + 2:g}", COLOURS["decoder"][0])


def _across(stage: Box, step: Box) -> str:
    return _arrow(f"M{stage.x + stage.width:g} {stage.line_y(-1):g}H{step.x - 2:g}", SKIP)


def _arrow(path: str, colour: str) -> str:
    return f'<path d="{path}" stroke="{colour}" marker-end="url(#tip{colour[1:]})"/>'


def _tip(colour: str) -> str:
    """The head of arrows of a colour. (`context-stroke`, one head for all, is not everywhere yet.)"""
    return (
        f'<marker id="tip{colour[1:]}" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="5" markerHeight="5" '
        f'orient="auto"><path d="M0 0L8 4L0 8Z" style="fill:{colour};stroke:none"/></marker>'
    )


def _svg(title: str, boxes: list[Box], arrows: list[str]) -> str:
    right = max(*(box.x + box.width for box in boxes), 8 * len(title)) + LEFT
    bottom = max(box.bottom for box in boxes) + LEFT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right:g} {bottom:g}" width="{right:g}" role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        *(_tip(colour) for colour in (COLOURS["encoder"][0], COLOURS["decoder"][0], SKIP)),
        f'<rect width="{right:g}" height="{bottom:g}" fill="#fff"/>',
        f'<text class="h" x="{LEFT}" y="20">{escape(title)}</text>',
        *arrows,
        *(element for box in boxes for element in _box(box)),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _box(box: Box) -> Iterable[str]:
    stroke, fill = COLOURS[box.part]
    size = f'x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}"'
    yield f'<rect {size} rx="4" fill="{fill}" stroke="{stroke}"/>'
    for i, line in enumerate(box.lines):
        y = box.line_y(i) + 4
        yield f'<text x="{box.x + PAD:g}" y="{y:g}">{escape(line.label)}</text>'
        yield f'<text class="n" x="{box.x + box.width - PAD:g}" y="{y:g}">{escape(line.shape)}</text>'
