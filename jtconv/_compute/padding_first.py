"""The three maps with all padding applied beforehand, where XLA would write a GPU's kernel out with zeros in it.

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


def writes_zeros(computes: str, request: Request) -> bool:
    """Whether XLA would write zeros into a dilated window, because the padding is uneven."""
    spec = request.spec
    if request.platform not in GPUS or PADDING_MODES[spec.padding_mode].copies:
        return False
    _, inner = spec.split_pads()
    return any(lo != hi for lo, hi in inner) and _has_dilated_window(computes, spec)


def _has_dilated_window(computes: str, spec: ConvSpec) -> bool:
    if computes != "kernel_gradient":
        return any(d > 1 for d in spec.dilation)
    is_kernel = all(k >= o for k, o in zip(spec.kernel_size, spec.output_size, strict=True))
    return is_kernel and spec.groups == 1 and any(s > 1 for s in spec.strides)


def padding_first(computes: str, run: Run) -> Run:
    """The map `computes` by `run`, which computes it of the padded input."""

    def of_padded_input(x: Array, other: Array, spec: ConvSpec, precision: Precision) -> Array:
        # Without the barrier XLA's simplifier would give the padding back to the convolution.
        whole = lax.optimization_barrier(pad_zeros(x, list(spec.pads)))
        return run(whole, other, spec.unpadded(), precision)

    def transposed(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
        return pad_zeros(run(y, kernel, spec.unpadded(), precision), [(-lo, -hi) for lo, hi in spec.pads])

    return transposed if computes == "transposed" else of_padded_input
