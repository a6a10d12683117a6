"""A kernel and the geometry given with it, checked against each other."""

from typing import Any

from jax import Array
from jax.typing import ArrayLike

from jtconv import _arrays
from jtconv._geometry import ConvGeometry


def checked_layer(kernel: ArrayLike, **arguments: Any) -> tuple[Array, ConvGeometry]:
    """The kernel as an array and the geometry, `arguments` being those of `ConvGeometry`."""
    kernel = _arrays.float_array("kernel", kernel)
    geometry = ConvGeometry(_arrays.check_kernel(kernel), **arguments)
    _arrays.check_groups(kernel, geometry.groups)
    return kernel, geometry
