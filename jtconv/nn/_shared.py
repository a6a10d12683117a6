"""What `Conv` and `ConvTranspose` have in common."""

from flax import nnx
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv import _arguments as arg
from jtconv._arrays import float_array


def check_channels(in_ch: int, out_ch: int, groups: int) -> None:
    for name, channels in (("in_ch", in_ch), ("out_ch", out_ch)):
        arg.at_least(name, arg.integer(name, channels), 1)
        if channels % groups:
            raise ValueError(f"`groups` must divide `{name}` = {channels}, got {groups}.")


def cast(dtype: DTypeLike | None, name: str, image: ArrayLike, kernel: Array) -> tuple[Array, Array]:
    """The image, called `name`, and the kernel in the dtype to compute in."""
    image = float_array(name, image)
    if dtype is None:
        return image, kernel
    return image.astype(dtype), kernel.astype(dtype)


def add_bias(image: Array, bias: nnx.Param[Array] | None) -> Array:
    """`image` (..., ch) plus bias (ch,), if there is one."""
    if bias is None:
        return image
    return image + bias[...].astype(image.dtype).reshape((1,) * (image.ndim - 1) + (-1,))
