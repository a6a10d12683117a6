"""Methods that know zero padding only, made to serve every padding mode."""

from collections.abc import Callable
from functools import wraps

from jax import Array

from jtconv._arrays.checks import Precision, accumulator
from jtconv._arrays.padding import fold
from jtconv._geometry.spec import ConvSpec

Method = Callable[[Array, Array, ConvSpec, Precision], Array]


def folded(method: Method) -> Method:
    """C = V P, a VALID convolution after padding, so Cᵀ = Pᵀ Vᵀ: `method`, then fold."""

    @wraps(method)
    def any_mode(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
        if spec.padding_mode == "zeros":
            return method(y, kernel, spec, precision)
        # Half precision is rounded once, after folding.
        wide = accumulator(y.dtype)
        padded = method(y.astype(wide), kernel.astype(wide), spec.unpadded(), precision)
        return fold(padded, spec).astype(y.dtype)

    return any_mode
