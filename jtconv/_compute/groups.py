"""Matrix products per group of channels.

P counts positions of y (and images), or stands for one axis for each, r counts the taps of a piece:

    columns (P, r, groups * I)   the values that taps read     kernel (r, I, groups * O)     y (P, groups * O)

Results are accumulated, and returned, in float32 for dtypes of less than 32 bits.
"""

import jax.numpy as jnp
from jax import Array

from jtconv._arrays.checks import Precision, accumulator
from jtconv._compute.depthwise import is_depthwise


def spread_taps(y: Array, kernel: Array, groups: int, precision: Precision) -> Array:
    """(P, groups * O), (r, I, groups * O) -> (P, r, groups * I)."""
    if is_depthwise(kernel.shape, groups):
        return _wide(y)[..., None, :] * _wide(kernel[:, 0])
    columns = _einsum("...go,rigo->...rgi", _apart(y, groups), _apart(kernel, groups), precision)
    return _together(columns)


def correlate(columns: Array, y: Array, groups: int, precision: Precision) -> Array:
    """(P, r, groups * I), (P, groups * O) -> (r, I, groups * O)."""
    if columns.shape[-1] == y.shape[-1] == groups:
        return jnp.sum(_wide(columns) * _wide(y)[:, None], axis=0)[:, None]
    kernel = _einsum("prgi,pgo->rigo", _apart(columns, groups), _apart(y, groups), precision)
    return _together(kernel)


def _apart(array: Array, groups: int) -> Array:
    """(..., groups * ch) -> (..., groups, ch)."""
    return array.reshape(*array.shape[:-1], groups, array.shape[-1] // groups)


def _together(array: Array) -> Array:
    """(..., groups, ch) -> (..., groups * ch)."""
    return array.reshape(*array.shape[:-2], array.shape[-2] * array.shape[-1])


def _wide(a: Array) -> Array:
    return a.astype(accumulator(a.dtype))


def _einsum(rule: str, a: Array, b: Array, precision: Precision) -> Array:
    return jnp.einsum(rule, a, b, precision=precision, preferred_element_type=accumulator(a.dtype))
