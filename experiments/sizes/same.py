"""What "SAME" pads, against the claim that it is ⌊k / 2⌋ on all sides."""

from typing import NamedTuple

from jtconv import ConvGeometry

KERNELS, STRIDES = range(1, 7), range(1, 5)
LARGEST = 48  # of the sizes that are tried: from the kernel's up to this


class Same(NamedTuple):
    """A kernel and a stride, over many sizes."""

    kernel_size: int
    strides: int
    pads: tuple[tuple[int, int], ...]  # all that occur

    @property
    def claimed(self) -> tuple[int, int]:
        return self.kernel_size // 2, self.kernel_size // 2

    @property
    def holds(self) -> str:
        """For which sizes the claim is right."""
        if self.claimed not in self.pads:
            return "never"
        return "always" if len(self.pads) == 1 else "for some sizes"


def same(kernel_size: int, strides: int) -> Same:
    geometry = ConvGeometry(kernel_size, strides=strides, padding="SAME")
    pads = {geometry.pads(size)[0] for size in range(kernel_size, LARGEST + 1)}
    return Same(kernel_size, strides, tuple(sorted(pads)))


def all_same() -> list[list[Same]]:
    """A row for each kernel, a column for each stride."""
    return [[same(kernel_size, strides) for strides in STRIDES] for kernel_size in KERNELS]
