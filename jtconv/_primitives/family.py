"""C, Cᵀ and the kernel's gradient: bilinear maps that are each other's derivatives.

The form

    sum over (n, o, t, c, f) of  x[n, s*o + d*t - lo, c] * kernel[t, c, f] * y[n, o, f]

is linear in each of x, kernel and y; its gradient by one of them is a bilinear map of the other two:

    forward(x, kernel) -> y      transposed(y, kernel) -> x      kernel_gradient(x, y) -> kernel

The three are JAX primitives. So derivatives of any order and mode are again these three, and each is
computed by its own best implementation. It is chosen when a program is lowered, for the platform that
it is lowered for.

Arrays: x (N, *in_size, groups * I), kernel (*kernel_size, I, groups * O), y (N, *out_size,
groups * O), of one dtype.
"""

from functools import partial

from jax import Array

from jtconv._arrays.checks import Precision
from jtconv._arrays.sharding import typed_alike
from jtconv._geometry.spec import ConvSpec
from jtconv._primitives.batching import Shaped
from jtconv._primitives.bilinear_primitive import bilinear_primitive, link_derivatives
from jtconv._primitives.dispatch import compute


def forward(x: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """C x."""
    return _forward_p.bind(*typed_alike(x, kernel, "xwy", spec), spec=spec, precision=precision)


def transposed(y: Array, kernel: Array, spec: ConvSpec, precision: Precision, method: str = "auto") -> Array:
    """Cᵀ y by one of `METHODS`."""
    return _transposed_p.bind(*typed_alike(y, kernel, "ywx", spec), spec=spec, precision=precision, method=method)


def kernel_gradient(x: Array, y: Array, spec: ConvSpec, precision: Precision) -> Array:
    """The gradient of sum(C x * y) by the kernel."""
    return _kernel_gradient_p.bind(*typed_alike(x, y, "xyw", spec), spec=spec, precision=precision)


def forward_shape(x: Shaped, kernel: Shaped, spec: ConvSpec) -> tuple[int, ...]:
    """Shape of y."""
    return (x.shape[0], *spec.output_size, kernel.shape[-1])


def transposed_shape(y: Shaped, kernel: Shaped, spec: ConvSpec) -> tuple[int, ...]:
    """Shape of x."""
    return (y.shape[0], *spec.input_size, kernel.shape[-2] * spec.groups)


def kernel_gradient_shape(x: Shaped, y: Shaped, spec: ConvSpec) -> tuple[int, ...]:
    """Shape of the kernel."""
    return (*spec.kernel_size, x.shape[-1] // spec.groups, y.shape[-1])


_forward_p = bilinear_primitive("jtconv_forward", "xwy", partial(compute, "forward"), forward_shape)
_transposed_p = bilinear_primitive("jtconv_transposed", "ywx", partial(compute, "transposed"), transposed_shape)
_kernel_gradient_p = bilinear_primitive(
    "jtconv_kernel_gradient", "xyw", partial(compute, "kernel_gradient"), kernel_gradient_shape
)
link_derivatives((_forward_p, _transposed_p, _kernel_gradient_p), forward, transposed, kernel_gradient)
