"""Initialisers for kernels of transposed convolutions, shape (*kernel_size, out_ch // groups, in_ch).

`in_ch` and `out_ch` are the module's own here: what goes into the transposed convolution is the
last axis of the kernel, since that is what comes out of the convolution which it transposes.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.nn.initializers import variance_scaling

Initializer = Callable[..., Array]


def transpose_fan_in(kernel_size: Sequence[int], strides: Sequence[int], groups: int = 1) -> Initializer:
    """Normal (truncated) kernels that keep the variance of the input.

    An output position of a transposed convolution receives prod(k) / prod(s) taps on average, from
    in_ch / groups channels each; 1 over that number is the variance of LeCun's rule (LeCun et al.,
    "Efficient BackProp", 1998). Axes with k < s are counted as one tap.
    """
    overlap = math.prod(min(k, s) for k, s in zip(kernel_size, strides, strict=True))
    return variance_scaling(groups * overlap, "fan_in", "truncated_normal", in_axis=-1, out_axis=-2)


def bilinear(groups: int = 1) -> Initializer:
    """Kernels that make the transposed convolution an upsampling by (bi-, tri-)linear interpolation.

    For kernel size 2s and stride s, as FCN uses it (Long, Shelhamer and Darrell, 2015, section
    4.1): channel c of the output interpolates channel c of the input, and no other. The values on
    an axis are 1 - |t - centre| / factor, factor = (k + 1) // 2, centre = (k - 1) / 2.

    >>> bilinear()(None, (4, 1, 1))[:, 0, 0]
    Array([0.25, 0.75, 0.75, 0.25], dtype=float32)
    """

    def init(key: Any, shape: Sequence[int], dtype: Any = jnp.float32, **_: Any) -> Array:
        del key  # nothing is random here; initialisers take a key all the same
        *kernel_size, out_per_group, in_ch = shape
        in_per_group = in_ch // groups
        if out_per_group != in_per_group:
            raise ValueError(
                f"`bilinear` interpolates each channel by itself, so it needs as many output as input channels per "
                f"group, got {out_per_group} and {in_per_group} (kernel shape {tuple(shape)}, groups {groups})."
            )
        taps = jnp.ones((), dtype)
        for k in kernel_size:
            taps = taps[..., None] * _triangle(k, dtype)
        diagonal = jnp.tile(jnp.eye(in_per_group, dtype=dtype), (1, groups))
        return taps[..., None, None] * diagonal

    return init


def _triangle(k: int, dtype: Any) -> Array:
    factor = (k + 1) // 2
    return (1 - jnp.abs(jnp.arange(k) - (k - 1) / 2) / factor).astype(dtype)


zeros = jax.nn.initializers.zeros
lecun_normal = jax.nn.initializers.lecun_normal()
