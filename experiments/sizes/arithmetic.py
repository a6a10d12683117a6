"""The articles' examples of sizes with the formula filled in, and the padding of "SAME" for every kernel and stride."""

from dataclasses import dataclass
from typing import NamedTuple

from jtconv import ConvGeometry

KERNELS, STRIDES = range(1, 7), range(1, 5)
MAX_SIZE = 48  # of the sizes that are tried: from the kernel's up to this


@dataclass(frozen=True)
class Example:
    """A layer on one axis; each of the articles' is the same on both."""

    name: str
    size: int  # that goes in
    kernel_size: int
    strides: int
    output_padding: int | None  # None: a convolution
    given: str = ""  # what the tutorial says beside the numbers

    @property
    def geometry(self) -> ConvGeometry:
        return ConvGeometry(self.kernel_size, strides=self.strides)

    @property
    def result(self) -> int:
        if self.output_padding is None:
            return self.geometry.output_size(self.size)[0]
        return self.geometry.transpose_output_size(self.size, output_padding=self.output_padding)[0]

    @property
    def arithmetic(self) -> str:
        """The formula with the numbers put in."""
        (lo, hi), k, s, n = self.geometry.pads(self.size)[0], self.kernel_size, self.strides, self.size
        if self.output_padding is None:
            return f"⌊({n} + {lo} + {hi} − ({k} − 1) − 1) / {s}⌋ + 1 = {self.result}"
        return f"{s}·({n} − 1) + ({k} − 1) + 1 − {lo} − {hi} + {self.output_padding} = {self.result}"

    @property
    def layer(self) -> str:
        return f"{'C' if self.output_padding is None else 'Cᵀ'} k{self.kernel_size} s{self.strides}"


EXAMPLES = (
    Example("a", 7, 3, 2, None, "7×7 to 3×3"),
    Example("a, back", 3, 3, 2, 0, "3×3 to 7×7"),
    Example("b", 5, 3, 2, None, "5×5×1 to 2×2"),
    Example("c", 4, 3, 4, 1, "4×4 to 16×16"),
    Example("d", 4, 4, 4, 0, "4×4 to 16×16"),
    Example("f, first", 2, 2, 1, 0, "(1, 2, 2, 2) to (1, 3, 3, 3)"),
    Example("f, second", 2, 3, 1, 0, "(1, 2, 2, 2) to (1, 4, 4, 3)"),
    Example("f, third", 2, 3, 2, 0, "(1, 2, 2, 2) to (1, 5, 5, 3)"),
    Example("h, first", 7, 4, 2, 0, "7×7 to 16×16, cropped to 14×14"),
    Example("h, second", 14, 4, 2, 0, "14×14 to 30×30, cropped to 28×28"),
    Example("h, third", 28, 8, 8, 0, "28×28 to 224×224"),
)


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
    pads = {geometry.pads(size)[0] for size in range(kernel_size, MAX_SIZE + 1)}
    return Same(kernel_size, strides, tuple(sorted(pads)))


def all_same() -> list[list[Same]]:
    """A row for each kernel, a column for each stride."""
    return [[same(kernel_size, strides) for strides in STRIDES] for kernel_size in KERNELS]
