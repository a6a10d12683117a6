"""Common part of `Conv` and `ConvTranspose`: fields, and parameters made in the first call."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from flax import linen
from flax.core import meta
from jax import Array
from jax.typing import ArrayLike, DTypeLike

from jtconv._arrays.checks import Precision, float_array
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Padding
from jtconv._geometry.keywords import naming_keywords
from jtconv._modules.initializers import Initializer, zeros
from jtconv._modules.layer import Layer, checked_mask, masked

_DESCRIBED = (
    "out_ch",
    "kernel_size",
    "strides",
    "padding",
    "dilation",
    "groups",
    "padding_mode",
    "dtype",
    "param_dtype",
    "precision",
    "preferred_element_type",
)


class ByPosition(linen.Module):
    """The two positional arguments, in a class of their own, because `kw_only` holds for a whole class."""

    out_ch: int
    kernel_size: int | Sequence[int]


class ConvModule(ByPosition, kw_only=True):
    """A module with a kernel and a bias."""

    strides: int | Sequence[int] = 1
    padding: Padding = "VALID"
    dilation: int | Sequence[int] = 1
    groups: int = 1
    padding_mode: str = "zeros"
    use_bias: bool = True
    kernel_init: Initializer | None = None
    bias_init: Initializer = zeros
    mask: ArrayLike | None = None
    dtype: DTypeLike | None = None
    param_dtype: DTypeLike = jnp.float32
    precision: Precision = None
    preferred_element_type: DTypeLike | None = None

    def __post_init__(self):
        super().__post_init__()
        arg.truth("use_bias", self.use_bias)
        if self.kernel_init is not None:
            arg.function("kernel_init", self.kernel_init)
        arg.function("bias_init", self.bias_init)
        self._layer()  # refuses wrong arguments here rather than in the first call

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)  # makes __init__ from the fields
        cls.__init__ = naming_keywords(cls.__init__)

    @linen.nowrap
    def _layer(self) -> Layer:
        """The layer's description, without in_ch."""
        raise NotImplementedError

    @linen.nowrap
    def _described(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _DESCRIBED}

    @linen.nowrap
    def _parameters(self, image: ArrayLike) -> tuple[Array, Array | None]:
        """The masked kernel, and the bias. Parameters that do not exist yet are made for the channels of `image`."""
        layer = self._layer()
        image = float_array(layer.image, image)
        in_ch = layer.image_in_ch(image)
        given = meta.unbox(self.get_variable("params", "kernel"))
        if given is not None:  # before Flax, whose words for a wrong shape are not ours
            layer.check_parameters(image, given, self._given_bias())
            in_ch = layer.kernel_in_ch(given.shape)
        shape = layer.kernel_shape(in_ch)
        kernel_init = self.kernel_init or layer.default_kernel_init()
        kernel = self.param("kernel", kernel_init, shape, layer.param_dtype)
        bias = self.param("bias", self.bias_init, (self.out_ch,), layer.param_dtype) if self.use_bias else None
        return masked(kernel, None if self.mask is None else checked_mask(self.mask, shape)), bias

    @linen.nowrap
    def _given_bias(self) -> Array | None:
        return meta.unbox(self.get_variable("params", "bias")) if self.use_bias else None
