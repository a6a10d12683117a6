"""Types of arrays on meshes: what varies under `jax.shard_map`, and shardings that are part of a type.

With `AxisType.Explicit`, a sharding is part of an array's type. The three maps take images sharded along their
batch, and replicated kernels. XLA divides the computation.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.core import ShapedArray
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from jax.typing import DTypeLike


def zeros_varying_like(like: Array, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Zeros to begin a sum with; under `jax.shard_map` they vary over the same mesh axes as `like`."""
    axes = tuple(jax.typeof(like).manual_axis_type.varying)
    return lax.pcast(jnp.zeros(shape, dtype), axes, to="varying")


def transpose_of(f: Callable[[Array], Array], shape: tuple[int, ...], dtype: DTypeLike, ct: Array) -> Array:
    """fᵀ ct, for a linear f of arrays of this shape.

    `jax.linear_transpose` refuses an argument that varies over a mesh's axes, as blocks of an image do
    (jax 0.10). `jax.vjp` accepts it; the compiler drops its unused forward computation.
    """
    if not jax.typeof(ct).manual_axis_type.varying:
        return jax.linear_transpose(f, jax.ShapeDtypeStruct(shape, dtype))(ct)[0]
    return jax.vjp(f, zeros_varying_like(ct, shape, dtype))[1](ct)[0]


def typed_alike(a: Array, b: Array, roles: str) -> tuple[Array, Array]:
    """The operands with types that the results and derivatives of the three maps share.

    `roles` says which of x, w (the kernel) and y each is.
    """
    return varying_alike(*(_cut_by_batch(array, role) for array, role in zip((a, b), roles, strict=True)))


def varying_alike(a: Array, b: Array) -> tuple[Array, Array]:
    """Under `jax.shard_map`, make both vary over the mesh axes that either one varies over.

    The transpose of the conversion is the sum over these axes, which is the gradient of a replicated kernel.
    """
    axes_a, axes_b = (jax.typeof(operand).manual_axis_type.varying for operand in (a, b))
    if axes_a == axes_b:
        return a, b
    a = lax.pcast(a, tuple(axes_b - axes_a), to="varying")
    b = lax.pcast(b, tuple(axes_a - axes_b), to="varying")
    return a, b


def resharded(array: Array, mesh: Any, spec: PartitionSpec) -> Array:
    """`array` sharded by `spec`, if shardings are part of types; otherwise `array`."""
    if AxisType.Explicit not in mesh.axis_types:
        return array
    return jax.reshard(array, NamedSharding(mesh, spec))


def result_type(a: ShapedArray, b: ShapedArray, shape: tuple[int, ...], role: str) -> ShapedArray:
    """Type of a map's result: with explicit axes an image keeps only the sharding of its batch."""
    mesh = b.sharding.mesh if a.sharding.mesh.empty else a.sharding.mesh
    spec = _batch_only(None if role == "w" else a.sharding.spec[0], len(shape))
    return a.update(shape=shape, weak_type=False, sharding=NamedSharding(mesh, spec))


def with_auto_axes(run: Callable[..., Array], result: Any) -> Callable[..., Array]:
    """`run` with shardings chosen by XLA: with explicit axes, no type gives the sharding of a reshape's result.

    `result` is the sharding of the value that `run` returns.
    """
    mesh = result.mesh
    if AxisType.Explicit not in mesh.axis_types:
        return run

    def within(a: Array, b: Array) -> Array:
        with jax.sharding.use_abstract_mesh(mesh):
            return jax.sharding.auto_axes(run, out_sharding=result)(a, b)  # pyright: ignore[reportCallIssue] (it takes a function, too)

    return within


def whole_like(like: Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.ShapeDtypeStruct:
    """Type of an unsharded result that varies under `jax.shard_map` as `like` does."""
    kind = jax.typeof(like)
    whole = NamedSharding(kind.sharding.mesh, PartitionSpec(*(None for _ in shape)))
    return jax.ShapeDtypeStruct(shape, dtype, sharding=whole, manual_axis_type=kind.manual_axis_type)


def _cut_by_batch(array: Array, role: str) -> Array:
    """With explicit axes, shard an image along its batch only, and replicate a kernel."""
    sharding = jax.typeof(array).sharding
    if AxisType.Explicit not in sharding.mesh.axis_types:
        return array
    spec = _batch_only(None if role == "w" else sharding.spec[0], array.ndim)
    return array if sharding.spec == spec else resharded(array, sharding.mesh, spec)


def _batch_only(batch: Any, ndim: int) -> PartitionSpec:
    return PartitionSpec(batch, *(None for _ in range(ndim - 1)))
