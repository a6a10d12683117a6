"""The possible layer next to an impossible one."""

from collections.abc import Sequence

from jtconv._geometry.arguments import Pads
from jtconv._geometry.geometry import SIZE_DEPENDENT, ConvGeometry
from jtconv._geometry.sizes import transposed_size


def nearest_possible(
    geometry: ConvGeometry, output_size: Sequence[int], output_padding: Sequence[int]
) -> tuple[ConvGeometry, tuple[int, ...]]:
    """A geometry and an output_padding with which `transpose_output_size` has a result for `output_size`.

    What is possible comes back as it is. Otherwise output_padding goes to the nearest number that
    the stride allows, padding crops as much less as leaves one position, and a single position is
    replicated where it cannot be reflected. Sizes, strides and dilation stay.
    """
    a = tuple(_within_stride(geometry, s, rest) for s, rest in zip(geometry.strides, output_padding, strict=True))
    arguments = geometry.arguments()
    if not isinstance(geometry.padding, str):
        pads = geometry.pads(output_size)  # numbers: the same on every size
        arguments["padding"] = [
            _cropped_less(geometry, axis, o, a[axis], pads[axis]) for axis, o in enumerate(output_size)
        ]
    near = ConvGeometry(geometry.kernel_size, **arguments)
    if geometry.padding_mode == "reflect" and not _is_possible(near, output_size, a):
        near = ConvGeometry(geometry.kernel_size, **{**arguments, "padding_mode": "replicate"})
    return near, a


def _within_stride(geometry: ConvGeometry, s: int, a: int) -> int:
    low, high = (1 - s, 0) if geometry.padding in SIZE_DEPENDENT else (0, s - 1)
    return min(max(a, low), high)


def _cropped_less(geometry: ConvGeometry, axis: int, o: int, a: int, pads: Pads) -> Pads:
    """Padding that leaves at least one position of all that contributes, on either side and together."""
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
