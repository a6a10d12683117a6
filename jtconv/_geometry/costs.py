"""Cost of a layer: parameters and multiply-adds, in pure integers."""

import math
from dataclasses import dataclass

from jtconv._geometry.overlap import overlap_counts
from jtconv._geometry.spec import ConvSpec


@dataclass(frozen=True)
class Costs:
    """Parameters and multiply-adds of a transposed convolution with given channels, for one example.

    Attributes:
      parameters: number of parameters, kernel and bias together.
      kernel, bias: number of parameters of each.
      multiply_adds: number of products that land in the result, each added once.
      with_zeros: number of products of the stride-1 convolution over y with s - 1 zeros inserted between its values.
    """

    parameters: int
    kernel: int
    bias: int
    multiply_adds: int
    with_zeros: int


def costs(spec: ConvSpec, in_ch: int, out_ch: int, *, use_bias: bool) -> Costs:
    """Costs of Cᵀ from `in_ch` to `out_ch` channels."""
    pairs = in_ch * out_ch // spec.groups
    taps = math.prod(spec.kernel_size)
    bias = out_ch if use_bias else 0
    landed = math.prod(sum(overlap_counts(spec, axis)) for axis in range(spec.ndim))
    return Costs(
        parameters=pairs * taps + bias,
        kernel=pairs * taps,
        bias=bias,
        multiply_adds=pairs * landed,
        with_zeros=pairs * taps * math.prod(spec.input_size),
    )
