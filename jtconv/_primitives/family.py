"""C, Cᵀ and the kernel's gradient: bilinear maps that are each other's derivatives.

The form

    sum over (n, o, t, c, f) of  x[n, s*o + d*t - lo, c] * kernel[t, c, f] * y[n, o, f]

is linear in each of x, kernel and y; its gradient by one of them is a bilinear map of the other two:

    forward(x, kernel) -> y      transposed(y, kernel) -> x      kernel_gradient(x, y) -> kernel

The three are JAX primitives, so that each is computed by what is best for it, in derivatives of
any order and both modes, where JAX would differentiate the program of another. How they are
computed is decided when a program is lowered, for the platform it is lowered for.

Arrays: x (N, *in_size, groups * I), kernel (*kernel_size, I, groups * O), y (N, *out_size,
groups * O), of one dtype.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from jtconv import _auto, _native
from jtconv._arrays.checks import Precision
from jtconv._compute import BY_NAME
from jtconv._compute.block_products import forward_by_blocks, kernel_gradient_by_blocks
from jtconv._compute.depthwise import depthwise_conv
from jtconv._compute.kernel_gradient import kernel_gradient_by_pieces
from jtconv._compute.lax_conv import kernel_gradient_by_lax, lax_conv
from jtconv._compute.merged_groups import merge_groups
from jtconv._geometry.spec import ConvSpec

_PLATFORMS = (None, "cpu")  # None is any other

Shaped = ShapedArray | Array
ShapeRule = Callable[[Any, Any, ConvSpec], tuple[int, ...]]


def forward(x: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """C x."""
    return _forward_p.bind(*typed_alike(x, kernel, "xw"), spec=spec, precision=precision)


def transposed(y: Array, kernel: Array, spec: ConvSpec, precision: Precision, method: str = "auto") -> Array:
    """Cᵀ y by one of `METHODS`."""
    return _transposed_p.bind(*typed_alike(y, kernel, "yw"), spec=spec, precision=precision, method=method)


def kernel_gradient(x: Array, y: Array, spec: ConvSpec, precision: Precision) -> Array:
    """The gradient of sum(C x * y) by the kernel."""
    return _kernel_gradient_p.bind(*typed_alike(x, y, "xy"), spec=spec, precision=precision)


def typed_alike(a: Array, b: Array, roles: str) -> tuple[Array, Array]:
    """The operands with types that the primitives' results and derivatives have, too."""
    return varying_alike(*(_cut_by_batch(array, role) for array, role in zip((a, b), roles, strict=True)))


def _cut_by_batch(array: Array, role: str) -> Array:
    """Where shardings are part of types, an image cut along its batch only, and a kernel that is whole."""
    sharding = jax.typeof(array).sharding
    if AxisType.Explicit not in sharding.mesh.axis_types:
        return array
    spec = _batch_only(None if role == "w" else sharding.spec[0], array.ndim)
    return array if sharding.spec == spec else jax.reshard(array, NamedSharding(sharding.mesh, spec))


def _batch_only(batch: Any, ndim: int) -> PartitionSpec:
    return PartitionSpec(batch, *(None for _ in range(ndim - 1)))


def varying_alike(a: Array, b: Array) -> tuple[Array, Array]:
    """Under `jax.shard_map`, both as varying over the mesh axes that either varies over.

    The transpose of the conversion is the sum over these axes, which is what a replicated kernel's
    gradient needs.
    """
    axes_a, axes_b = (jax.typeof(operand).manual_axis_type.varying for operand in (a, b))
    if axes_a == axes_b:
        return a, b
    a = lax.pcast(a, tuple(axes_b - axes_a), to="varying")
    b = lax.pcast(b, tuple(axes_a - axes_b), to="varying")
    return a, b


# How each is computed, on a platform.


def _compute_forward(platform: str | None, x: Array, kernel: Array, *, spec: ConvSpec, precision: Precision) -> Array:
    ways = {"lax": lax_conv, "native": _native.forward, "depthwise": depthwise_conv, "blocks": forward_by_blocks}
    return ways[_auto.choose_forward(spec, x.shape, kernel.shape, platform)](x, kernel, spec, precision)


