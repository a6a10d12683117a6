"""`ConvLayer` and `ConvTransposeLayer`: kernel shapes, default initialisers, application to arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jax import Array
from jax.typing import ArrayLike

from jtconv._conv import conv
from jtconv._conv_transpose import METHODS, conv_transpose
from jtconv._geometry import arguments as arg
from jtconv._geometry.geometry import COUNTED_DOWN
from jtconv._modules.initializers import Initializer, lecun_normal, transpose_fan_in
from jtconv._modules.layer import Layer, Shape, add_bias


@dataclass(frozen=True, init=False)
class ConvLayer(Layer):
    """A convolution layer."""

    image = "x"
    kernel_words = "(*kernel_size, in_ch // groups, out_ch)"

    def kernel_shape(self, in_ch: int) -> Shape:
        """(*kernel_size, in_ch // groups, out_ch)."""
        in_ch = self._channels("in_ch", in_ch)
        return (*self.geometry.kernel_size, in_ch // self.geometry.groups, self.out_ch)

    def kernel_in_ch(self, kernel_shape: Shape) -> int:
        """The in_ch that `kernel_shape` was made for."""
        return kernel_shape[-2] * self.geometry.groups

    def default_kernel_init(self) -> Initializer:
        """LeCun's normal rule over (*kernel_size, in_ch // groups)."""
        return lecun_normal

    def apply(self, x: ArrayLike, kernel: Array, bias: Array | None) -> Array:
        """x (*batch, *in_size, in_ch) -> (*batch, *out_size, out_ch)."""
        x, kernel = self.cast(x, kernel, bias)
        return add_bias(conv(x, kernel, **self.conv_arguments()), bias)


@dataclass(frozen=True, init=False)
class ConvTransposeLayer(Layer):
    """A transposed convolution layer: the transpose of a `ConvLayer` from out_ch to in_ch."""

    image = "y"
    kernel_words = "(*kernel_size, out_ch // groups, in_ch)"

    output_padding: tuple[int, ...] | None
    method: str

    def __init__(
        self,
        out_ch: int,
        kernel_size: int | Sequence[int],
        *,
        output_padding: int | Sequence[int] | None,
        method: str,
        **common: Any,
    ):
        super().__init__(out_ch, kernel_size, **common)
        self._set("output_padding", None if output_padding is None else self._paddings(output_padding))
        self._set("method", arg.one_of("method", method, METHODS))

    def _paddings(self, output_padding: int | Sequence[int]) -> tuple[int, ...]:
        """`output_padding` per axis. Below 0 only where s·o is the largest of the s sizes, as for SAME."""
        g = self.geometry
        axes = arg.per_axis("output_padding", output_padding, g.ndim)
        if g.padding not in COUNTED_DOWN:
            for a in axes:
                arg.at_least("output_padding", a, 0)
        return axes

    def kernel_shape(self, in_ch: int) -> Shape:
        """(*kernel_size, out_ch // groups, in_ch), the kernel of the convolution that is transposed."""
        in_ch = self._channels("in_ch", in_ch)
        return (*self.geometry.kernel_size, self.out_ch // self.geometry.groups, in_ch)

    def kernel_in_ch(self, kernel_shape: Shape) -> int:
        """The in_ch that `kernel_shape` was made for."""
        return kernel_shape[-1]

    def default_kernel_init(self) -> Initializer:
        """Normal kernels that keep the variance of the input."""
        g = self.geometry
        return transpose_fan_in(g.kernel_size, g.strides, g.dilation, g.groups)

    def apply(
        self, y: ArrayLike, kernel: Array, bias: Array | None, output_size: int | Sequence[int] | None = None
    ) -> Array:
        """y (*batch, *out_size, in_ch) -> (*batch, *in_size, out_ch)."""
        y, kernel = self.cast(y, kernel, bias)
        x = conv_transpose(
            y,
            kernel,
            output_padding=self.output_padding if output_size is None else None,
            output_size=output_size,
            method=self.method,
            **self.conv_arguments(),
        )
        return add_bias(x, bias)
