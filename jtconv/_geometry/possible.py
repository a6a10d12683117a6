"""The nearest possible layer to an impossible one."""

from collections.abc import Sequence

from jtconv._geometry.arguments import Pads
from jtconv._geometry.geometry import COUNTED_DOWN, ConvGeometry
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv._geometry.sizes import transposed_size


def nearest_possible(
    geometry: ConvGeometry, output_size: Sequence[int], output_padding: Sequence[int]
) -> tuple[ConvGeometry, tuple[int, ...]]:
    """A geometry and an output_padding with which `transpose_output_size` has a result for `output_size`.

    Return a possible layer unchanged. Otherwise move output_padding to the nearest value that the
    stride allows, crop less until one position remains, and replicate a single position, which
    cannot be reflected. Sizes, strides and dilation stay the same.
    """
    a = tuple(_within_stride(geometry, s, given) for s, given in zip(geometry.strides, output_padding, strict=True))
    arguments = geometry.arguments()
    if not isinstance(geometry.padding, str):
        pads = geometry.pads(output_size)  # numbers, so they are the same for every size
        arguments["padding"] = [
            _cropped_less(geometry, axis, o, a[axis], pads[axis]) for axis, o in enumerate(output_size)
        ]
    near = ConvGeometry(geometry.kernel_size, **arguments)
    if PADDING_MODES[geometry.padding_mode].min_size > 1 and not _is_possible(near, output_size, a):
        near = ConvGeometry(geometry.kernel_size, **{**arguments, "padding_mode": "replicate"})
    return near, a


def _within_stride(geometry: ConvGeometry, s: int, a: int) -> int:
    low, high = (1 - s, 0) if geometry.padding in COUNTED_DOWN else (0, s - 1)
    return min(max(a, low), high)


def _cropped_less(geometry: ConvGeometry, axis: int, o: int, a: int, pads: Pads) -> Pads:
    """Padding that leaves at least one contributing position, for each side alone and for both together."""
    k, s, d = geometry.kernel_size[axis], geometry.strides[axis], geometry.dilation[axis]
    most = transposed_size(o, k, s, (0, 0), d, a) - 1
    lo, hi = (min(p, most) for p in pads)
    while lo + hi > most:
        lo, hi = (lo - 1, hi) if lo > hi else (lo, hi - 1)
    return lo, hi


def _is_possible(geometry: ConvGeometry, output_size: Sequence[int], a: Sequence[int]) -> bool:
    try:
        geometry.at(geometry.transpose_output_size(output_size, output_padding=a))
    except ValueError:
        return False
    return True
