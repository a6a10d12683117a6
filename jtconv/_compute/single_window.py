"""C, Cᵀ and the kernel's gradient where the kernel has one position only: one matrix product each.

The window is all of x that is read, so nothing has to be cut, moved or added. GANs begin with such a layer, and
classifiers end with one. For a convolution of these shapes XLA rearranges the kernel; for a product it need not.
"""

from collections.abc import Sequence

from jax import Array, lax

from jtconv._arrays.checks import Precision, accumulator
from jtconv._arrays.padding import for_any_padding_mode, pad_zeros, padded
from jtconv._compute.implementation import GPUS, TPU, Implementation, Request
from jtconv._geometry.spec import ConvSpec


def forward(x: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """C x."""
    window, axes = _window(x, spec), range(spec.ndim + 1)
    y = _product(window, kernel, [a + 1 for a in axes], axes, precision)
    return y.reshape(x.shape[0], *spec.output_size, kernel.shape[-1])


@for_any_padding_mode
def transposed(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
    """Cᵀ y."""
    window = _product(y.reshape(y.shape[0], y.shape[-1]), kernel, [1], [kernel.ndim - 1], precision)
    return pad_zeros(window, [(-lo, lo + i - k) for (lo, _), i, k in _axes(spec)])


def kernel_gradient(x: Array, y: Array, spec: ConvSpec, precision: Precision) -> Array:
    """The gradient of sum(C x * y) by the kernel."""
    return _product(_window(x, spec), y.reshape(y.shape[0], y.shape[-1]), [0], [0], precision)


def _window(x: Array, spec: ConvSpec) -> Array:
    """The part of x that the kernel reads: (N, *kernel_size, ch)."""
    x, spec = padded(x, spec)
    return pad_zeros(x, [(lo, k - lo - i) for (lo, _), i, k in _axes(spec)])


def _axes(spec: ConvSpec) -> list[tuple[tuple[int, int], int, int]]:
    return list(zip(spec.pads, spec.input_size, spec.kernel_size, strict=True))


def _product(a: Array, b: Array, a_axes: Sequence[int], b_axes: Sequence[int], precision: Precision) -> Array:
    """Contract the axes of a with those of b."""
    contracted = (tuple(a_axes), tuple(b_axes)), ((), ())
    wide = accumulator(a.dtype)
    return lax.dot_general(a, b, contracted, precision=precision, preferred_element_type=wide).astype(a.dtype)


def _supports(request: Request) -> bool:
    spec = request.spec
    single = all(o == 1 for o in spec.output_size) and spec.ndim > 0
    return single and spec.groups == 1 and all(d == 1 for d in spec.dilation)


IMPLEMENTATIONS = tuple(
    Implementation(
        "single_window", computes, run, (TPU, *GPUS), _supports, lambda _: 0, is_method=False, on_open_sizes=True
    )
    for computes, run in (("forward", forward), ("transposed", transposed), ("kernel_gradient", kernel_gradient))
)
