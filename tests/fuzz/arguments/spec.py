"""What the documentation says of sizes and numbers, written a second time: integers, NumPy, plain loops."""

import itertools
import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jtconv._geometry.arguments import shown
from tests.fuzz.arguments.names import MESH

NAMES = ("VALID", "SAME", "SAME_LOWER", "CAUSAL")
MODES = {"zeros": "constant", "circular": "wrap", "reflect": "reflect", "replicate": "edge"}
METHODS = ("auto", "matrix", "lax", "scatter", "vjp", "overlap_add", "polyphase")
Sizes = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]


class Refused(Exception):
    """No such layer."""


def need(holds: Any) -> None:
    if not holds:
        raise Refused


# --- arguments -------------------------------------------------------------------------------


def integer(value: Any, least: int = -(2**31) + 1) -> int:
    need(not isinstance(value, bool | np.bool_))
    need(getattr(value, "dtype", None) != np.bool_)
    try:
        number = operator.index(value)
    except TypeError:
        raise Refused from None
    need(least <= number < 2**31)
    return number


def is_list(value: Any) -> bool:
    """Whether it has entries by number: a tuple, list, range or array."""
    if isinstance(value, str | bytes | dict) or getattr(value, "shape", None) == ():
        return False
    return hasattr(value, "__len__") and hasattr(value, "__getitem__")


def per_axis(value: Any, ndim: int, least: int = -(2**31) + 1) -> Sizes:
    if not is_list(value):
        return (integer(value, least),) * ndim
    need(len(value) == ndim)
    return tuple(integer(v, least) for v in value)


def word(value: Any, allowed: Any) -> str:
    need(isinstance(value, str) and value in allowed)
    return str(value)


def padding_of(value: Any, ndim: int) -> str | Pads:
    if isinstance(value, str):
        return word(value.upper(), NAMES)
    if not is_list(value):
        both = integer(value)
        return ((both, both),) * ndim
    need(len(value) == ndim)
    return tuple(pair(v) for v in value)


def pair(value: Any) -> tuple[int, int]:
    if not is_list(value):
        both = integer(value)
        return both, both
    need(len(value) == 2)
    return integer(value[0]), integer(value[1])


# --- layers ----------------------------------------------------------------------------------


