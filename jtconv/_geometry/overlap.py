"""Number of contributions to each position of the transposed convolution, and layers where it is even."""

import math
from dataclasses import dataclass

import numpy as np

from jtconv._geometry.geometry import ConvGeometry
from jtconv._geometry.spec import ConvSpec


@dataclass(frozen=True)
class EvenLayer:
    """A layer whose overlaps are even away from the borders.

    Attributes:
      geometry: the layer.
      output_padding: the value that gives its result the size of the layer that it replaces.
    """

    geometry: ConvGeometry
    output_padding: tuple[int, ...]


def overlap_counts(spec: ConvSpec, axis: int) -> tuple[int, ...]:
    """Contributions to each position of the result of Cᵀ on one axis."""
    source = spec.tap_source(axis)
    return tuple(np.bincount(source[source >= 0], minlength=spec.input_size[axis]).tolist())


def inputs_seen(spec: ConvSpec, axis: int) -> int:
    """Maximum number of positions of y that one position of Cᵀ y adds up, on one axis."""
    rows = np.sort(spec.tap_source(axis), axis=1)
    first = np.ones(rows.shape, bool)  # several taps of one window may read the same position: it counts once
    first[:, 1:] = rows[:, 1:] != rows[:, :-1]
    seen = np.bincount(rows[first & (rows >= 0)])
    return int(seen.max(initial=0))


def contributions_inside(geometry: ConvGeometry, axis: int) -> tuple[int, ...]:
    """Contributions to each of the s phases, away from the borders, on one axis.

    Tap t writes to phase d·t modulo s.
    """
    s = geometry.strides[axis]
    remainders = geometry.dilation[axis] * np.arange(geometry.kernel_size[axis]) % s
    return tuple(np.bincount(remainders, minlength=s).tolist())


def is_even(geometry: ConvGeometry, axis: int) -> bool:
    """Whether all positions away from the borders get the same number of contributions, on one axis."""
    return len(set(contributions_inside(geometry, axis))) == 1


def nearest_even(geometry: ConvGeometry, x_size: tuple[int, ...]) -> EvenLayer:
    """The nearest layer that is even and maps y to the same size, `x_size`.

    Its kernel is the next multiple of the stride. Its dilation is the next smaller one that is
    coprime to the stride. Padding with a name is kept by its name. Otherwise the larger kernel is
    cropped on both sides as evenly as possible.
    """
    d = [_coprime(d, s) for d, s in zip(geometry.dilation, geometry.strides, strict=True)]
    k = [-(-k // s) * s for k, s in zip(geometry.kernel_size, geometry.strides, strict=True)]
    arguments = {**geometry.arguments(), "dilation": d}
    if isinstance(geometry.padding, str) and geometry.padding != "VALID":
        even = ConvGeometry(k, **arguments)
    else:
        pads, spec = [], geometry.at(x_size)
        for axis, (k_axis, d_axis) in enumerate(zip(k, d, strict=True)):
            changed = (k_axis, d_axis) != (spec.kernel_size[axis], spec.dilation[axis])
            pads.append(_cropped_as_evenly(spec, axis, d_axis * (k_axis - 1) + 1) if changed else spec.pads[axis])
        even = ConvGeometry(k, **{**arguments, "padding": pads})
    return EvenLayer(even, even.output_padding_for(x_size))


def _coprime(d: int, s: int) -> int:
    return next(smaller for smaller in range(d, 0, -1) if math.gcd(smaller, s) == 1)


def _cropped_as_evenly(spec: ConvSpec, axis: int, reach: int) -> tuple[int, int]:
    """(lo, hi) with which a kernel of this reach gives the same size, as even as possible on both sides."""
    o, s, (lo, _) = spec.output_size[axis], spec.strides[axis], spec.pads[axis]
    total = s * (o - 1) + reach - spec.input_size[axis]
    more = reach - spec.effective_kernel_size[axis]
    starts = range(min(lo, lo + more), max(lo, lo + more) + 1)  # one of the kernels lies within the other
    lo = min(starts, key=lambda lo: (abs(2 * lo - total), abs(lo)))
    hi = total - lo
    return lo, hi if hi >= 0 else min(hi + s - 1, 0)  # output_padding makes up the difference
