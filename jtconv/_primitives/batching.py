"""The rule of `jax.vmap` for the three maps: one call computes a whole batch of layers."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.core import ShapedArray
from jax.extend.core import Primitive

from jtconv._geometry.open_sizes import is_open
from jtconv._geometry.spec import ConvSpec

Shaped = ShapedArray | Array
ShapeRule = Callable[[Any, Any, ConvSpec], tuple[int, ...]]

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
    if joins == 0:  # in one step, as JAX knows fewer reshapes where shardings are part of types
        return front.reshape(front.shape[0] * front.shape[1], *front.shape[2:])
    shape = _split_groups(front.shape[1:], groups)
    at = joins % len(shape)
    moved = jnp.moveaxis(front.reshape(front.shape[0], *shape), 0, at)
    return moved.reshape(_channels((*shape[:at], front.shape[0] * shape[at], *shape[at + 1 :])))


def _unfold_batch(array: Array, size: int, joins: int, groups: int) -> Array:
    """The transpose of `_fold_batch`: the batch axis comes first. `groups` as it was before."""
    if joins == 0:
        return array.reshape(size, array.shape[0] // size, *array.shape[1:])
    joined_groups = groups * size if joins == -2 else groups
    shape = _split_groups(array.shape, joined_groups)
    at = joins % len(shape)
    apart = array.reshape(*shape[:at], size, shape[at] // size, *shape[at + 1 :])
    front = jnp.moveaxis(apart, at, 0)
    return front.reshape(size, *_channels(front.shape[1:]))


def _without(array: Array, axis: int | None) -> jax.ShapeDtypeStruct:
    """Shape and dtype of one batch element."""
    sizes = [size for at, size in enumerate(array.shape) if axis is None or at != axis % array.ndim]
    return jax.ShapeDtypeStruct(sizes, array.dtype)


def _one_after_the_other(bind: Callable[..., Array], operands: tuple[Array, Array], axes: tuple[Any, Any]) -> Array:
    """The results for each batch element, for kernels whose number `jax.export` leaves open: it can be no channel's."""
    fronts = [None if axis is None else jnp.moveaxis(a, axis, 0) for a, axis in zip(operands, axes, strict=True)]

    def one(parts: list[Array | None]) -> Array:
        return bind(*(whole if part is None else part for whole, part in zip(operands, parts, strict=True)))

    return jax.lax.map(one, fronts)


def batch_rule(primitive: Primitive, roles: str, shape: ShapeRule) -> Callable[..., tuple[Array, int]]:
    """The rule of one map. `roles`: which of x, w (the kernel) and y the two operands and the result are."""
    *operand_roles, result_role = roles

    def rule(operands: tuple[Array, Array], axes: tuple[int | None, int | None], **params: Any) -> tuple[Array, int]:
        batched = [(role, axis) for role, axis in zip(operand_roles, axes, strict=True) if axis is not None]
        joins = _JOINS[frozenset([result_role, *(role for role, _ in batched)])]
        spec: ConvSpec = params.pop("spec")
        (size,) = {a.shape[axis] for a, axis in zip(operands, axes, strict=True) if axis is not None}
        if size == 0:
            first, second = (_without(a, axis) for a, axis in zip(operands, axes, strict=True))
            return jnp.zeros((0, *shape(first, second, spec)), operands[0].dtype), 0
        if is_open(size) and "w" in joins:
            return _one_after_the_other(partial(primitive.bind, spec=spec, **params), operands, axes), 0
        folded = [
            a if axis is None else _fold_batch(a, axis, joins[role], spec.groups)
            for a, role, axis in zip(operands, operand_roles, axes, strict=True)
        ]
        beside = size if len(joins) == 3 else 1
        joined = replace(spec, groups=spec.groups * beside, layers=spec.layers * beside)
        result = primitive.bind(*folded, spec=joined, **params)
        return _unfold_batch(result, size, joins[result_role], spec.groups), 0

    return rule
