"""How a framework stores the kernel of a transposed convolution, and how that becomes ours.

Ours is the kernel of the convolution C: (*k, x_ch // groups, y_ch), where Cᵀ takes y to x. Three things
differ elsewhere. One or both axes of channels may come before the spatial axes. The array may be the
kernel of the stride-1 convolution that reads y between inserted zeros, which is C's reversed on every
spatial axis. And each group's block of channels may be transposed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

Stored = Any  # a NumPy or a JAX array; the result is of the same kind


@dataclass(frozen=True)
class KernelLayout:
    """One way to store a kernel. With the defaults it is ours, (*k, x_ch // groups, y_ch).

    Attributes:
      leading: number of channel axes before the spatial ones: the last of ours, then the one before.
      reversed: whether every spatial axis is reversed.
      swapped: whether each group's block of channels is transposed, (*k, y_ch // groups, x_ch).
    """

    leading: int = 0
    reversed: bool = False
    swapped: bool = False

    def to_ours(self, stored: Stored, groups: int = 1) -> Stored:
        """Return the kernel as (*k, x_ch // groups, y_ch)."""
        axes = (*range(self.leading, stored.ndim), *range(self.leading - 1, -1, -1))
        return self._oriented(stored.transpose(axes) if self.leading else stored, groups)

    def from_ours(self, kernel: Stored, groups: int = 1) -> Stored:
        """Undo `to_ours`."""
        stored, size = self._oriented(kernel, groups), range(kernel.ndim - 2)
        channels = (kernel.ndim - 1, kernel.ndim - 2)
        axes = (*channels[: self.leading], *size, *channels[self.leading :][::-1])
        return stored.transpose(axes) if self.leading else stored

    def kernel_shape(self, shape: tuple[int, ...], groups: int = 1) -> tuple[int, ...]:
        """Return the shape of our kernel for a stored one of `shape`."""
        return self.to_ours(np.broadcast_to(np.zeros(()), shape), groups).shape

    def _oriented(self, kernel: Stored, groups: int) -> Stored:
        """Convert between ours and the stored one with its channels last; its own inverse."""
        turned = kernel[(slice(None, None, -1),) * (kernel.ndim - 2)] if self.reversed else kernel
        return _swapped(turned, groups) if self.swapped else turned


@dataclass(frozen=True)
class Parameters:
    """How a framework, by the name that `weights.layer_from` takes, calls and stores a layer's parameters."""

    framework: str
    kernel: str
    bias: str
    conv: KernelLayout
    conv_transpose: KernelLayout
    bias_has_axes: bool = False  # (ch, 1, …, 1), to be added to (ch, *size)


def _swapped(kernel: Stored, groups: int) -> Stored:
    """Return (*k, a // groups, b) as (*k, b // groups, a), each group's block transposed. Its own inverse."""
    if groups == 1:
        return kernel.swapaxes(-1, -2)
    *size, a, b = kernel.shape
    blocks = kernel.reshape(*size, a, groups, b // groups)
    axes = len(size)
    swapped = blocks.transpose(*range(axes), axes + 2, axes + 1, axes)
    return swapped.reshape(*size, b // groups, groups * a)
