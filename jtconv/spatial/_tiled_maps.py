"""C, Cᵀ and the kernel's gradient tile by tile: bilinear maps that are each other's derivatives.

Each runs a map of `jtconv._primitives.family` on one tile after the other. Because they are primitives,
no derivative keeps the arrays of a tile, and all stay within the same bound.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays.checks import Precision, accumulator
from jtconv._arrays.sharding import typed_alike, zeros_varying_like
from jtconv._compute.implementation import Request
from jtconv._geometry.spec import ConvSpec
from jtconv._primitives import family
from jtconv._primitives.bilinear_primitive import bilinear_primitive, link_derivatives
from jtconv._primitives.family import forward_shape, kernel_gradient_shape, transposed_shape
from jtconv.spatial._tile_plan import TilePlan, tile_plan
from jtconv.spatial._tile_rows import add_window, as_bits, from_bits, new_outputs, put_outputs, read_window


def forward(x: Array, kernel: Array, spec: ConvSpec, precision: Precision, memory: int) -> Array:
    """C x."""
    return _forward_p.bind(*typed_alike(x, kernel, "xwy", spec), spec=spec, precision=precision, memory=memory)


def transposed(
    y: Array, kernel: Array, spec: ConvSpec, precision: Precision, memory: int, method: str = "auto"
) -> Array:
    """Cᵀ y by one of `METHODS`."""
    return _transposed_p.bind(
        *typed_alike(y, kernel, "ywx", spec), spec=spec, precision=precision, memory=memory, method=method
    )


def kernel_gradient(x: Array, y: Array, spec: ConvSpec, precision: Precision, memory: int) -> Array:
    """The gradient of sum(C x * y) with respect to the kernel."""
    return _kernel_gradient_p.bind(*typed_alike(x, y, "xyw", spec), spec=spec, precision=precision, memory=memory)


# The three computations. The tiles depend on the spec alone; the maps of a tile choose for the platform.


def _compute_forward(request: Request, x: Array, kernel: Array, *, precision: Precision, memory: int) -> Array:
    spec = request.spec
    plan = tile_plan(spec, kernel.shape, x.shape[0], accumulator(x.dtype).itemsize, "auto", memory)
    shape, x = forward_shape(x, kernel, spec), as_bits(x)

    def step(y: Array, tile: Array, image: Array) -> Array:
        made = family.forward(read_window(x, plan, tile, image), kernel, plan.tile, precision)
        return put_outputs(y, made, plan, tile, image)

    return from_bits(_over_tiles(plan, step, _zeros(shape, x), x.shape[0]))


def _compute_transposed(
    request: Request, y: Array, kernel: Array, *, precision: Precision, memory: int, method: str
) -> Array:
    spec = request.spec
    plan = tile_plan(spec, kernel.shape, y.shape[0], accumulator(y.dtype).itemsize, method, memory)
    shape, y = transposed_shape(y, kernel, spec), as_bits(y)

    def step(x: Array, tile: Array, image: Array) -> Array:
        outputs = new_outputs(y, plan, tile, image)
        return add_window(x, family.transposed(outputs, kernel, plan.tile, precision, method), plan, tile, image)

    return from_bits(_over_tiles(plan, step, _zeros(shape, y), y.shape[0]))


def _compute_kernel_gradient(request: Request, x: Array, y: Array, *, precision: Precision, memory: int) -> Array:
    spec = request.spec
    shape = kernel_gradient_shape(x, y, spec)
    wide = accumulator(x.dtype)
    dtype, plan = x.dtype, tile_plan(spec, shape, x.shape[0], wide.itemsize, "auto", memory)
    x, y = as_bits(x), as_bits(y)

    def step(total: Array, tile: Array, image: Array) -> Array:
        window, outputs = read_window(x, plan, tile, image), new_outputs(y, plan, tile, image)
        return total + family.kernel_gradient(window.astype(wide), outputs.astype(wide), plan.tile, precision)

    return _over_tiles(plan, step, zeros_varying_like(x, shape, wide), x.shape[0]).astype(dtype)


def _over_tiles(plan: TilePlan, step: Callable[[Array, Array, Array], Array], initial: Array, images: int) -> Array:
    """Run `carry = step(carry, tile of the image, first image)` for every tile."""

    def body(i: Array, carry: Array) -> Array:
        i = i.astype(jnp.int32)  # the dtype of the tables of rows, also where JAX counts in 64 bits
        return step(carry, i % plan.count, i // plan.count * plan.images)

    return lax.fori_loop(0, images // plan.images * plan.count, body, initial) if images else initial


def _zeros(shape: tuple[int, ...], image: Array) -> Array:
    """Initial zeros, computed from `image`, so that XLA cannot know that they are constant.

    XLA would share one constant of zeros between several loops, and copy it for each.
    """
    if image.size == 0:
        return jnp.zeros(shape, image.dtype)
    one_or_zero = (image[(0,) * image.ndim].real > 0).astype(jnp.int32)
    return jnp.full(shape, (one_or_zero >> 1).astype(image.dtype))


def _whole(map_: Callable[..., Array]) -> Callable[..., Array]:
    """The map without tiles: JAX's derivatives of a loop over them would keep the image of every step."""

    def compute(request: Request, a: Array, b: Array, *, memory: int, **params: Any) -> Array:
        return map_(a, b, request.spec, **params)

    return compute


_forward_p = bilinear_primitive(
    "jtconv_tiled_forward", "xwy", _compute_forward, forward_shape, alone=_whole(family.forward)
)
_transposed_p = bilinear_primitive(
    "jtconv_tiled_transposed", "ywx", _compute_transposed, transposed_shape, alone=_whole(family.transposed)
)
_kernel_gradient_p = bilinear_primitive(
    "jtconv_tiled_kernel_gradient",
    "xyw",
    _compute_kernel_gradient,
    kernel_gradient_shape,
    alone=_whole(family.kernel_gradient),
)
link_derivatives((_forward_p, _transposed_p, _kernel_gradient_p), forward, transposed, kernel_gradient)
