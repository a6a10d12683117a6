"""Random layers for the comparisons with peers, and the bound that two right answers keep."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import jtconv

# Every example compiles twice or more, so the comparisons draw few of the usual number. They jit
# whole functions: compiling operation by operation takes several times as long.
few_examples = settings(max_examples=max(settings().max_examples // 25, 1))


@dataclass(frozen=True)
class Layer:
    """A transposed convolution from y (batch, *y_size, y_ch) to x (batch, *x_size, x_ch)."""

    y_size: tuple[int, ...]
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    output_padding: tuple[int, ...]
    groups: int = 1
    x_ch: int = 2
    y_ch: int = 3
    batch: int = 2
    seed: int = 0
    rng: np.random.Generator = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        object.__setattr__(self, "rng", np.random.default_rng(self.seed))

    @property
    def ndim(self) -> int:
        return len(self.kernel_size)

    @property
    def x_size(self) -> tuple[int, ...]:
        sizes = zip(
            self.y_size, self.kernel_size, self.strides, self.dilation, self.padding,
            self.output_padding, strict=True,
        )  # fmt: skip
        return tuple(s * (o - 1) + d * (k - 1) + 1 - sum(p) + a for o, k, s, d, p, a in sizes)

    @property
    def terms(self) -> int:
        """The most products that are added up in one number, in either direction."""
        return math.prod(self.kernel_size) * max(self.x_ch, self.y_ch) // self.groups

    def draw_x(self) -> np.ndarray:
        return self.rng.standard_normal((self.batch, *self.x_size, self.x_ch))

    def draw_y(self) -> np.ndarray:
        return self.rng.standard_normal((self.batch, *self.y_size, self.y_ch))

    def draw_kernel(self) -> np.ndarray:
        return self.rng.standard_normal((*self.kernel_size, self.x_ch // self.groups, self.y_ch))


@st.composite
def layers(draw, *, symmetric=True, max_groups=3, max_dilation=3) -> Layer:
    """Layers of 1 to 3 spatial axes, with sizes that differ from axis to axis where they can.

    `symmetric` pads alike on both sides; else each side has its own padding.
    """
    ndim = draw(st.integers(1, 3))
    y_size = draw(st.permutations([3, 4, 5, 2]))[:ndim]
    kernel_size = draw(st.permutations([1, 2, 3, 4]))[:ndim]
    strides, dilation, padding, output_padding = [], [], [], []
    for o, k in zip(y_size, kernel_size, strict=True):
        s = draw(st.integers(1, 4))
        d = draw(st.integers(1, max_dilation))
        a = draw(st.integers(0, s - 1))
        room = s * (o - 1) + d * (k - 1) + a  # the result keeps at least one pixel
        lo = draw(st.integers(0, min(room // 2, 4)))
        hi = lo if symmetric else draw(st.integers(0, min(room - lo, 4)))
        strides.append(s)
        dilation.append(d)
        padding.append((lo, hi))
        output_padding.append(a)
    groups = draw(st.integers(1, max_groups))
    x_ch, y_ch = draw(st.permutations([groups, 2 * groups, 3 * groups]))[:2]
    return Layer(
        tuple(y_size),
        tuple(kernel_size),
        tuple(strides),
        tuple(dilation),
        tuple(padding),
        tuple(output_padding),
        groups=groups,
        x_ch=x_ch,
        y_ch=y_ch,
        batch=draw(st.sampled_from([1, 6])),
        seed=draw(st.integers(0, 2**32 - 1)),
    )


def channels_first(x: np.ndarray) -> np.ndarray:
    """(batch, *size, ch) as (batch, ch, *size)."""
    return np.ascontiguousarray(np.moveaxis(x, -1, 1))


def channels_last(x: np.ndarray) -> np.ndarray:
    """(batch, ch, *size) as (batch, *size, ch)."""
    return np.moveaxis(np.asarray(x), 1, -1)


def channels_leading(kernel: np.ndarray) -> np.ndarray:
    """(*k, in_ch // groups, out_ch) as (out_ch, in_ch // groups, *k)."""
    return np.ascontiguousarray(np.moveaxis(kernel, (-1, -2), (0, 1)))


def flip(kernel: np.ndarray) -> np.ndarray:
    """The kernel with every spatial axis reversed."""
    return np.flip(kernel, axis=tuple(range(kernel.ndim - 2)))


def swap_channels(kernel: np.ndarray, groups: int) -> np.ndarray:
    """(*k, x_ch // groups, y_ch) as (*k, y_ch // groups, x_ch): each group's block transposed."""
    *size, x_ch, y_ch = kernel.shape
    blocks = kernel.reshape(*size, x_ch, groups, y_ch // groups)
    return np.moveaxis(blocks, (-1, -3), (-3, -1)).reshape(*size, y_ch // groups, groups * x_ch)


def assert_same_up_to_rounding(ours, theirs, abs_terms, terms: int):
    """Two float64 sums of the same `terms` products: |ours - theirs| <= 2 n eps sum|products|.

    Each is within n eps sum|products| of the exact sum, whatever the order of adding.
    """
    ours, theirs, abs_terms = (np.asarray(a) for a in (ours, theirs, abs_terms))
    assert ours.dtype == theirs.dtype == np.float64
    assert ours.shape == theirs.shape == abs_terms.shape
    excess = np.abs(ours - theirs) - 2 * terms * np.finfo(np.float64).eps * abs_terms
    assert excess.max() <= 0, f"{excess.max():.3g} over the rounding bound"


def assert_conv_transpose_agrees(
    layer: Layer, theirs: Callable[[Any, Any], Any], *, size_of_theirs: bool = False, images: int = 1, **geometry
):
    """Ours against `theirs`, a function of y and the kernel in our layouts, for random arrays.

    `size_of_theirs` passes the size of their result as `output_size`. `images` is how often a product
    may be counted where padding is folded back.
    """
    y, kernel = layer.draw_y(), layer.draw_kernel()
    x = np.asarray(theirs(y, kernel))
    if size_of_theirs:
        geometry["output_size"] = x.shape[1:-1]
    given = {"strides": layer.strides, "dilation": layer.dilation, "groups": layer.groups} | geometry
    ours = jtconv.conv_transpose(y, kernel, **given)
    assert_same_up_to_rounding(ours, x, theirs(abs(y), abs(kernel)), images * layer.terms)
