"""The product that scatter and overlap-add start from: every kernel tap scaled by every y."""

import jax.numpy as jnp
from jax import Array

from jtconv._arrays import Precision, accumulator


def scaled_kernels(y: Array, kernel: Array, groups: int, precision: Precision) -> Array:
    """(N, *out, out_ch) x (*k, in_ch // groups, out_ch) -> (N, *out, *k, in_ch), one product per group.

    Half precision accumulates and stays in float32, as blocks are still to be added up.
    """
    *k, in_per_group, out_ch = kernel.shape
    y_groups = y.reshape(*y.shape[:-1], groups, out_ch // groups)
    taps = kernel.reshape(-1, in_per_group, groups, out_ch // groups)
    blocks = jnp.einsum(
        "...gf,tcgf->...tgc", y_groups, taps, precision=precision, preferred_element_type=accumulator(y.dtype)
    )
    return blocks.reshape(*y.shape[:-1], *k, groups * in_per_group)
