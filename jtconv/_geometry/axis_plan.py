"""`AxisPlan`: the halo that each device needs on one axis, in pure integers.

Device p of D holds the positions [p·bi, (p + 1)·bi) of the input and the positions [p·bo, (p + 1)·bo) of
the output, with bi = ceil(i / D) and bo = ceil(o / D). Where D does not divide a size, the last blocks
extend beyond it. For its outputs the device reads the window
[s·p·bo - lo, s·(p·bo + bo - 1) - lo + d(k-1) + 1) of the padded input.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jtconv._geometry.padding_modes import PADDING_MODES, into_range
from jtconv._geometry.spec import ConvSpec


@dataclass(frozen=True)
class AxisPlan:
    """One spatial axis of a convolution, split over `devices`. `reach` is the effective kernel size."""

    input_size: int
    output_size: int
    devices: int
    stride: int
    reach: int
    lo: int
    padding_mode: str

    @property
    def input_block(self) -> int:
        return -(-self.input_size // self.devices)

    @property
    def output_block(self) -> int:
        return -(-self.output_size // self.devices)

    @property
    def window(self) -> int:
        """Positions of the padded input that a whole block of outputs reads."""
        return self.stride * (self.output_block - 1) + self.reach

    @property
    def cyclic(self) -> bool:
        return PADDING_MODES[self.padding_mode].wraps

    @property
    def mirrored(self) -> bool:
        """Whether the padding copies positions near the border."""
        mode = PADDING_MODES[self.padding_mode]
        return mode.copies and not mode.wraps

    def start(self, device: int) -> int:
        """First position of a device's window; negative in the padding."""
        return self.stride * device * self.output_block - self.lo

    def end(self, device: int) -> int:
        """One past the last position that the device's existing outputs read; `start` if it has none."""
        outputs = min(self.output_size - device * self.output_block, self.output_block)
        return self.start(device) + (self.stride * (outputs - 1) + self.reach if outputs > 0 else 0)

    @property
    def working(self) -> list[int]:
        """The devices that have outputs."""
        return list(range(-(-self.output_size // self.output_block)))

    @cached_property
    def widths(self) -> tuple[int, int]:
        """The halo: the maximum number of positions that a device reads before and after its own block."""
        before = after = 0
        for p in self.working:
            lowest, highest = self._reads(p)
            before = max(before, p * self.input_block - lowest)
            after = max(after, highest + 1 - (p + 1) * self.input_block)
        return before, after

    def _reads(self, device: int) -> tuple[int, int]:
        """The lowest and highest positions read; on a ring the count continues beyond the size."""
        first, last, size = self.start(device), self.end(device) - 1, self.input_size
        if self.cyclic:
            return first, last
        if self.mirrored:
            sources = into_range(np.arange(first, last + 1), size, self.padding_mode)
            return int(sources.min()), int(sources.max())
        if last < 0 or first >= size:  # zeros only
            return device * self.input_block, device * self.input_block
        return max(first, 0), min(last, size - 1)

    def hops(self, width: int) -> list[tuple[int, int]]:
        """(distance, positions) of the blocks that make up a halo, the nearest first.

        A halo wider than a block comes from several devices; on a ring also from the device itself.
        """
        block = self.input_block
        return [(1 + n // block, min(block, width - n)) for n in range(0, width, block)]

    @property
    def sent(self) -> int:
        """Number of positions that a device with neighbours on both sides sends."""
        hops = [hop for width in self.widths for hop in self.hops(width)]
        return sum(positions for distance, positions in hops if distance % self.devices)

    # The block between its halos is the extended block. Windows in it:

    @property
    def extended(self) -> int:
        return sum(self.widths) + self.input_block

    @property
    def drift(self) -> int:
        """Positions by which windows move from device to device within the extended block."""
        return self.stride * self.output_block - self.input_block

    @cached_property
    def margins(self) -> tuple[int, int]:
        """Number of zeros before and after the extended block that bring every window inside."""
        starts = [self.widths[0] - self.lo + p * self.drift for p in self.working]
        return max(0, -min(starts)), max(0, max(starts) + self.window - self.extended)

    @property
    def first_start(self) -> int:
        """First position of device 0's window, counted from the start of the first margin."""
        return self.margins[0] + self.widths[0] - self.lo

    @cached_property
    def strips(self) -> tuple[np.ndarray, np.ndarray]:
        """Sources of each window's first and last positions in mirrored padding: (devices, positions) each.

        Sources are positions of the extended block. Both strips have the length of the longest one that a device
        needs, and are empty for other padding modes.
        """
        front = back = 0
        for p in self.working if self.mirrored else []:
            front = max(front, min(self.end(p), 0) - self.start(p))
            if self.end(p) > self.input_size:
                back = max(back, self.window - (self.input_size - self.start(p)))
        front = min(front, self.window)
        back = min(back, self.window - front)
        return self._sources(0, front), self._sources(self.window - back, self.window)

    def _sources(self, first: int, last: int) -> np.ndarray:
        device = np.arange(self.devices)[:, None]
        position = np.array([[self.start(p)] for p in range(self.devices)]) + np.arange(first, last)
        source = into_range(position, self.input_size, self.padding_mode)
        return np.clip(source - device * self.input_block + self.widths[0], 0, self.extended - 1)


def input_blocks(spec: ConvSpec, plans: Sequence[AxisPlan | None]) -> tuple[int, ...]:
    """The size of a device's block of the input."""
    return tuple(size if plan is None else plan.input_block for size, plan in zip(spec.input_size, plans, strict=True))


def output_blocks(spec: ConvSpec, plans: Sequence[AxisPlan | None]) -> tuple[int, ...]:
    """The size of a device's block of the output."""
    sizes = zip(spec.output_size, plans, strict=True)
    return tuple(size if plan is None else plan.output_block for size, plan in sizes)


def axis_plans(spec: ConvSpec, devices: tuple[int, ...]) -> tuple[AxisPlan | None, ...]:
    """A plan for each spatial axis that is split, None for the others."""
    return tuple(_axis_plan(spec, axis, count) for axis, count in enumerate(devices))


def _axis_plan(spec: ConvSpec, axis: int, devices: int) -> AxisPlan | None:
    if devices == 1:
        return None
    size = spec.input_size[axis]
    if PADDING_MODES[spec.padding_mode].wraps and size % devices:
        raise ValueError(
            f"`padding_mode`={spec.padding_mode!r} needs equal blocks on every device: on spatial axis {axis} the "
            f"input size {size} is no multiple of {devices} devices. Cut this axis over a number of devices that "
            f"divides {size}, or do not cut it (None in `split`, 1 in `devices`)."
        )
    return AxisPlan(
        input_size=size,
        output_size=spec.output_size[axis],
        devices=devices,
        stride=spec.strides[axis],
        reach=spec.effective_kernel_size[axis],
        lo=spec.pads[axis][0],
        padding_mode=spec.padding_mode,
    )
