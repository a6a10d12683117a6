"""`halo`: the traffic between devices for one layer, before any array exists."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import jax.numpy as jnp
from jax.typing import DTypeLike

from jtconv._arrays.checks import floating
from jtconv._geometry import arguments as arg
from jtconv._geometry.arguments import Padding, Pads
from jtconv._geometry.axis_plan import AxisPlan, axis_plans, input_blocks, output_blocks
from jtconv._geometry.geometry import geometry_on
from jtconv._geometry.spec import ConvSpec


@dataclass(frozen=True)
class Halo:
    """Sizes of the exchange between devices for one convolution, or for its transpose. Made by `halo`."""

    spec: ConvSpec
    plans: tuple[AxisPlan | None, ...]

    @property
    def widths(self) -> tuple[Pads, ...]:
        """Per spatial axis, the maximum number of positions that a device fetches before and after its block."""
        return tuple((0, 0) if plan is None else plan.widths for plan in self.plans)

    @property
    def input_blocks(self) -> tuple[int, ...]:
        """The size of a device's block of the convolution's input."""
        return input_blocks(self.spec, self.plans)

    @property
    def output_blocks(self) -> tuple[int, ...]:
        """The size of a device's block of the convolution's output."""
        return output_blocks(self.spec, self.plans)

    def bytes_sent(self, channels: int, *, batch: int = 1, dtype: DTypeLike = jnp.float32) -> int:
        """Number of bytes that a device in the middle sends in one call of `conv` or `conv_transpose`.

        Args:
          channels: channels of the convolution's input, in_ch.
          batch: number of images on the device.
          dtype: dtype of the computation.

        Raises:
          TypeError, ValueError: naming the argument, the rule and the value.
        """
        channels = arg.at_least("channels", arg.integer("channels", channels), 1)
        batch = arg.at_least("batch", arg.integer("batch", batch), 0)
        size, total = list(self.input_blocks), 0
        for axis, plan in enumerate(self.plans):
            if plan is not None:
                total += plan.sent * math.prod(size) // size[axis]
                size[axis] = plan.window
        return total * channels * batch * floating("dtype", dtype).itemsize


def halo(
    input_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    *,
    devices: int | Sequence[int],
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    dilation: int | Sequence[int] = 1,
    padding_mode: str = "zeros",
) -> Halo:
    """Compute the halo of a layer whose image is split over devices.

    Args:
      input_size: input size of the convolution; for `conv_transpose` this is the result's size.
      kernel_size: taps per spatial axis.
      devices: number of devices that each spatial axis is split over, an int or one per axis; 1 means not split.
      strides, padding, dilation, padding_mode: as in `jtconv.conv`.

    Raises:
      TypeError, ValueError: naming the argument, the rule and the value.

    >>> layer = halo((1024, 1024), (4, 4), devices=(8, 1), strides=2, padding=1)
    >>> layer.widths, layer.bytes_sent(channels=64)
    (((1, 1), (0, 0)), 524288)
    """
    geometry = geometry_on(
        input_size, kernel_size, strides=strides, padding=padding, dilation=dilation, padding_mode=padding_mode
    )
    spec = geometry.at(input_size)
    return Halo(spec, axis_plans(spec, arg.per_axis("devices", devices, spec.ndim, minimum=1)))
