"""The three maps with uneven padding applied beforehand, behind a barrier, where XLA would write zeros into a window.

cuDNN pads both ends of an axis alike. Where they differ, XLA pads the image itself; but it then also writes a dilated
window out, with zeros between its entries (`conv_padding_legalization.cc`), and multiplies by them. It does so in C and
Cᵀ with dilation, as in causal layers: 3 times the multiplications for 3 taps 4 apart. And it does so in a kernel's
gradient for which it takes y, s apart, as the window: where y is not larger than the kernel. In FCN-32, 791 times.
"""

from jax import Array, lax

from jtconv._arrays.checks import Precision
from jtconv._arrays.padding import Run, pad_zeros
from jtconv._compute.implementation import GPUS, Request
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv._geometry.spec import ConvSpec


def has_dilated_window(computes: str, request: Request) -> bool:
    """Whether the map is one of cuDNN's forward convolutions with a dilated window, on a GPU."""
    spec = request.estimated().spec
    if request.platform not in GPUS:
        return False
    if computes != "kernel_gradient":
        return any(d > 1 for d in spec.dilation)
    is_window = all(k >= o for k, o in zip(spec.kernel_size, spec.output_size, strict=True))
    return is_window and spec.groups == 1 and any(s > 1 for s in spec.strides)


def padding_first(computes: str, run: Run) -> Run:
    """The map `computes` by `run`, which computes it of the padded input where the padding is uneven."""

    def of_input(x: Array, other: Array, spec: ConvSpec, precision: Precision) -> Array:
        if _is_uneven(spec):
            x, spec = pad_zeros(x, list(spec.pads)), spec.unpadded()
        return run(_kept_apart(x), other, spec, precision)

    def transposed(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
        if not _is_uneven(spec):
            return run(_kept_apart(y), kernel, spec, precision)
        x = run(_kept_apart(y), kernel, spec.unpadded(), precision)
        return pad_zeros(x, [(-lo, -hi) for lo, hi in spec.pads])

    return transposed if computes == "transposed" else of_input


def _is_uneven(spec: ConvSpec) -> bool:
    _, inner = spec.split_pads()
    return not PADDING_MODES[spec.padding_mode].copies and any(lo != hi for lo, hi in inner)


def _kept_apart(image: Array) -> Array:
    """The image behind a barrier: else XLA gives padding before it, the caller's too, to the convolution."""
    return lax.optimization_barrier(image)
