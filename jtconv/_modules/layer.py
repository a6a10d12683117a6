"""The common part of `ConvLayer` and `ConvTransposeLayer`: arguments checked and in normal form."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Unpack

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv._arrays.checks import Precision, as_array, check_image, check_precision, float_array, floating
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import GeometryArguments
from jtconv._geometry.geometry import ConvGeometry
from jtconv._modules.initializers import Initializer

Shape = tuple[int, ...]
MAX_NDIM_OF_SIGNALS = 3  # (batch, size, channels); more axes, with an int kernel_size, are most likely a picture


@dataclass(frozen=True, init=False)
class Layer:
    """A layer without its arrays and without in_ch, which modules learn at different times. Hashable."""

    image: ClassVar[str]  # the input's name in messages
    kernel_words: ClassVar[str]  # its kernel's shape in messages

    out_ch: int
    geometry: ConvGeometry
    takes_one_axis: bool  # kernel_size is an int: one spatial axis
    dtype: jnp.dtype | None
    param_dtype: jnp.dtype
    precision: Precision
    preferred_element_type: jnp.dtype | None

    def __init__(
        self,
        out_ch: int,
        kernel_size: int | Sequence[int],
        *,
        dtype: DTypeLike | None,
        param_dtype: DTypeLike,
        precision: Precision,
        preferred_element_type: DTypeLike | None,
        **geometry: Unpack[GeometryArguments],
    ):
        self._set("geometry", ConvGeometry(kernel_size, **geometry))
        self._set("takes_one_axis", not arg.is_sequence(kernel_size))
        self._set("out_ch", self._channels("out_ch", out_ch))
        self._set("dtype", _optional("dtype", dtype))
        self._set("param_dtype", floating("param_dtype", param_dtype))
        # Keep None: it stands for the default at the time of the call.
        self._set("precision", None if precision is None else check_precision(precision))
        self._set("preferred_element_type", _optional("preferred_element_type", preferred_element_type))

    def kernel_shape(self, in_ch: int) -> Shape:
        """Shape of the kernel for a layer with `in_ch` input channels."""
        raise NotImplementedError

    def kernel_in_ch(self, kernel_shape: Shape) -> int:
        """The layer's in_ch, from the shape of its kernel."""
        raise NotImplementedError

    def default_kernel_init(self) -> Initializer:
        """The kernel's initialiser if none was given."""
        raise NotImplementedError

    def image_in_ch(self, image: ArrayLike) -> int:
        """Check an input's rank; return its channels."""
        image = float_array(self.image, image)
        channels = image.shape[-1] if image.ndim else 0
        check_image(self.image, image, channels, self.geometry.ndim, "in_ch")
        return channels

    def conv_arguments(self) -> dict[str, Any]:
        """The keyword arguments that `conv` and `conv_transpose` have in common."""
        numbers = {"precision": self.precision, "preferred_element_type": self.preferred_element_type}
        return {**self.geometry.arguments(), **numbers}

    def check_parameters(self, image: Array, kernel: Array, bias: Array | None) -> None:
        """Check the parameters' shapes, which whoever replaces them may have changed, and the input's channels."""
        self._check_kernel(image, kernel.shape)
        if bias is not None and bias.shape != (self.out_ch,):
            raise ValueError(
                f"`bias` must have shape (out_ch,) = ({self.out_ch},), got {bias.shape}: it is not the one that the "
                "layer was made with."
            )

    def _check_kernel(self, image: Array, shape: Shape) -> None:
        geometry = self.geometry
        in_ch = self.kernel_in_ch(shape) if len(shape) > 1 else 0
        if in_ch < 1 or in_ch % geometry.groups or shape != self.kernel_shape(in_ch):
            raise ValueError(
                f"`kernel` must have shape {self.kernel_words} with kernel_size {geometry.kernel_size}, groups "
                f"{geometry.groups} and out_ch {self.out_ch}, got {shape}: it is not the one that the layer was made "
                "with. `jtconv.weights.layer_from` brings other frameworks' kernels into this layout; one that is in "
                "it already stays as it is."
            )
        if self.takes_one_axis and image.ndim > MAX_NDIM_OF_SIGNALS:
            raise ValueError(
                f"`kernel_size` must be a tuple for `{self.image}` of shape {image.shape}, got the int "
                f"{geometry.kernel_size[0]}, which is one spatial axis: pass ({geometry.kernel_size[0]}, "
                f"{geometry.kernel_size[0]}) for pictures, ({geometry.kernel_size[0]},) for several batch axes of "
                "signals."
            )
        check_image(self.image, image, in_ch, geometry.ndim, "the layer's in_ch")

    def cast(self, image: ArrayLike, kernel: Array, bias: Array | None) -> tuple[Array, Array]:
        """The input and the kernel, checked, in the dtype of the computation."""
        image = float_array(self.image, image)
        self.check_parameters(image, kernel, bias)
        if self.dtype is None:
            return image, kernel
        for name, array in ((self.image, image), ("kernel", kernel)):
            _check_complex(self.dtype, name, array)
        return image.astype(self.dtype), kernel.astype(self.dtype)

    def _channels(self, name: str, channels: Any) -> int:
        return arg.channels(name, channels, self.geometry.groups)

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


def checked_mask(mask: ArrayLike, kernel_shape: Shape) -> Array:
    """`mask` as an array, checked to have the kernel's shape and a real dtype."""
    mask = as_array("mask", mask)
    if mask.shape != kernel_shape:
        raise ValueError(f"`mask` must have the kernel's shape {kernel_shape}, got shape {mask.shape}.")
    if jnp.issubdtype(mask.dtype, jnp.complexfloating):
        raise TypeError(f"`mask` must be real or boolean, got {mask.dtype}. Multiply the kernel itself instead.")
    return mask


def masked(kernel: Array, mask: Array | None) -> Array:
    """The kernel, multiplied by the mask if there is one."""
    return kernel if mask is None else kernel * mask.astype(kernel.dtype)


def add_bias(image: Array, bias: Array | None) -> Array:
    """`image` (..., ch) plus bias (ch,), if there is one."""
    if bias is None:
        return image
    if jnp.issubdtype(bias.dtype, jnp.complexfloating) and not jnp.issubdtype(image.dtype, jnp.complexfloating):
        raise TypeError(
            f"`bias` must be real where the layer's result is, got {bias.dtype} for {image.dtype}: its imaginary part "
            f"would be dropped. Make the kernel or the image complex."
        )
    return image + bias.astype(image.dtype).reshape((1,) * (image.ndim - 1) + (-1,))


def _optional(name: str, dtype: DTypeLike | None) -> jnp.dtype | None:
    return None if dtype is None else floating(name, dtype)


def _check_complex(dtype: jnp.dtype, name: str, array: Array) -> None:
    if jnp.issubdtype(array.dtype, jnp.complexfloating) and not jnp.issubdtype(dtype, jnp.complexfloating):
        raise TypeError(
            f"`dtype` must be complex where `{name}` is, got {dtype} for {array.dtype}: it would drop the imaginary "
            f"part. Pass dtype=None to compute in the arrays' promoted dtype."
        )
