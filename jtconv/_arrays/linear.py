"""The transpose of a linear map, also under `jax.shard_map`."""

from collections.abc import Callable

import jax
from jax import Array
from jax.typing import DTypeLike

from jtconv._arrays.tiles import zeros


def transpose_of(f: Callable[[Array], Array], shape: tuple[int, ...], dtype: DTypeLike, ct: Array) -> Array:
    """fᵀ ct, for a linear f of arrays of this shape.

    `jax.linear_transpose` takes no argument that varies over a mesh's axes, as blocks of an image do
    (jax 0.10). `jax.vjp` does; what it computes besides is dropped when compiled.
    """
    if not jax.typeof(ct).manual_axis_type.varying:
        return jax.linear_transpose(f, jax.ShapeDtypeStruct(shape, dtype))(ct)[0]
    anywhere = zeros(shape, dtype, ct)
    return jax.vjp(f, anywhere)[1](ct)[0]
