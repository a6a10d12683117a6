"""How the frameworks store the kernel of a transposed convolution, and how that becomes ours.

Ours is that of the convolution C: (*k, x_ch // groups, y_ch), where Cᵀ takes y to x. Two things
differ elsewhere: channels may come first, and the array may be the kernel of the stride-1
convolution that reads y between inserted zeros, which is C's reversed on every spatial axis, each
group's block of channels transposed.
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
      correlating: the kernel of the stride-1 convolution: reversed, (*k, y_ch // groups, x_ch).
    """

    leading: bool
    correlating: bool

    def to_ours(self, stored: Stored, groups: int = 1) -> Stored:
        """As (*k, x_ch // groups, y_ch)."""
        kernel = stored.transpose(*range(2, stored.ndim), 1, 0) if self.leading else stored
        return _correlating(kernel, groups) if self.correlating else kernel

    def from_ours(self, kernel: Stored, groups: int = 1) -> Stored:
        """Undo `to_ours`."""
        stored = _correlating(kernel, groups) if self.correlating else kernel
        return stored.transpose(-1, -2, *range(stored.ndim - 2)) if self.leading else stored

    def kernel_shape(self, shape: tuple[int, ...], groups: int = 1) -> tuple[int, ...]:
        """Shape of our kernel for a stored one of `shape`."""
        return self.to_ours(np.broadcast_to(np.zeros(()), shape), groups).shape


TORCH = KernelLayout(leading=True, correlating=False)  # (y_ch, x_ch // groups, *k); ONNX too
KERAS = KernelLayout(leading=False, correlating=False)  # (*k, x_ch, y_ch); TensorFlow, Haiku, transpose_kernel
LAX = KernelLayout(leading=False, correlating=True)  # (*k, y_ch, x_ch); Flax too
EQUINOX = KernelLayout(leading=True, correlating=True)  # (x_ch, y_ch // groups, *k)


def _correlating(kernel: Stored, groups: int) -> Stored:
    """(*k, a // groups, b) reversed in space, as (*k, b // groups, a). Its own inverse."""
    *size, a, b = kernel.shape
    reversed_ = kernel[(slice(None, None, -1),) * len(size)]
    blocks = reversed_.reshape(*size, a, groups, b // groups)
    axes = len(size)
    swapped = blocks.transpose(*range(axes), axes + 2, axes + 1, axes)
    return swapped.reshape(*size, b // groups, groups * a)
