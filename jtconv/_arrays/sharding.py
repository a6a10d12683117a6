"""Types of arrays on meshes: what varies under `jax.shard_map`, and shardings that are part of a type.

With `AxisType.Explicit`, a sharding is part of an array's type. The types of a map's operands give the type of its
result: each dimension of the layer is cut by the same mesh axes in all three arrays. Where two arrays disagree, one of
them is moved.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.core import ShapedArray
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from jax.typing import DTypeLike

from jtconv._geometry.division import Division, Placement, divide
from jtconv._geometry.spec import ConvSpec


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


def typed_alike(a: Array, b: Array, roles: str, spec: ConvSpec) -> tuple[Array, Array]:
    """The operands with types that the results and derivatives of the three maps share.

    `roles` says which of x, w (the kernel) and y the operands and the result are.
    """
    kinds = jax.typeof(a), jax.typeof(b)
    if AxisType.Explicit in _mesh_of(*kinds).axis_types:
        _check_one_mesh(*kinds, roles)
        mesh, division = _mesh_of(*kinds), _division(*kinds, roles, spec)
        a, b = (_placed_as(c, mesh, division.placement(role)) for c, role in zip((a, b), roles, strict=False))
    return varying_alike(a, b)


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


def result_type(a: ShapedArray, b: ShapedArray, roles: str, spec: ConvSpec, shape: tuple[int, ...]) -> ShapedArray:
    """Type of a map's result, of operands that are `typed_alike`."""
    mesh = _mesh_of(a, b)
    typed = AxisType.Explicit in mesh.axis_types
    cuts = _division(a, b, roles, spec).placement(roles[2]) if typed else ((),) * len(shape)
    return a.update(shape=shape, weak_type=False, sharding=NamedSharding(mesh, partition_spec(cuts)))


def with_auto_axes(run: Callable[..., Array], result: Any) -> Callable[..., Array]:
    """`run` with shardings chosen by XLA: with explicit axes, no type gives the sharding of a reshape's result.

    `result` is the sharding of the value that `run` returns.
    """
    mesh = result.mesh
    if AxisType.Explicit not in mesh.axis_types:
        return run
    # Those of a `jax.shard_map` around it stay as they are.
    typed = tuple(
        name for name, kind in zip(mesh.axis_names, mesh.axis_types, strict=True) if kind == AxisType.Explicit
    )

    def within(a: Array, b: Array) -> Array:
        with jax.sharding.use_abstract_mesh(mesh):
            return jax.sharding.auto_axes(run, axes=typed, out_sharding=result)(a, b)  # pyright: ignore[reportCallIssue] (it takes a function, too)

    return within


def whole_like(like: Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.ShapeDtypeStruct:
    """Type of an unsharded result that varies under `jax.shard_map` as `like` does."""
    kind = jax.typeof(like)
    whole = NamedSharding(kind.sharding.mesh, PartitionSpec(*(None for _ in shape)))
    return jax.ShapeDtypeStruct(shape, dtype, sharding=whole, manual_axis_type=kind.manual_axis_type)


def placement_of(spec: PartitionSpec, ndim: int) -> Placement:
    """The mesh axes that cut each axis of an array."""
    entries = (*spec, *(None for _ in range(ndim - len(spec))))
    return tuple(() if entry is None else entry if isinstance(entry, tuple) else (entry,) for entry in entries)


def partition_spec(placement: Placement) -> PartitionSpec:
    """The transpose of `placement_of`."""
    return PartitionSpec(*(cuts[0] if len(cuts) == 1 else cuts or None for cuts in placement))


def _division(a: ShapedArray, b: ShapedArray, roles: str, spec: ConvSpec) -> Division:
    placements = [placement_of(operand.sharding.spec, operand.ndim) for operand in (a, b)]
    return divide(roles, spec, (a.shape, b.shape), placements, _mesh_of(a, b).shape, evenly=True)


def _mesh_of(a: ShapedArray, b: ShapedArray) -> Any:
    return b.sharding.mesh if a.sharding.mesh.empty else a.sharding.mesh


def _check_one_mesh(a: ShapedArray, b: ShapedArray, roles: str) -> None:
    """Check that operands with sharded types name the axes of one mesh."""
    of_a, of_b = a.sharding.mesh, b.sharding.mesh
    both = all(AxisType.Explicit in mesh.axis_types for mesh in (of_a, of_b))
    if both and of_a.shape_tuple != of_b.shape_tuple:
        first, second = ("kernel" if role == "w" else role for role in roles[:2])
        raise ValueError(
            f"`{first}` and `{second}` must be on one mesh, got {dict(of_a.shape)} and {dict(of_b.shape)}, whose axes "
            f"are explicit. Move one of them first, for example with jax.device_put({second}, sharding)."
        )


def _placed_as(array: Array, mesh: Any, placement: Placement) -> Array:
    now = placement_of(jax.typeof(array).sharding.spec, array.ndim)
    return array if now == placement else resharded(array, mesh, partition_spec(placement))
