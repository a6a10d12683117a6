"""Layers that enlarge y (h, w, in_ch) `scale` times: linear maps, most of them with a kernel."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import jax
from jax import Array

from jtconv import conv, conv_transpose, explain

TAPS = 3  # of the convolutions before and after, per axis


@dataclass(frozen=True)
class Layer:
    """A map of y, (h, w, in_ch) -> (scale·h, scale·w, out_ch), for each kernel."""

    name: str
    kernel_shape: tuple[int, ...]  # (0,): nothing is learned
    apply: Callable[[Array, Array], Array]
    multiply_adds: int

    @property
    def parameters(self) -> int:
        return prod(self.kernel_shape)


def resize(y: Array, scale: int, method: str) -> Array:
    rows, columns, channels = y.shape
    return jax.image.resize(y, (scale * rows, scale * columns, channels), method)


def pixel_shuffle(y: Array, scale: int) -> Array:
    """(h, w, scale·scale·c) -> (scale·h, scale·w, c): the channels of a position become a block."""
    rows, columns, channels = y.shape
    blocks = y.reshape(rows, columns, scale, scale, channels // scale**2)
    return blocks.swapaxes(1, 2).reshape(scale * rows, scale * columns, -1)


def enlarge(y: Array, kernel: Array, scale: int, **more) -> Array:
    """The transposed convolution to exactly scale·h by scale·w: "SAME" crops k - scale of what lies around."""
    return conv_transpose(y, kernel, strides=scale, **{"padding": "SAME", **more})


def bilinear_taps(scale: int) -> int:
    """Kernel size of bilinear interpolation."""
    return 2 * scale - scale % 2


def fixed_layers(scale: int, size: tuple[int, int], channels: int) -> list[Layer]:
    """Nothing is learned, and each channel is for itself."""
    taps = explain(size, bilinear_taps(scale), strides=scale, padding="SAME", in_ch=1, out_ch=1, use_bias=False).costs
    assert taps is not None
    return [
        Layer("nearest", (0,), lambda y, _: resize(y, scale, "nearest"), 0),
        Layer("bilinear", (0,), lambda y, _: resize(y, scale, "linear"), channels * taps.multiply_adds),
    ]


def learned_layers(scale: int, size: tuple[int, int], in_ch: int, out_ch: int) -> list[Layer]:
    """A kernel each, without a bias."""

    def resized(name: str, method: str) -> Layer:
        large = scale * size[0], scale * size[1]
        shape, work = (TAPS, TAPS, in_ch, out_ch), products(large, TAPS, in_ch, out_ch)
        return Layer(name, shape, lambda y, w: conv(resize(y, scale, method), w, padding="SAME"), work)

    many = scale**2 * out_ch
    return [
        *(
            transposed_layer(k, scale, size, in_ch, out_ch)
            for k in dict.fromkeys((scale, scale + TAPS - 1, 2 * scale, TAPS * scale))
        ),
        resized(f"nearest, conv k{TAPS}", "nearest"),
        resized(f"bilinear, conv k{TAPS}", "linear"),
        Layer(
            f"conv k{TAPS}, pixel shuffle",
            (TAPS, TAPS, in_ch, many),
            lambda y, w: pixel_shuffle(conv(y, w, padding="SAME"), scale),
            products(size, TAPS, in_ch, many),
        ),
    ]


def transposed_layer(k: int, scale: int, size: tuple[int, int], in_ch: int, out_ch: int) -> Layer:
    """A transposed convolution with a kernel of k×k."""
    work = products(size, k, in_ch, out_ch, scale)
    return Layer(f"ConvTranspose k{k}", (k, k, out_ch, in_ch), lambda y, w: enlarge(y, w, scale), work)


def products(size: tuple[int, int], k: int, in_ch: int, out_ch: int, strides: int = 1) -> int:
    """Multiply-adds of a (transposed) convolution of something of `size`."""
    layer = explain(size, k, strides=strides, padding="SAME", in_ch=in_ch, out_ch=out_ch, use_bias=False)
    assert layer.costs is not None
    return layer.costs.multiply_adds
