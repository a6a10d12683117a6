"""C, and the matrix that is built from gradients: its column n is what `jax.vjp` makes of the n-th unit vector."""

from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike
from numpy.typing import NDArray

from experiments.errors import check
from jtconv import ConvGeometry, conv, conv_matrix, conv_transpose

MAX_INPUTS, MAX_OUTPUTS = 36, 9  # rows and columns of Cᵀ that can be drawn
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Config:
    """The settings of a run. Raises ValueError for one out of bounds."""

    input_size: tuple[int, int] = (4, 4)
    """Size of the convolution's input x."""
    kernel_size: tuple[int, int] = (3, 3)
    """Size of the kernel; its values count from 1."""
    strides: tuple[int, int] = (1, 1)
    """Strides of the convolution."""
    padding: tuple[int, int] = (0, 0)
    """Padding of the convolution, on both sides of each axis."""

    def __post_init__(self) -> None:
        outputs = ConvGeometry(self.kernel_size, **self.layer).output_size(self.input_size)
        if prod(self.input_size) > MAX_INPUTS or prod(outputs) > MAX_OUTPUTS:
            most = f"at most {MAX_INPUTS} positions, and its result of at most {MAX_OUTPUTS}"
            raise ValueError(f"`input_size` must be of {most}, got {self.input_size!r} and {outputs!r}.")
        fits = all(p < k <= MAX_INPUTS for k, p in zip(self.kernel_size, self.padding, strict=True))
        check(self, "kernel_size", fits, f"above `padding` and at most {MAX_INPUTS} on each axis")

    @property
    def layer(self) -> dict[str, Any]:
        """The arguments of `jtconv.conv` and `jtconv.conv_transpose`."""
        return {"strides": self.strides, "padding": self.padding}


class Columns(NamedTuple):
    """C, (outputs, inputs), and its transpose by three methods, (inputs, outputs) each."""

    matrix: Matrix
    entries: NDArray[np.bool_]  # where C holds an entry of the kernel
    by_lax: Matrix  # from the gradient of lax's convolution
    by_conv: Matrix  # from the gradient of jtconv's
    by_transpose: Matrix  # no gradient: jtconv.conv_transpose of the unit vectors


def columns(config: Config) -> Columns:
    kernel = jnp.arange(1.0, np.prod(config.kernel_size) + 1).reshape(*config.kernel_size, 1, 1)
    x = np.zeros((*config.input_size, 1), np.float32)  # the map is linear: any x has the same gradient
    matrix = np.asarray(conv_matrix(kernel, config.input_size, **config.layer).todense())

    def lax_conv(x: Array) -> Array:
        pads = [(p, p) for p in config.padding]
        layout = ("NHWC", "HWIO", "NHWC")
        return lax.conv_general_dilated(x[None], kernel, config.strides, pads, dimension_numbers=layout)[0]

    y, vjp_of_lax = jax.vjp(lax_conv, x)
    _, vjp_of_conv = jax.vjp(lambda x: conv(x, kernel, **config.layer), x)
    unit_vectors = np.eye(y.size, dtype=np.float32).reshape(y.size, *y.shape)

    def transposed(y: ArrayLike) -> Array:
        return conv_transpose(y, kernel, output_size=config.input_size, **config.layer)

    return Columns(
        matrix,
        matrix != 0,  # no entry of the kernel is
        *(
            np.stack([np.asarray(back(unit)).ravel() for unit in unit_vectors], axis=1)
            for back in (lambda y: vjp_of_lax(y)[0], lambda y: vjp_of_conv(y)[0], transposed)
        ),
    )
