"""Initialisers for kernels of transposed convolutions, shape (*kernel_size, out_ch // groups, in_ch).

`in_ch` and `out_ch` are those of the module. The input channels of the transposed convolution are the
last axis of the kernel, because they are the output channels of the convolution that it transposes.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.nn.initializers import variance_scaling

from jtconv._arrays.checks import floating
from jtconv._geometry import arguments as arg

Initializer = Callable[..., Any]  # (key, shape, dtype) -> Array, or an Array in a box with metadata


def transpose_fan_in(
    kernel_size: int | Sequence[int], strides: int | Sequence[int], dilation: int | Sequence[int], groups: int = 1
) -> Initializer:
    """Normal (truncated) kernels that keep the variance of the input.

    An output position of a transposed convolution receives prod(k) / prod(s) taps on average, each
    from in_ch / groups channels. LeCun's rule takes 1 over that number as the variance (LeCun et al.,
    "Efficient BackProp", 1998). The average excludes positions that no tap reaches. They exist where
    k < s, or where dilation and strides share a factor.

    Args:
      kernel_size, strides, dilation: one entry per spatial axis.
      groups: number of independent channel blocks.

    Raises TypeError, ValueError: naming the argument, the rule and the value.
    """
    kernel_size = arg.sizes("kernel_size", kernel_size)
    strides = arg.per_axis("strides", strides, len(kernel_size), minimum=1)
    dilation = arg.per_axis("dilation", dilation, len(kernel_size), minimum=1)
    groups = arg.at_least("groups", arg.integer("groups", groups), 1)
    phases = (min(k, s // math.gcd(s, d)) for k, s, d in zip(kernel_size, strides, dilation, strict=True))
    return variance_scaling(groups * math.prod(phases), "fan_in", "truncated_normal", in_axis=-1, out_axis=-2)


def bilinear(groups: int = 1) -> Initializer:
    """Kernels that make the transposed convolution an upsampling by (bi-, tri-)linear interpolation.

    FCN uses them with kernel size 2s and stride s (Long, Shelhamer and Darrell, 2015, section
    4.1). Channel c of the output interpolates channel c of the input alone. The values on
    an axis are 1 - |t - centre| / factor, factor = (k + 1) // 2, centre = (k - 1) / 2.

    >>> bilinear()(None, (4, 1, 1))[:, 0, 0]
    Array([0.25, 0.75, 0.75, 0.25], dtype=float32)
    """
    groups = arg.at_least("groups", arg.integer("groups", groups), 1)

    def init(key: Any, shape: Sequence[int], dtype: Any = jnp.float32, **_: Any) -> Array:
        del key  # unused: nothing is random, but initialisers take a key
        shape, dtype = arg.shape("shape", shape), floating("dtype", dtype)
        if len(shape) < 2:
            raise ValueError(f"`shape` must be a kernel's (*kernel_size, out_ch // groups, in_ch), got {shape}.")
        arg.check_groups(groups, shape[-1], "the kernel's last axis, in_ch", hint=f" (kernel shape {shape})")
        *kernel_size, out_per_group, in_ch = shape
        in_per_group = in_ch // groups
        if out_per_group != in_per_group:
            raise ValueError(
                f"`bilinear` interpolates each channel by itself, so it needs as many output as input channels per "
                f"group, got {out_per_group} and {in_per_group} (kernel shape {shape}, `groups` {groups})."
            )
        taps = np.ones(())
        for k in kernel_size:
            taps = taps[..., None] * _triangle(k)
        diagonal = np.tile(np.eye(in_per_group), (1, groups))
        return jnp.asarray(taps[..., None, None] * diagonal, dtype)

    return init


def _triangle(k: int) -> np.ndarray:
    factor = (k + 1) // 2
    return 1 - np.abs(np.arange(k) - (k - 1) / 2) / factor


zeros = jax.nn.initializers.zeros
lecun_normal = jax.nn.initializers.lecun_normal()
