"""How the frameworks store the kernel of a transposed convolution, and how that becomes ours.

Ours is that of the convolution C: (*k, x_ch // groups, y_ch), where Cᵀ takes y to x. Three things
differ elsewhere: channels may come first, and the array may be the kernel of the stride-1
convolution that reads y between inserted zeros, which is C's reversed on every spatial axis, with
each group's block of channels transposed or, oddly, as it is.

Forward convolutions need no layouts of their own: with y_ch channels out of x_ch, torch, ONNX and
Equinox store C's kernel as `TORCH`, and Keras, Flax and Haiku as `KERAS`, which is ours.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

Stored = Any  # a NumPy or a JAX array; what comes back is of the same kind


@dataclass(frozen=True)
class KernelLayout:
    """One way to store a kernel of `ndim` spatial axes.

    Attributes:
      leading: channels before the spatial axes, the last two of ours in reverse order.
      reversed: reversed on every spatial axis.
      swapped: each group's block of channels transposed, (*k, y_ch // groups, x_ch).
    """

    leading: bool
    reversed: bool
    swapped: bool

    def to_ours(self, stored: Stored, groups: int = 1) -> Stored:
        """As (*k, x_ch // groups, y_ch)."""
        kernel = stored.transpose(*range(2, stored.ndim), 1, 0) if self.leading else stored
        return self._oriented(kernel, groups)

    def from_ours(self, kernel: Stored, groups: int = 1) -> Stored:
        """Undo `to_ours`."""
        stored = self._oriented(kernel, groups)
        return stored.transpose(-1, -2, *range(stored.ndim - 2)) if self.leading else stored

    def kernel_shape(self, shape: tuple[int, ...], groups: int = 1) -> tuple[int, ...]:
        """Shape of our kernel for a stored one of `shape`."""
        return self.to_ours(np.broadcast_to(np.zeros(()), shape), groups).shape

    def _oriented(self, kernel: Stored, groups: int) -> Stored:
        """Between ours and the stored one with its channels last; its own inverse."""
        turned = kernel[(slice(None, None, -1),) * (kernel.ndim - 2)] if self.reversed else kernel
        return _swapped(turned, groups) if self.swapped else turned


TORCH = KernelLayout(leading=True, reversed=False, swapped=False)  # (y_ch, x_ch // groups, *k); ONNX too
KERAS = KernelLayout(leading=False, reversed=False, swapped=False)  # (*k, x_ch, y_ch); TensorFlow, transpose_kernel
HAIKU = KernelLayout(leading=False, reversed=True, swapped=False)  # (*k, x_ch, y_ch)
LAX = KernelLayout(leading=False, reversed=True, swapped=True)  # (*k, y_ch, x_ch); Flax too
EQUINOX = KernelLayout(leading=True, reversed=True, swapped=True)  # (x_ch, y_ch // groups, *k)


def _swapped(kernel: Stored, groups: int) -> Stored:
    """(*k, a // groups, b) as (*k, b // groups, a), each group's block transposed. Its own inverse."""
    if groups == 1:
        return kernel.swapaxes(-1, -2)
    *size, a, b = kernel.shape
    blocks = kernel.reshape(*size, a, groups, b // groups)
    axes = len(size)
    swapped = blocks.transpose(*range(axes), axes + 2, axes + 1, axes)
    return swapped.reshape(*size, b // groups, groups * a)
