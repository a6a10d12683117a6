"""What `Conv` and `ConvTranspose` have in common."""

from typing import Any

import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv import _arguments as arg
from jtconv._geometry import ConvGeometry


def module_geometry(
    kernel_size: Any, strides: Any, padding: Any, dilation: Any, groups: Any, padding_mode: Any
) -> ConvGeometry:
    return ConvGeometry(
        kernel_size,
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
    )


def check_channels(in_ch: int, out_ch: int, groups: int) -> None:
    for name, channels in (("in_ch", in_ch), ("out_ch", out_ch)):
        arg.at_least(name, arg.integer(name, channels), 1)
        if channels % groups:
            raise ValueError(f"`groups` must divide `{name}` = {channels}, got {groups}.")


def cast(dtype: DTypeLike | None, image: ArrayLike, kernel: Array) -> tuple[Array, Array]:
    if dtype is None:
        return jnp.asarray(image), kernel
    return jnp.asarray(image, dtype), kernel.astype(dtype)


def add_bias(image: Array, bias: nnx.Param[Array] | None) -> Array:
    return image if bias is None else image + bias[...].astype(image.dtype)
