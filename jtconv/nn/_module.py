"""Common part of `Conv` and `ConvTranspose`: parameters made from the layer's description."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flax import nnx
from jax import Array
from jax.typing import ArrayLike

from jtconv._geometry import arguments as arg
from jtconv._geometry.geometry import ConvGeometry
from jtconv._modules.initializers import Initializer
from jtconv._modules.layer import Layer, checked_mask, masked

Metadata = Mapping[str, Any]
NO_METADATA: Metadata = MappingProxyType({})


class ConvModule(nnx.Module):
    """A module with a kernel and a bias."""

    geometry: ConvGeometry
    kernel: nnx.Param[Array]
    bias: nnx.Param[Array] | None
    mask: Array | None

    def _make_parameters(
        self,
        layer: Layer,
        in_ch: int,
        *,
        use_bias: bool,
        kernel_init: Initializer | None,
        bias_init: Initializer,
        mask: ArrayLike | None,
        kernel_metadata: Metadata,
        bias_metadata: Metadata,
        rngs: nnx.Rngs | nnx.RngStream,
    ) -> None:
        if not isinstance(rngs, nnx.Rngs | nnx.RngStream):
            raise TypeError(f"`rngs` must be an nnx.Rngs, as nnx.Rngs(0) makes it, got {type(rngs).__name__}.")
        self.geometry = layer.geometry
        shape = layer.kernel_shape(in_ch)
        self.mask = nnx.data(None if mask is None else checked_mask(mask, shape))
        kernel_init = layer.default_kernel_init() if kernel_init is None else kernel_init
        arg.function("kernel_init", kernel_init)
        arg.function("bias_init", bias_init)
        key = _stream(rngs)
        self.kernel = nnx.Param(kernel_init(key(), shape, layer.param_dtype), **kernel_metadata)
        self.bias = nnx.data(None)
        if arg.truth("use_bias", use_bias):
            self.bias = nnx.Param(bias_init(key(), (layer.out_ch,), layer.param_dtype), **bias_metadata)

    def _parameters(self) -> tuple[Array, Array | None]:
        """The masked kernel, and the bias."""
        return masked(self.kernel[...], self.mask), None if self.bias is None else self.bias[...]


def _stream(rngs: nnx.Rngs | nnx.RngStream) -> nnx.RngStream:
    """The stream of random keys for parameters."""
    if isinstance(rngs, nnx.RngStream):
        return rngs
    try:
        return rngs.params
    except AttributeError:
        raise ValueError("`rngs` must have keys for parameters, as nnx.Rngs(0) has, got an nnx.Rngs without.") from None
