"""Each layer as a matrix, against the transposed convolution that it should be."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from experiments.upsampling.layers import TAPS, Layer, bilinear_taps, enlarge, fixed_layers, learned_layers
from jtconv import conv_transpose
from jtconv.nn import bilinear

SIZE, IN_CH, OUT_CH = (6, 7), 2, 3


class Equal(NamedTuple):
    """Distance of two linear maps, as a share of their largest entry."""

    layer: str
    transposed: str
    inside: float
    border: float


def compare(scale: int, seed: int) -> list[Equal]:
    """A line for each layer and what it is held against."""
    rng = np.random.default_rng(seed)
    nearest, interpolated = fixed_layers(scale, SIZE, IN_CH)
    *_, resized, _, shuffled = learned_layers(scale, SIZE, IN_CH, OUT_CH)
    w, v = (jnp.asarray(rng.standard_normal(layer.kernel_shape), jnp.float32) for layer in (resized, shuffled))
    ones = jnp.ones((scale, scale, 1, IN_CH))
    k = bilinear_taps(scale)
    hat = bilinear(IN_CH)(None, (k, k, 1, IN_CH))  # each channel is a group

    def alone(kernel: Array, **more) -> Callable[[Array], Array]:
        return lambda y: enlarge(y, kernel, scale, groups=IN_CH, **more)

    def divided(y: Array) -> Array:
        return alone(hat)(y) / alone(hat)(jnp.ones_like(y))

    same_size = {"padding": (k - scale) // 2, "output_size": [scale * n for n in SIZE]}
    by_kernel = {
        (nearest, f"k{scale}, ones"): alone(ones),
        (interpolated, f"k{k}, bilinear"): alone(hat),
        (interpolated, f'k{k}, bilinear, padding_mode="replicate"'): alone(hat, padding_mode="replicate", **same_size),
        (interpolated, f"k{k}, bilinear, over Cᵀ1"): divided,
        (resized, f"k{scale + TAPS - 1}, merged kernel"): lambda y: enlarge(y, merged(w, scale), scale),
        (shuffled, f"k{TAPS * scale}, rearranged kernel"): lambda y: enlarge(y, rearranged(v, scale), scale),
    }
    kernels = {resized: w, shuffled: v}

    def with_kernel(layer: Layer) -> Callable[[Array], Array]:
        return lambda y: layer.apply(y, kernels.get(layer, jnp.zeros(0)))

    return [
        equal(layer.name, words, with_kernel(layer), transposed, scale)
        for (layer, words), transposed in by_kernel.items()
    ]


def merged(kernel: Array, scale: int) -> Array:
    """Return the one kernel of repeating each value and convolving: (k+scale-1, k+scale-1, out, in).

    A block of ones is placed at each tap, scaled by it: itself a transposed convolution of the
    kernel, flipped as a convolution reads what a transposed one writes.
    """
    flat = kernel[::-1, ::-1].reshape(*kernel.shape[:2], -1)
    blocks = conv_transpose(flat, jnp.ones((scale, scale, 1, flat.shape[-1])), groups=flat.shape[-1])
    return blocks.reshape(*blocks.shape[:2], *kernel.shape[2:]).swapaxes(2, 3)


def rearranged(kernel: Array, scale: int) -> Array:
    """Return the one kernel of a convolution whose result is shuffled.

    (k, k, in, scale·scale·out) -> (k·scale, k·scale, out, in). Position r of a block sees tap t of the
    convolution at tap (k - 1 - t)·scale + r of this kernel.
    """
    k, _, in_ch, many = kernel.shape
    taps = kernel[::-1, ::-1].reshape(k, k, in_ch, scale, scale, many // scale**2)
    return taps.transpose(0, 3, 1, 4, 5, 2).reshape(k * scale, k * scale, -1, in_ch)


def equal(layer: str, transposed: str, f: Callable[[Array], Array], g: Callable[[Array], Array], scale: int) -> Equal:
    a, b = as_matrix(f), as_matrix(g)
    difference = np.abs(a - b) / np.abs(a).max()
    inner = tuple(slice(scale, -scale) for _ in SIZE)
    inside = difference[inner].max()
    difference[inner] = 0
    return Equal(layer, transposed, float(inside), float(difference.max()))


def as_matrix(f: Callable[[Array], Array]) -> NDArray[np.float32]:
    """(rows, columns, out_ch, SIZE·IN_CH): the images of the unit vectors, last axis."""
    count = SIZE[0] * SIZE[1] * IN_CH
    unit_vectors = jnp.eye(count).reshape(count, *SIZE, IN_CH)
    return np.asarray(jax.jit(jax.vmap(f, out_axes=-1))(unit_vectors))
