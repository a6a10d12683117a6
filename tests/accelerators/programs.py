"""Programs that a worker compiles: layers whose caller has padded the image, or crops the result, itself."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from jtconv import conv, conv_transpose
from jtconv.bench.ahead._programs import Compilable


def causal_padded_by_hand() -> Compilable:
    """A dilated convolution of a signal that was padded before it."""

    def f(x: jax.Array, kernel: jax.Array) -> jax.Array:
        return conv(jnp.pad(x, ((0, 0), (8, 0), (0, 0))), kernel, dilation=4)

    return _compilable(f, ((2, 640, 48), (3, 48, 64)), 2 * 640 * 3 * 48 * 64)


def kernel_gradient_of_a_cropped_result() -> Compilable:
    """The kernel's gradient of FCN-32's upsampling, which the network crops."""

    def f(y: jax.Array, kernel: jax.Array, g: jax.Array) -> jax.Array:
        return jax.vjp(lambda w: conv_transpose(y, w, strides=32)[:, 19:243, 19:243], kernel)[1](g)[0]

    return _compilable(f, ((1, 8, 8, 12), (64, 64, 12, 12), (1, 224, 224, 12)), 64 * 64**2 * 12**2)


def _compilable(f: Callable[..., jax.Array], shapes: tuple[tuple[int, ...], ...], needed: int) -> Compilable:
    given = tuple(jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes)
    return Compilable(jax.jit(f), given, needed, 4 * sum(map(math.prod, shapes)))
