"""Arguments of a layer as integers, or refused, as the documentation says; written a second time."""

import math
import operator
from typing import Any, NamedTuple

import numpy as np

NAMES = ("VALID", "SAME", "SAME_LOWER", "CAUSAL", "ANTICAUSAL")
MODES = {"zeros": "constant", "circular": "wrap", "reflect": "reflect", "replicate": "edge"}
Sizes = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]


class Refused(Exception):
    """No such layer."""


def need(holds: Any) -> None:
    if not holds:
        raise Refused


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
    """Tell whether a value has entries by number: a tuple, list, range or array."""
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
        if self.padding == "ANTICAUSAL":
            return 0, extra
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
        if self.padding in ("SAME", "SAME_LOWER", "ANTICAUSAL"):
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
