"""A network as a picture: the encoder down the left, the decoder up the right, skips across."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from flax import nnx

from jtconv._geometry.words import by
from jtconv.models._fcn import FCN
from jtconv.models._layers import Crop, MaxPool
from jtconv.models._summary import Layer, summary
from jtconv.models._svg import LINE, MARGIN, Box, Line, arrow, arrow_across, height, svg
from jtconv.models._vgg import VGG16
from jtconv.nn import Conv, ConvTranspose

# The columns and the head below them, in units of the picture; space between boxes, and above them for the title.
RIGHT, COLUMN, HEAD = 218, 192, (90, 240)
GAP, TOP = 20, 30.0

Groups = dict[tuple[Any, ...], list[Line]]  # the lines of each box


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
    picture = Box("encoder", [Line("picture", by(input_shape[-3:]))], MARGIN, TOP, COLUMN)
    stages, steps = _stages_and_steps(groups, picture)
    boxes, skips = [picture, *stages], []
    if isinstance(model, FCN):
        result = [Line("scores", by((*input_shape[-3:-1], table.layers[-1].output_shape[-1])))]
        scores = Box("decoder", result, RIGHT, TOP, COLUMN)
        boxes += _head_and_decoder(groups, stages[-1], steps, scores)
        skips = [arrow_across(stage, step) for stage, step in zip(stages[-2::-1], steps, strict=False)]
    arrows = [arrow(a, b) for a, b in pairwise(boxes)]
    return svg(f"{type(model).__name__}, {table.parameters:,} parameters", boxes, arrows + skips)


# --- the words for the layers -------------------------------------------------------------------


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
            lines.append(Line(label, by(layer.output_shape[-3:])))
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
    kernel = by(module.geometry.kernel_size)
    if pool:
        return f"+ {pool}, {kernel}"
    name = {"stages": "conv", "decoder": "score"}.get(path[0], path[0])
    return f"{name} {kernel}"


# --- the places of the boxes --------------------------------------------------------------------


def _stages_and_steps(groups: Groups, picture: Box) -> tuple[list[Box], list[Box]]:
    """The encoder's stages from the finest, and beside them the decoder's steps from the coarsest.

    The stages are so far apart that each step has its place.
    """
    num_stages = sum(key[0] == "stage" for key in groups)
    stages, steps = [picture], []
    # Where the next step can begin: the last layers and the scores are above the finest.
    free = picture.bottom + 2 * GAP + height(groups.get(("last",), []))
    for i in range(num_stages):
        lines, step = groups["stage", i], groups.get(("step", num_stages - 2 - i))
        y = stages[-1].bottom + GAP
        if step:
            level = LINE * (len(lines) - 1)  # the step's first line is beside the stage's last, its pool
            y = max(y, free - level)
            steps.insert(0, Box("decoder", step[::-1], RIGHT, y + level, COLUMN))
            free = steps[0].bottom + GAP
        stages.append(Box("encoder", lines, MARGIN, y, COLUMN))
    return stages[1:], steps


def _head_and_decoder(groups: Groups, coarsest: Box, steps: list[Box], scores: Box) -> list[Box]:
    """The head below both columns, then the decoder's boxes upwards to the scores. Lines are read upwards too."""
    last = Box("decoder", groups["last",][::-1], RIGHT, scores.bottom + GAP, COLUMN)
    up = [*steps, last, scores]
    below = max(coarsest.bottom, up[0].bottom) + GAP
    if ("score",) in groups:
        up.insert(0, Box("decoder", groups["score",], RIGHT, below, COLUMN))
        below = up[0].bottom + GAP
    x, width = HEAD
    return [Box("head", groups["head",], x, below, width), *up]
