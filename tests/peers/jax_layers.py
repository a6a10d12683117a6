"""Layers in the words of lax, flax, equinox and haiku: a grid of one axis, then random draws by number.

Every layer of a peer has a number, so that a run takes the same ones each time. About one draw in
eight holds a mistake, which the peer refuses.
"""

import itertools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from agreement import normal

LARGEST = {0: 1, 1: 6, 2: 4, 3: 3}  # kernels and inputs, by the number of spatial axes


@dataclass(frozen=True)
class Drawn:
    """The arrays and the arguments of one layer, as the peer takes them, and how many products one number sums."""

    arrays: tuple[jax.Array, ...]
    arguments: dict[str, Any]
    terms: int


class Draw:
    """Random choices for one layer."""

    def __init__(self, number: int):
        self.rng = np.random.default_rng(number)
        self.ndim = self.one([0, 1, 1, 1, 2, 2, 3])

    def one(self, options: Any) -> Any:
        """One of `options`."""
        return options[self.rng.integers(len(options))]

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def each(self, low: int, high: int) -> tuple[int, ...]:
        """An int per spatial axis."""
        return tuple(int(v) for v in self.rng.integers(low, high + 1, self.ndim))

    def pairs(self, low: int, high: int) -> tuple[tuple[int, int], ...]:
        return tuple(zip(self.each(low, high), self.each(low, high), strict=True))

    def int_or_each(self, low: int, high: int) -> Any:
        """An int, or one per spatial axis, as most peers take either."""
        return self.each(low, high) if self.chance(0.6) else int(self.rng.integers(low, high + 1))

    def sizes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Sizes of the input and of the kernel."""
        largest = LARGEST[self.ndim]
        return self.each(1, largest), self.each(1, largest)

    def dtype(self) -> Any:
        """Mostly float64, whose rounding hides nothing."""
        rare = [jnp.float32, jnp.bfloat16, jnp.float16, jnp.complex64, jnp.complex128]
        return self.one(rare) if self.chance(0.3) else jnp.float64

    def array(self, shape: Any, dtype: Any) -> jax.Array:
        return normal(self.rng, shape, dtype)


def lax_layer(number: int) -> Drawn:
    grid = list(
        itertools.product((1, 2, 3, 4, 5), (1, 2, 3, 4), (1, 2), ("SAME", "VALID", ((0, 0),), ((1, 2),)), (0, 1))
    )
    if number < len(grid):
        k, s, d, padding, transposed = grid[number]
        draw = Draw(number)
        return Drawn(
            (draw.array((2, 4, 3), jnp.float64), draw.array((k, 2, 3) if transposed else (k, 3, 2), jnp.float64)),
            {"strides": (s,), "padding": padding, "rhs_dilation": (d,), "transpose_kernel": bool(transposed)},
            terms=k * 3 * 40,
        )
    return _random_lax_layer(Draw(number))


def _random_lax_layer(draw: Draw) -> Drawn:
    size, k = draw.sizes()
    y_ch, x_ch, n = (int(v) for v in draw.rng.integers(1, 4, 3))
    dtype, transposed = draw.dtype(), draw.chance(0.5)
    arguments = {
        "strides": draw.each(1, 4),
        "padding": draw.one(["SAME", "VALID", draw.pairs(0, 5), draw.pairs(0, 5)]),
        "rhs_dilation": draw.one([None, draw.each(1, 3)]),
        "transpose_kernel": transposed,
        "precision": draw.one([None, None, "highest", jax.lax.Precision.HIGH, ("default", "highest")]),
        "use_consistent_padding": draw.chance(0.3),
    }
    if dtype is jnp.float64 and draw.chance(0.3):  # XLA crops wrongly in float32, on the CPU
        arguments["padding"] = draw.pairs(-3, 5)
    if draw.chance(0.1):
        arguments["padding"] = draw.one(["same", "valid", "SAME_LOWER", "Same_Lower"])
    wider = {jnp.bfloat16: jnp.float32, jnp.float32: jnp.float64, jnp.complex64: jnp.complex128}
    if draw.chance(0.5):
        arguments["preferred_element_type"] = wider.get(dtype)
    lhs = draw.array((n, *size, y_ch), dtype)
    rhs = draw.array((*k, x_ch, y_ch) if transposed else (*k, y_ch, x_ch), dtype)
    if draw.chance(0.4):
        arguments["dimension_numbers"], lhs, rhs = _in_any_order(draw, lhs, rhs)
    terms = int(np.prod(k)) * max(x_ch, y_ch) + n * 50**draw.ndim
    layer = Drawn((lhs, rhs), arguments, terms)
    return _with_a_mistake(draw, layer, _LAX_MISTAKES) if draw.chance(0.12) else layer


def _in_any_order(draw: Draw, lhs: jax.Array, rhs: jax.Array) -> tuple[Any, jax.Array, jax.Array]:
    """Random dimension numbers, and the arrays (N, *size, C) and (*k, I, O) with their axes in that order.

    The spatial axes keep the order of the kernel's, which is that of strides and padding.
    """
    space = "DHW"[: draw.ndim]
    names = [f"N{space}C", f"{space}IO", f"N{space}C"]
    image, out = ("".join(draw.rng.permutation(list(name))) for name in (names[0], names[2]))
    channels = sorted(draw.rng.choice(draw.ndim + 2, 2, replace=False))
    kernel = list(space)
    for place, letter in zip(channels, draw.rng.permutation(["I", "O"]), strict=True):
        kernel.insert(place, letter)
    specs = (image, "".join(kernel), out)
    lhs = lhs.transpose([names[0].index(c) for c in image])
    rhs = rhs.transpose([names[1].index(c) for c in specs[1]])
    numbers = specs if draw.chance(0.5) else jax.lax.conv_dimension_numbers(lhs.shape, rhs.shape, specs)
    return numbers, lhs, rhs


def flax_layer(number: int) -> Drawn:
    """The arrays are inputs, kernel and, if there is one, bias."""
    grid = list(itertools.product((1, 2, 3, 4, 5, 6), (1, 2, 3, 4, 5), (1, 2), (1, 2, 4), (False, True)))
    draw = Draw(number)
    if number < len(grid):
        k, s, d, size, transposed = grid[number]
        arguments = {"strides": s, "kernel_dilation": d, "padding": "CIRCULAR", "transpose_kernel": transposed}
        arrays = (
            draw.array((2, size, 3), jnp.float64),
            draw.array((k, 2, 3) if transposed else (k, 3, 2), jnp.float64),
        )
        return Drawn(arrays, arguments, terms=9 * k)
    draw.ndim = max(draw.ndim, 1)
    size, k = draw.sizes()
    y_ch, x_ch = (int(v) for v in draw.rng.integers(1, 4, 2))
    dtype, transposed = draw.dtype(), draw.chance(0.5)
    mixed = [int(p) if draw.chance(0.5) else pair for p, pair in zip(draw.each(0, 4), draw.pairs(0, 4), strict=True)]
    arguments = {
        "strides": draw.one([None, draw.int_or_each(1, 4)]),
        "padding": draw.one(["SAME", "VALID", "CIRCULAR", "CIRCULAR", int(draw.rng.integers(0, 4)), mixed]),
        "kernel_dilation": draw.one([None, draw.int_or_each(1, 3)]),
        "transpose_kernel": transposed,
        "precision": draw.one([None, "highest"]),
    }
    if draw.chance(0.1):
        arguments["padding"] = draw.one(["CAUSAL", "same", "SAME_LOWER", "circular", "REFLECT"])
    batch = draw.one([(), (2,), (2,), (2, 3), (1, 2, 2)])
    kernel_shape = (*k, x_ch, y_ch) if transposed else (*k, y_ch, x_ch)
    if draw.chance(0.3):
        arguments["mask"] = draw.rng.integers(0, 2, kernel_shape)
    if draw.chance(0.3):
        arguments["dtype"] = draw.one([jnp.float32, jnp.bfloat16, jnp.complex64, jnp.int32])
    if draw.chance(0.2):
        arguments["preferred_element_type"] = draw.one([jnp.float64, jnp.float32])
    arrays = [draw.array((*batch, *size, y_ch), draw.one([dtype, jnp.float32])), draw.array(kernel_shape, dtype)]
    if draw.chance(0.5):
        arrays.append(draw.array((x_ch,), draw.one([dtype, jnp.float32])))
    layer = Drawn(tuple(arrays), arguments, int(np.prod(k)) * y_ch + 4 ** len(k))
    return _with_a_mistake(draw, layer, _FLAX_MISTAKES) if draw.chance(0.05) else layer


def equinox_layer(number: int) -> Drawn:
    """The arrays are x, weight and, if there is one, bias."""
    draw = Draw(number)
    size, k = draw.sizes()
    groups = draw.one([1, 1, 2, 3])
    y_per, x_per = (int(v) for v in draw.rng.integers(1, 3, 2))
    circular = draw.chance(0.3)
    strides = draw.int_or_each(1, 4)
    mixed = [draw.int_or_each(0, 3), draw.pairs(0, 3), draw.pairs(-2, 3)]
    arguments = {
        "stride": strides,
        "padding": draw.one(["SAME", "SAME_LOWER"] if circular else ["SAME", "same_lower", "VALID", *mixed]),
        "output_padding": draw.one([0, 0, draw.int_or_each(0, 1), draw.int_or_each(-1, 3)]),
        "dilation": draw.int_or_each(1, 3),
        "groups": groups,
        "padding_mode": "circular" if circular else draw.one(["ZEROS", "zeros"]),
    }
    if draw.chance(0.1):
        arguments |= draw.one(
            [{"padding_mode": "REFLECT"}, {"padding": "CAUSAL"}, {"padding": (1,) * (draw.ndim + 1)}, {"stride": 0}]
        )
    dtype = jnp.float64 if draw.chance(0.7) else draw.one([jnp.float32, jnp.complex128])
    if dtype is jnp.float32 and arguments["padding"] == mixed[2]:  # XLA crops wrongly in float32, on the CPU
        dtype = jnp.float64
    arrays = [draw.array((y_per * groups, *size), dtype), draw.array((x_per * groups, y_per, *k), dtype)]
    if draw.chance(0.1):
        arrays[draw.one([0, 1])] = draw.array((y_per * groups + 1, *size), jnp.float32)
    if draw.chance(0.5):
        arrays.append(draw.array((x_per * groups, *(1,) * draw.ndim), dtype))
    return Drawn(tuple(arrays), arguments, int(np.prod(k)) * y_per + 4**draw.ndim)


def haiku_layer(number: int) -> Drawn:
    """The arrays are inputs, w and, if there is one, b."""
    draw = Draw(number)
    draw.ndim = max(draw.ndim, 1)
    size, k = draw.sizes()
    y_ch, x_ch = (int(v) for v in draw.rng.integers(1, 4, 2))
    strides = draw.each(1, 4)
    arguments: dict[str, Any] = {
        "stride": draw.one([strides, strides, strides[0], strides[:1]]),
        "padding": draw.one(["SAME", "VALID", draw.pairs(0, 4)]),
        "data_format": draw.one(["channels_last", "channels_first", "N...C", "NC...", "NHWC", "NCHW", "BTHWD", "HWC"]),
        "precision": draw.one([None, "highest"]),
    }
    if draw.chance(0.5):
        more = draw.each(-1, 3)
        arguments["output_shape"] = tuple(s * o + m for s, o, m in zip(strides, size, more, strict=True))
    if draw.chance(0.3):
        arguments["mask"] = draw.rng.integers(0, 2, (*k, x_ch, y_ch)).astype(np.float64)
    if draw.chance(0.05):
        arguments |= draw.one([{"padding": "REFLECT"}, {"stride": 0}, {"mask": np.ones(3)}, {"stride": (1, 2, 3, 4)}])
    batch = draw.one([(), (2,), (2,), (2, 3)]) if draw.chance(0.2) else (2,)
    first = arguments["data_format"] in ("channels_first", "NC...", "NCHW")
    shape = (*batch, y_ch, *size) if first else (*batch, *size, y_ch)
    dtype = draw.one([jnp.float64, jnp.float64, jnp.float32])
    arrays = [draw.array(shape, dtype), draw.array((*k, x_ch, y_ch), dtype)]
    if draw.chance(0.5):
        arrays.append(draw.array((x_ch, *(1,) * (draw.ndim if first else 0)), dtype))
    return Drawn(tuple(arrays), arguments, int(np.prod(k)) * y_ch + 4)


def _with_a_mistake(draw: Draw, layer: Drawn, mistakes: list[dict[str, Any]]) -> Drawn:
    """One argument replaced, or the kernel given one channel more."""
    if draw.chance(0.2):
        other = jnp.concatenate([layer.arrays[1], layer.arrays[1]], axis=-1)
        return Drawn((layer.arrays[0], other, *layer.arrays[2:]), layer.arguments, layer.terms)
    return Drawn(layer.arrays, layer.arguments | draw.one(mistakes), layer.terms)


_LAX_MISTAKES = [
    {"strides": 2},
    {"strides": (2, 2, 2, 2)},
    {"strides": (0, 1, 1)},
    {"padding": "CIRCULAR"},
    {"padding": 1},
    {"padding": ((1, 2), (3, 4), (5, 6), (7, 8))},
    {"padding": (1, 2)},
    {"padding": ((1.5, 2),)},
    {"rhs_dilation": 2},
    {"rhs_dilation": (1, 1, 1, 1)},
    {"dimension_numbers": ("NHC", "HIO")},
    {"dimension_numbers": ("NNC", "HIO", "NHC")},
    {"dimension_numbers": ("NWC", "HIO", "NHC")},
    {"precision": "often"},
    {"preferred_element_type": jnp.bfloat16},
    {"preferred_element_type": jnp.int64},
]
_FLAX_MISTAKES = [
    {"strides": (1, 2, 3, 4)},
    {"strides": 0},
    {"padding": (1, 2, 3, 4)},
    {"padding": 1.5},
    {"kernel_dilation": (1, 1, 1, 1)},
    {"mask": np.ones((2, 1))},
    {"precision": "often"},
    {"dtype": jnp.int32},
]