def _compute_transposed(
    platform: str | None, y: Array, kernel: Array, *, spec: ConvSpec, precision: Precision, method: str
) -> Array:
    if method != "auto":
        return BY_NAME[method](y, kernel, spec, precision)
    together = _auto.groups_together(spec, kernel.shape, platform)
    if together > 1:
        kernel = merge_groups(kernel, spec.groups, together)
        spec = replace(spec, groups=spec.groups // together)
    ways = BY_NAME | {"native": _native.transposed}
    return ways[_auto.choose_transposed(spec, y.shape, kernel.shape, platform)](y, kernel, spec, precision)


def _compute_kernel_gradient(
    platform: str | None, x: Array, y: Array, *, spec: ConvSpec, precision: Precision
) -> Array:
    ways = {
        "lax": kernel_gradient_by_lax,
        "native": _native.kernel_gradient,
        "pieces": kernel_gradient_by_pieces,
        "blocks": kernel_gradient_by_blocks,
    }
    return ways[_auto.choose_kernel_gradient(spec, x.shape, y.shape, platform)](x, y, spec, precision)


def _lowering_rule(compute: Callable[..., Array], platform: str | None) -> mlir.LoweringRule:
    def rule(ctx: mlir.LoweringRuleContext, a: Any, b: Any, **params: Any) -> Any:
        native = platform == "cpu" and _runs_here(ctx) and _native.computes(params["spec"], ctx.avals_in)
        at = _auto.NATIVE if native else platform
        (result,) = ctx.avals_out
        way = _with_auto_axes(partial(compute, at, **params), result.sharding)
        return mlir.lower_fun(way, multiple_results=False)(ctx, a, b)

    return rule


def _with_auto_axes(way: Callable[..., Array], result: Any) -> Callable[..., Array]:
    """`way`, where shardings are part of types, as XLA divides it: no type says how a reshape's result is cut."""
    mesh = result.mesh
    if AxisType.Explicit not in mesh.axis_types:
        return way

    def within(a: Array, b: Array) -> Array:
        with jax.sharding.use_abstract_mesh(mesh):
            return jax.sharding.auto_axes(way, out_sharding=result)(a, b)  # pyright: ignore[reportCallIssue] (it takes a function, too)

    return within


def _runs_here(ctx: mlir.LoweringRuleContext) -> bool:
    """Whether the program is for this process, and XLA does not divide it among devices.

    Our kernels are known to this process alone, and as a whole.
    """
    if ctx.module_context.lowering_parameters.for_export:
        return False
    axes: Any = ctx.module_context.axis_context  # of one of three classes
    if hasattr(axes, "manual_axes"):
        return axes.manual_axes == frozenset(axes.mesh.axis_names)
    return getattr(axes, "num_devices", 1) == 1


# The shapes of the results.


def forward_shape(x: Shaped, kernel: Shaped, spec: ConvSpec) -> tuple[int, ...]:
    return (x.shape[0], *spec.output_size, kernel.shape[-1])


def transposed_shape(y: Shaped, kernel: Shaped, spec: ConvSpec) -> tuple[int, ...]:
    return (y.shape[0], *spec.input_size, kernel.shape[-2] * spec.groups)


def kernel_gradient_shape(x: Shaped, y: Shaped, spec: ConvSpec) -> tuple[int, ...]:
    return (*spec.kernel_size, x.shape[-1] // spec.groups, y.shape[-1])


def _result(a: ShapedArray, b: ShapedArray, shape: tuple[int, ...], role: str) -> ShapedArray:
    """The type of a result: on meshes with explicit axes an image keeps how its batch is sharded, and no more."""
    mesh = b.sharding.mesh if a.sharding.mesh.empty else a.sharding.mesh
    spec = _batch_only(None if role == "w" else a.sharding.spec[0], len(shape))
    return a.update(shape=shape, weak_type=False, sharding=NamedSharding(mesh, spec))


# A batch axis that vmap adds becomes part of an axis that the arrays with it have in common, just
# before the entries there. Which axis that is, counted once groups are split off channels:
# x (N, *in, g, I), kernel (*k, I, g, O), y (N, *out, g, O).
_JOINS = {
    frozenset("xy"): {"x": 0, "y": 0},  # N
    frozenset("wy"): {"w": -1, "y": -1},  # O
    frozenset("xw"): {"x": -1, "w": -3},  # I
    frozenset("xwy"): {"x": -2, "w": -2, "y": -2},  # g
}


def _split_groups(shape: tuple[int, ...], groups: int) -> tuple[int, ...]:
    return (*shape[:-1], groups, shape[-1] // groups)


def _channels(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:-2], math.prod(shape[-2:]))


def _fold_batch(array: Array, batch_axis: int, joins: int, groups: int) -> Array:
    """The array without its batch axis, which has joined another."""
    front = jnp.moveaxis(array, batch_axis, 0)
    shape = _split_groups(front.shape[1:], groups)
    at = joins % len(shape)
    moved = jnp.moveaxis(front.reshape(front.shape[0], *shape), 0, at)
    return moved.reshape(_channels((*shape[:at], front.shape[0] * shape[at], *shape[at + 1 :])))


def _unfold_batch(array: Array, size: int, joins: int, groups: int) -> Array:
    """The transpose of `_fold_batch`: the batch axis comes first. `groups` as it was before."""
    joined_groups = groups * size if joins == -2 else groups
    shape = _split_groups(array.shape, joined_groups)
    at = joins % len(shape)
    apart = array.reshape(*shape[:at], size, shape[at] // size, *shape[at + 1 :])
    front = jnp.moveaxis(apart, at, 0)
    return front.reshape(size, *_channels(front.shape[1:]))


def _without(array: Array, axis: int | None) -> jax.ShapeDtypeStruct:
    """What is one of a batch of arrays."""
    sizes = [size for at, size in enumerate(array.shape) if axis is None or at != axis % array.ndim]
    return jax.ShapeDtypeStruct(sizes, array.dtype)


def _batch_rule(primitive: Primitive, roles: str, shape: ShapeRule) -> Callable[..., tuple[Array, int]]:
    """`roles`: which of x, w (the kernel) and y the two operands and the result are."""
    *operand_roles, result_role = roles

    def rule(operands: tuple[Array, Array], axes: tuple[int | None, int | None], **params: Any) -> tuple[Array, int]:
        batched = [(role, axis) for role, axis in zip(operand_roles, axes, strict=True) if axis is not None]
        joins = _JOINS[frozenset([result_role, *(role for role, _ in batched)])]
        spec: ConvSpec = params.pop("spec")
        (size,) = {a.shape[axis] for a, axis in zip(operands, axes, strict=True) if axis is not None}
        if size == 0:
            first, second = (_without(a, axis) for a, axis in zip(operands, axes, strict=True))
            return jnp.zeros((0, *shape(first, second, spec)), operands[0].dtype), 0
        folded = [
            a if axis is None else _fold_batch(a, axis, joins[role], spec.groups)
            for a, role, axis in zip(operands, operand_roles, axes, strict=True)
        ]
        beside = size if len(joins) == 3 else 1
        joined = replace(spec, groups=spec.groups * beside, layers=spec.layers * beside)
        result = primitive.bind(*folded, spec=joined, **params)
        return _unfold_batch(result, size, joins[result_role], spec.groups), 0

    return rule


def bilinear_primitive(
    name: str,
    roles: str,
    compute: Callable[..., Array],
    shape: ShapeRule,
) -> Primitive:
    """A primitive with everything but its derivatives."""
    primitive = Primitive(name)
    primitive.def_abstract_eval(lambda a, b, *, spec, **_: _result(a, b, shape(a, b, spec), roles[2]))
    compiled = jax.jit(primitive.bind, static_argnames=("spec", "precision", "method", "memory"))

    def run(a: Array, b: Array, **params: Any) -> Array:
        with jax.disable_jit(False):  # a primitive is always compiled, as JAX's own are
            return compiled(a, b, **params)

    primitive.def_impl(run)
    for platform in _PLATFORMS:
        mlir.register_lowering(primitive, _lowering_rule(compute, platform), platform=platform)
    batching.primitive_batchers[primitive] = _batch_rule(primitive, roles, shape)
    return primitive


_forward_p = bilinear_primitive("jtconv_forward", "xwy", _compute_forward, forward_shape)
_transposed_p = bilinear_primitive("jtconv_transposed", "ywx", _compute_transposed, transposed_shape)
_kernel_gradient_p = bilinear_primitive(
    "jtconv_kernel_gradient", "xyw", _compute_kernel_gradient, kernel_gradient_shape
)


# The transposes in each operand; `ct` is the cotangent of the result.

ad.defbilinear(
    _forward_p,
    lambda ct, _, kernel, *, spec, precision: transposed(ct, kernel, spec, precision),
    lambda ct, x, _, *, spec, precision: kernel_gradient(x, ct, spec, precision),
)
ad.defbilinear(
    _transposed_p,
    lambda ct, _, kernel, *, spec, precision, method: forward(ct, kernel, spec, precision),
    lambda ct, y, _, *, spec, precision, method: kernel_gradient(ct, y, spec, precision),
)
ad.defbilinear(
    _kernel_gradient_p,
    lambda ct, _, y, *, spec, precision: transposed(y, ct, spec, precision),
    lambda ct, x, _, *, spec, precision: forward(x, ct, spec, precision),
)