class Layer(NamedTuple):
    """A convolution, every entry once per axis."""

    kernel: Sizes
    strides: Sizes
    padding: str | Pads
    dilation: Sizes
    groups: int
    mode: str

    def pads(self, size: Sizes) -> Pads:
        return tuple(self.axis_pads(axis, i) for axis, i in enumerate(size))

    def axis_pads(self, axis: int, i: int) -> tuple[int, int]:
        s, extra = self.strides[axis], self.dilation[axis] * (self.kernel[axis] - 1)
        if not isinstance(self.padding, str):
            return self.padding[axis]
        if self.padding == "VALID":
            return 0, 0
        if self.padding == "CAUSAL":
            return extra, 0
        total = max(0, (math.ceil(i / s) - 1) * s + extra + 1 - i)
        small = total // 2
        return (total - small, small) if self.padding == "SAME_LOWER" else (small, total - small)

    def forward(self, size: Sizes) -> Sizes:
        """C's output size."""
        result = []
        for axis, (i, (lo, hi)) in enumerate(zip(size, self.pads(size), strict=True)):
            need(i >= 1)
            span = i + lo + hi - self.dilation[axis] * (self.kernel[axis] - 1) - 1
            need(span >= 0)
            need(i + min(lo, hi) >= 1)
            need(not (self.mode == "reflect" and i == 1 and max(lo, hi) > 0))
            result.append(span // self.strides[axis] + 1)
        return tuple(result)

    def natural(self, size: Sizes) -> Sizes:
        """The transposed size that output_padding counts from."""
        if self.padding in ("SAME", "SAME_LOWER"):
            return tuple(s * o for s, o in zip(self.strides, size, strict=True))
        pads = self.pads((0,) * len(size))
        each = zip(self.strides, size, self.dilation, self.kernel, pads, strict=True)
        return tuple(s * (o - 1) + d * (k - 1) + 1 - lo - hi for s, o, d, k, (lo, hi) in each)

    def backward(self, size: Sizes, a: Any = None, target: Any = None) -> Sizes:
        """Cᵀ's output size; `a` and `target` as given."""
        ndim = len(size)
        need(a is None or target is None)
        if target is None:
            more = per_axis(0 if a is None else a, ndim)
            result = tuple(n + x for n, x in zip(self.natural(size), more, strict=True))
        else:
            result = per_axis(target, ndim)
        need(all(1 <= i < 2**31 for i in result))
        for axis, (i, o) in enumerate(zip(result, size, strict=True)):
            lo, hi = self.axis_pads(axis, i)
            need((i + lo + hi - self.dilation[axis] * (self.kernel[axis] - 1) - 1) // self.strides[axis] + 1 == o)
        return result


def layer(kernel: Sizes, given: dict[str, Any]) -> Layer:
    ndim = len(kernel)
    return Layer(
        kernel,
        per_axis(given.get("strides", 1), ndim, 1),
        padding_of(given.get("padding", "VALID"), ndim),
        per_axis(given.get("dilation", 1), ndim, 1),
        integer(given.get("groups", 1), 1),
        word(given.get("padding_mode", "zeros"), MODES),
    )


def axes_of(*sizes: Any) -> int:
    result = max(len(size) if is_list(size) else 1 for size in sizes)
    need(result <= 64)
    return result


# --- arrays ----------------------------------------------------------------------------------


class Numbers(NamedTuple):
    """A result, exact where `values` is; the numbers do not matter where it is None."""

    shape: Sizes
    dtype: Any
    values: np.ndarray | None


def array(value: Any) -> np.ndarray:
    """As JAX holds it, if it is one of floats."""
    need(not endless(value))
    try:
        held = jnp.asarray(value)
        need(jnp.issubdtype(held.dtype, jnp.inexact))
        return np.asarray(held)
    except (TypeError, ValueError, OverflowError, MemoryError, RecursionError, AttributeError):
        raise Refused from None


def endless(value: Any, depth: int = 0) -> bool:
    """Whether lists are nested too deeply, such as one in itself: JAX leaves Python no stack after that."""
    return isinstance(value, list | tuple) and (depth > 64 or any(endless(v, depth + 1) for v in value))


def floating(value: Any) -> Any:
    try:
        dtype = jnp.dtype(value)
    except (TypeError, ValueError):
        raise Refused from None
    need(jnp.issubdtype(dtype, jnp.inexact))
    promoted(dtype)
    return jax.dtypes.canonicalize_dtype(dtype)


def promoted(*dtypes: Any) -> Any:
    try:
        return jnp.result_type(*dtypes)
    except (TypeError, ValueError):
        raise Refused from None


def result_dtype(preferred: Any, *arrays: np.ndarray) -> Any:
    with jax.numpy_dtype_promotion("standard"):
        common = promoted(*arrays)
    if preferred is None:
        return common
    dtype = floating(preferred)
    with jax.numpy_dtype_promotion("standard"):
        promoted(common, dtype)
    need(not (jnp.issubdtype(common, jnp.complexfloating) and not jnp.issubdtype(dtype, jnp.complexfloating)))
    return dtype


PRECISIONS = ("default", "high", "highest", "bfloat16", "tensorfloat32", "float32", "fastest")


def check_precision(value: Any) -> None:
    entries = value if isinstance(value, tuple | list) else (value,)
    if value is None:
        return
    need(len(entries) in (1, 2))
    for entry in entries:
        need(isinstance(entry, jax.lax.Precision) or (isinstance(entry, str) and entry in PRECISIONS))


def sources(i: int, pads: tuple[int, int], mode: str) -> list[int]:
    """For each position of the padded line, the input position that it copies; -1 where it is zero."""
    lo, hi = pads
    options = {"constant_values": -1} if mode == "zeros" else {}
    line = np.pad(np.arange(i), (max(lo, 0), max(hi, 0)), mode=MODES[mode], **options)  # pyright: ignore (a str in general)
    return line[max(-lo, 0) : len(line) - max(-hi, 0)].tolist()


def meetings(a: Layer, in_size: Sizes, out_size: Sizes) -> Any:
    """(output position, tap, input position), for all that meet."""
    lines = [sources(i, p, a.mode) for i, p in zip(in_size, a.pads(in_size), strict=True)]
    for o in itertools.product(*map(range, out_size)):
        for t in itertools.product(*map(range, a.kernel)):
            at = tuple(line[s * p + d * q] for line, s, p, d, q in zip(lines, a.strides, o, a.dilation, t, strict=True))
            if min(at, default=0) >= 0:
                yield o, t, at


def block_diagonal(kernel: np.ndarray, groups: int) -> np.ndarray:
    """(*k, in // g, out) -> (*k, in, out), zero between groups."""
    *k, i, o = kernel.shape
    result = np.zeros((*k, i * groups, o), kernel.dtype)
    for g in range(groups):
        out = slice(g * (o // groups), (g + 1) * (o // groups))
        result[..., g * i : (g + 1) * i, out] = kernel[..., out]
    return result


def wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.complex128 if jnp.issubdtype(x.dtype, jnp.complexfloating) else np.float64)


MOST = 20_000  # products of arrays


def linear(a: Layer, image: np.ndarray, kernel: np.ndarray, in_size: Sizes, transposed: bool, dtype: Any) -> Numbers:
    """C or Cᵀ of an image (*batch, *size, ch)."""
    ndim = len(in_size)
    out_size = a.forward(in_size)
    batch = image.shape[: image.ndim - 1 - ndim]
    size, ch = (in_size, kernel.shape[-2] * a.groups) if transposed else (out_size, kernel.shape[-1])
    shape = (*batch, *size, ch)
    inexact = jnp.finfo(dtype).bits < 16 or not all(np.isfinite(wide(x)).all() for x in (image, kernel))
    if inexact or math.prod(out_size) * math.prod(a.kernel) > MOST or math.prod(size) > MOST:
        return Numbers(shape, dtype, None)
    full, image = block_diagonal(wide(kernel), a.groups), wide(image)
    result = np.zeros(shape, np.result_type(full, image))
    for o, t, at in meetings(a, in_size, out_size):
        if transposed:
            result[(..., *at, slice(None))] += image[(..., *o, slice(None))] @ full[t].T
        else:
            result[(..., *o, slice(None))] += image[(..., *at, slice(None))] @ full[t]
    return Numbers(shape, dtype, result)


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


# --- functions -------------------------------------------------------------------------------


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
    "jtconv.conv_output_size": conv_output_size,
    "jtconv.conv_transpose_output_size": conv_transpose_output_size,
    "jtconv.output_padding_for": output_padding_for,
    "jtconv.conv_matrix": matrix,
    "jtconv.spatial.conv": on_mesh(conv),
    "jtconv.spatial.conv_transpose": on_mesh(conv_transpose),
    "jtconv.spatial.tiled_conv": in_tiles(conv),
    "jtconv.spatial.tiled_conv_transpose": in_tiles(conv_transpose),
}
