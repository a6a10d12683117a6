"""The layers that `jax.vmap` has merged, apart again.

Merged layers are groups of one layer. Their arrays have a last axis of (layers, groups of one, channels).
"""

import math

import jax.numpy as jnp
from jax import Array

from jtconv._geometry.spec import ConvSpec


def layers_first(array: Array, spec: ConvSpec) -> Array:
    """(..., layers * groups * ch) -> (layers, ..., groups * ch): x, y or the kernel.

    It takes back the steps by which the layers were merged, one by one, so that the compiler drops both.
    """
    own = spec.groups // spec.layers
    apart = array.reshape(*array.shape[:-1], spec.layers, own, array.shape[-1] // spec.groups)
    return _joined(jnp.moveaxis(apart, -3, 0))


def layers_last(array: Array, spec: ConvSpec) -> Array:
    """The transpose of `layers_first`."""
    own = spec.groups // spec.layers
    apart = array.reshape(*array.shape[:-1], own, array.shape[-1] // own)
    return _joined(_joined(jnp.moveaxis(apart, 0, -3)))


def _joined(array: Array) -> Array:
    """The last two axes as one."""
    return array.reshape(*array.shape[:-2], math.prod(array.shape[-2:]))
