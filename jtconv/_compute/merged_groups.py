"""Groups of a few channels each, several taken together as one with a block-diagonal kernel.

Products over a handful of channels run far below a processor's rate, so that some multiplication
by zeros is quicker. (What is not finite in one group then reaches the groups merged with it.)
"""

import jax.numpy as jnp
from jax import Array


def merge_groups(kernel: Array, groups: int, together: int) -> Array:
    """(..., I, groups * O) -> (..., together * I, groups * O), for groups // together groups."""
    *k, in_ch, out_ch = kernel.shape
    apart = kernel.reshape(*k, 1, in_ch, groups // together, together, out_ch // groups)
    own = jnp.eye(together, dtype=bool)[:, None, None, :, None]
    return jnp.where(own, apart, jnp.zeros((), kernel.dtype)).reshape(*k, together * in_ch, out_ch)
