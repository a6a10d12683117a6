"""Methods that know zero padding only, made to serve every padding mode."""

from collections.abc import Callable
from functools import wraps

from jax import Array

from jtconv._arrays import Precision, accumulator
from jtconv._padding import fold
from jtconv._sized import SizedGeometry

Method = Callable[[Array, Array, SizedGeometry, Precision], Array]


def folded(method: Method) -> Method:
    """C = V P, a VALID convolution after padding, so Cᵀ = Pᵀ Vᵀ: `method`, then fold."""

    @wraps(method)
    def any_mode(y: Array, kernel: Array, sized: SizedGeometry, precision: Precision) -> Array:
        if sized.padding_mode == "zeros":
            return method(y, kernel, sized, precision)
        # Half precision is rounded once, after folding.
        wide = accumulator(y.dtype)
        padded = method(y.astype(wide), kernel.astype(wide), sized.unpadded(), precision)
        return fold(padded, sized).astype(y.dtype)

    return any_mode
