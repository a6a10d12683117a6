"""The documented sizes and numbers, computed a second time: integers, NumPy, plain loops."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from jtconv._geometry.arguments import shown
from tests.checks.fuzz.arguments.layers import Layer, Sizes, axes_of, layer, need, per_axis, word
from tests.checks.fuzz.arguments.names import MESH
from tests.checks.fuzz.arguments.numbers import MOST, Numbers, array, check_precision, linear, result_dtype

METHODS = ("auto", "matrix", "lax", "scatter", "vjp", "overlap_add", "polyphase")


def kernel_layer(kernel: np.ndarray, given: dict[str, Any]) -> Layer:
    need(kernel.ndim >= 2 and 0 not in kernel.shape)
    a = layer(kernel.shape[:-2], given)
    need(kernel.shape[-1] % a.groups == 0)
    return a


def need_countable(a: Layer, size: Sizes) -> None:
    """XLA counts positions on an axis in 32 bits."""
    padded = [i + max(lo, 0) + max(hi, 0) for i, (lo, hi) in zip(size, a.pads(size), strict=True)]
    out = a.forward(size)
    need(max((*out, *padded), default=1) < 2**31)
    need(max(math.prod(out), math.prod(padded)) < 2**48)


def spatial(image: np.ndarray, ch: int, ndim: int) -> Sizes:
    need(image.ndim >= ndim + 1 and image.shape[-1] == ch)
    size = image.shape[image.ndim - 1 - ndim : -1]
    need(0 not in size)
    return size


def conv(given: dict[str, Any]) -> Numbers:
    x, kernel = array(given["x"]), array(given["kernel"])
    a = kernel_layer(kernel, given)
    size = spatial(x, kernel.shape[-2] * a.groups, len(a.kernel))
    dtype = result_dtype(given.get("preferred_element_type"), x, kernel)
    need_countable(a, size)
    check_precision(given.get("precision"))
    return linear(a, x, kernel, size, False, dtype)


def conv_transpose(given: dict[str, Any]) -> Numbers:
    y, kernel = array(given["y"]), array(given["kernel"])
    a = kernel_layer(kernel, given)
    size = spatial(y, kernel.shape[-1], len(a.kernel))
    in_size = a.backward(size, given.get("output_padding"), given.get("output_size"))
    dtype = result_dtype(given.get("preferred_element_type"), y, kernel)
    need_countable(a, in_size)
    word(given.get("method", "auto"), METHODS)
    check_precision(given.get("precision"))
    return linear(a, y, kernel, in_size, True, dtype)


def sized_layer(given: dict[str, Any], size: str) -> tuple[Layer, Sizes]:
    ndim = axes_of(given[size], given["kernel_size"])
    a = layer(per_axis(given["kernel_size"], ndim, 1), given)
    return a, per_axis(given[size], ndim, 1)


def conv_output_size(given: dict[str, Any]) -> Sizes:
    a, size = sized_layer(given, "input_size")
    return a.forward(size)


def conv_transpose_output_size(given: dict[str, Any]) -> Sizes:
    a, size = sized_layer(given, "output_size")
    return a.backward(size, given.get("output_padding"))


def output_padding_for(given: dict[str, Any]) -> Sizes:
    a, size = sized_layer(given, "input_size")
    return tuple(i - n for i, n in zip(size, a.natural(a.forward(size)), strict=True))


def matrix(given: dict[str, Any]) -> Numbers:
    """Its rows by images of one 1 each."""
    kernel = array(given["kernel"])
    a = kernel_layer(kernel, given)
    size = per_axis(given["input_size"], len(a.kernel), 1)
    need_countable(a, size)
    in_ch = kernel.shape[-2] * a.groups
    columns = math.prod(size) * in_ch
    need(columns * math.prod(a.forward(size)) * kernel.shape[-1] < 2**31)
    if columns > 200:
        return Numbers((math.prod(a.forward(size)) * kernel.shape[-1], columns), kernel.dtype, None)
    unit = np.eye(columns, dtype=kernel.dtype).reshape(columns, *size, in_ch)
    result = linear(a, unit, kernel, size, False, kernel.dtype)
    flat = None if result.values is None else result.values.reshape(columns, -1).T
    return Numbers((math.prod(result.shape[1:]), columns), kernel.dtype, flat)


def axes_of_kernel(given: dict[str, Any]) -> int:
    return array(given["kernel"]).ndim - 2


Function = Callable[[dict[str, Any]], Numbers]


def on_mesh(function: Function) -> Callable[[dict[str, Any]], Numbers | None]:
    """The whole layer's promise, where it is cut along its first axis; else only how it may be refused."""

    def promised(given: dict[str, Any]) -> Numbers | None:
        whole, axes = function(given), axes_of_kernel(given)
        splits = [repr(kind(("rows", *[None] * (axes - 1)))) for kind in (tuple, list)]
        batch = {"None": 0, "'batch'": 1}.get(shown(given.get("batch")))
        fits = axes > 0 and batch is not None and len(whole.shape) - 1 - axes >= batch
        return whole if fits and shown(given["split"]) in splits and given["mesh"] is MESH else None

    return promised


def in_tiles(function: Function) -> Callable[[dict[str, Any]], Numbers | None]:
    """The whole layer's promise, with memory for a small one; else only how it may be refused."""

    def promised(given: dict[str, Any]) -> Numbers | None:
        whole = function(given)
        need(axes_of_kernel(given) > 0)
        reach = max(per_axis(given.get("dilation", 1), axes_of_kernel(given)))  # rows of a window grow with it
        enough = isinstance(given["memory"], int) and given["memory"] == 2**26 and reach < 1000
        return whole if enough and math.prod(whole.shape) < MOST else None

    return promised


SPECS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "jtconv.conv": conv,
    "jtconv.conv_transpose": conv_transpose,
    "jtconv.lax_only": conv_transpose,
    "jtconv.conv_output_size": conv_output_size,
    "jtconv.conv_transpose_output_size": conv_transpose_output_size,
    "jtconv.output_padding_for": output_padding_for,
    "jtconv.conv_matrix": matrix,
    "jtconv.spatial.conv": on_mesh(conv),
    "jtconv.spatial.conv_transpose": on_mesh(conv_transpose),
    "jtconv.spatial.tiled_conv": in_tiles(conv),
    "jtconv.spatial.tiled_conv_transpose": in_tiles(conv_transpose),
}
