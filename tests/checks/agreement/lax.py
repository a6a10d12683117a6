"""jax.lax.conv_transpose, forward and with JAX's own gradients of it."""

import itertools
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from jtconv.compat import lax as adapter
from tests.checks.agreement.configurations import Configuration, Layer
from tests.checks.agreement.draws import Draw
from tests.checks.agreement.misshapen import misshapen
from tests.checks.agreement.peer import Peer, named_in

RARE = ("float32", "float32", "bfloat16", "float16", "complex64", "complex128")
WIDER = {"bfloat16": "float32", "float32": "float64", "complex64": "complex128"}

MISTAKES: tuple[dict[str, Any], ...] = (
    {"strides": 2},
    {"strides": (2, 2, 2, 2)},
    {"strides": (0, 1, 1)},
    {"padding": "CIRCULAR"},
    {"padding": 1},
    {"padding": (1, 2)},
    {"padding": ((1, 2), (3, 4), (5, 6), (7, 8))},
    {"padding": ((1.5, 2),)},
    {"rhs_dilation": 2},
    {"rhs_dilation": (1, 1, 1, 1, 1)},
    {"dimension_numbers": ("NHC", "HIO")},
    {"dimension_numbers": ("NNC", "HIO", "NHC")},
    {"dimension_numbers": ("NWC", "HIO", "NHC")},
    {"precision": "often"},
    {"preferred_element_type": "bfloat16"},
    {"preferred_element_type": "int64"},
)


def _grid() -> Iterator[Configuration]:
    """One axis: every small kernel, stride and dilation with every kind of padding, for both kernels."""
    paddings = ("SAME", "VALID", ((0, 0),), ((1, 2),))
    for k, s, d, p, t in itertools.product((1, 2, 3, 4, 5), (1, 2, 3, 4), (1, 2), paddings, (False, True)):
        arguments = {"strides": (s,), "padding": p, "rhs_dilation": (d,), "transpose_kernel": t}
        yield _configuration(Layer((4,), (k,), (s,), (d,)), arguments, "float64")


def _draw(draw: Draw) -> Configuration:
    if draw.chance(0.1):
        draw.ndim = 0  # lax has that, too
    strides, dilation = draw.each(1, 4), draw.one([None, draw.each(1, 3)])
    layer = draw.layer(strides=strides, dilation=dilation)
    arguments: dict[str, Any] = {
        "strides": strides,
        "padding": draw.one(["SAME", "VALID", draw.pairs(0, 5), draw.pairs(0, 5)]),
        "rhs_dilation": dilation,
        "transpose_kernel": draw.chance(0.5),
        "precision": draw.one([None, None, "highest", jax.lax.Precision.HIGH, ("default", "highest")]),
        "use_consistent_padding": draw.chance(0.3),
    }
    dtype = draw.one(RARE) if draw.chance(0.3) else "float64"
    if draw.chance(0.1):
        arguments["padding"] = draw.one(["same", "valid", "SAME_LOWER", "Same_Lower"])
    elif dtype == "float64" and draw.chance(0.3):  # cropping in float32 is what XLA gets wrong at times, on the CPU
        least = [s * (o - 1) for s, o in zip(strides, layer.y_size, strict=True)]
        arguments["padding"] = tuple(
            (max(lo, -m), max(hi, -m)) for (lo, hi), m in zip(draw.pairs(-3, 5), least, strict=True)
        )
        arguments["use_consistent_padding"] = False
    if draw.chance(0.5):
        arguments["preferred_element_type"] = WIDER.get(dtype)
    if draw.chance(0.4):
        arguments["dimension_numbers"] = _numbers(draw)
    return _configuration(layer, arguments, dtype)


def _numbers(draw: Draw) -> Any:
    """Axes in any order, but for the kernel's spatial ones, whose order is that of strides and padding."""
    space = "DHW"[: draw.ndim]
    kernel = list(space)
    places = sorted(draw.rng.choice(draw.ndim + 2, 2, False))
    for place, letter in zip(places, draw.rng.permutation(["I", "O"]), strict=True):
        kernel.insert(place, letter)
    image, result = ("".join(draw.rng.permutation(list(f"N{space}C"))) for _ in range(2))
    specs = (image, "".join(kernel), result)
    shape = (1,) * (draw.ndim + 2)
    return specs if draw.chance(0.5) else jax.lax.conv_dimension_numbers(shape, shape, specs)


def _configuration(layer: Layer, arguments: dict[str, Any], dtype: str) -> Configuration:
    numbers = arguments.get("dimension_numbers")
    taps = (layer.x_ch, layer.y_ch) if arguments.get("transpose_kernel") else (layer.y_ch, layer.x_ch)
    shapes = [(layer.batch, *layer.y_size, layer.y_ch), (*layer.kernel_size, *taps)]
    if numbers is not None:
        (n, c, *size), (o, i, *k), _ = jax.lax.conv_dimension_numbers(shapes[0], shapes[1], numbers)
        orders = (n, *size, c), (*k, i, o)
        shapes = [
            tuple(np.take(shape, np.argsort(order)).tolist()) for shape, order in zip(shapes, orders, strict=True)
        ]
    gradients = dtype == "float64" or not _gradient_crops(layer, arguments)
    return Configuration("conv_transpose", layer, tuple(shapes), arguments, (dtype,), gradients=gradients)


def _gradient_crops(layer: Layer, arguments: dict[str, Any]) -> bool:
    """Whether lax's own derivative pads by negative amounts, which XLA gets wrong at times on the CPU.

    It does so where y is padded by more than the kernel reaches. In float64 nothing of it was seen.
    """
    reach = [d * (k - 1) for k, d in zip(layer.kernel_size, layer.dilation, strict=True)]
    if isinstance(arguments["padding"], str):
        return any(s - 1 > r for s, r in zip(layer.strides, reach, strict=True))
    raw = not arguments.get("use_consistent_padding")
    return raw and any(max(pair) > r for pair, r in zip(arguments["padding"], reach, strict=True))


def _crops_all() -> Iterator[Configuration]:
    """Padding that crops all of the dilated input on one side and pads on the other."""
    for pads in ((-7, 9), (9, -8)):
        arguments = {"strides": (2,), "padding": (pads,)}
        yield _configuration(Layer((4,), (3,), (2,), (1,)), arguments, "float64")


PEER = Peer(
    name="lax",
    packages=("jax",),
    adapter=adapter,
    draw=_draw,
    draws=2_200,
    mistakes=lambda layer: MISTAKES,
    theirs=named_in(jax.lax),
    grid=lambda: itertools.chain(_grid(), _crops_all()),
    more=misshapen,
)
