"""Methods that know zero padding only, made to serve every padding mode."""

from collections.abc import Callable
from functools import wraps

from jax import Array

from jtconv._arrays import Precision
from jtconv._padding import fold
from jtconv._sized import SizedGeometry

Method = Callable[[Array, Array, SizedGeometry, Precision], Array]


def folded(method: Method) -> Method:
    """C = V P, a VALID convolution after padding, so Cᵀ = Pᵀ Vᵀ: `method`, then fold."""

    @wraps(method)
    def any_mode(y: Array, kernel: Array, sized: SizedGeometry, precision: Precision) -> Array:
        if sized.padding_mode == "zeros":
            return method(y, kernel, sized, precision)
        return fold(method(y, kernel, sized.unpadded(), precision), sized)

    return any_mode
