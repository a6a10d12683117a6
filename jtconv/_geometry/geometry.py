"""`ConvGeometry`: the size arithmetic of a convolution, in pure integers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from jtconv._geometry import arguments as arg
from jtconv._geometry import sizes
from jtconv._geometry.arguments import GeometryArguments, Padding, Pads
from jtconv._geometry.keywords import naming_keywords
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv._geometry.spec import ConvSpec

SIZE_DEPENDENT = ("SAME", "SAME_LOWER")
# Those whose transposed size is s·o, the largest that C maps to o; output_padding counts down from it.
COUNTED_DOWN = (*SIZE_DEPENDENT, "ANTICAUSAL")


@dataclass(frozen=True, init=False)
class ConvGeometry:
    """The static arguments of a convolution, checked and in normal form. Hashable.

    Every argument describes the convolution C, also when it is used for the transposed
    convolution Cᵀ.

    Args:
      kernel_size: taps per spatial axis; an int is one axis.
      strides: step of the window, an int or one per axis.
      padding: what C adds: "VALID", "SAME", "SAME_LOWER", "CAUSAL", "ANTICAUSAL", an int, an int per axis or a
        (lo, hi) pair per axis; negative entries crop.
      dilation: spacing of the kernel taps, an int or one per axis.
      groups: number of independent channel blocks.
      padding_mode: "zeros", "circular", "reflect" or "replicate".

    Raises:
      TypeError, ValueError: naming the argument, the rule and the value.

    >>> geometry = ConvGeometry((4, 4), strides=2, padding=1)
    >>> geometry.output_size((10, 12)), geometry.transpose_output_size((5, 6))
    ((5, 6), (10, 12))
    """

    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    padding: str | tuple[Pads, ...]
    dilation: tuple[int, ...]
    groups: int
    padding_mode: str

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        *,
        strides: int | Sequence[int] = 1,
        padding: Padding = "VALID",
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        padding_mode: str = "zeros",
    ):
        kernel_size = arg.sizes("kernel_size", kernel_size)
        ndim = len(kernel_size)
        normal = {
            "kernel_size": kernel_size,
            "strides": arg.per_axis("strides", strides, ndim, minimum=1),
            "padding": arg.padding_rule(padding, ndim),
            "dilation": arg.per_axis("dilation", dilation, ndim, minimum=1),
            "groups": arg.at_least("groups", arg.integer("groups", groups), 1),
            "padding_mode": arg.one_of("padding_mode", padding_mode, tuple(PADDING_MODES)),
        }
        for name, value in normal.items():
            object.__setattr__(self, name, value)

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return len(self.kernel_size)

    @property
    def effective_kernel_size(self) -> tuple[int, ...]:
        """d(k - 1) + 1 per axis."""
        pairs = zip(self.kernel_size, self.dilation, strict=True)
        return tuple(sizes.effective_kernel_size(k, d) for k, d in pairs)

    def arguments(self) -> GeometryArguments:
        """The keyword arguments of `conv` and `conv_transpose` for this geometry."""
        return {
            "strides": self.strides,
            "padding": self.padding,
            "dilation": self.dilation,
            "groups": self.groups,
            "padding_mode": self.padding_mode,
        }

    def pads(self, input_size: int | Sequence[int]) -> tuple[Pads, ...]:
        """The (lo, hi) that C adds to an input of `input_size`, per axis."""
        return tuple(self._pads(axis, i) for axis, i in enumerate(self._spatial("input_size", input_size)))

    def output_size(self, input_size: int | Sequence[int]) -> tuple[int, ...]:
        """Size of C x for x of `input_size`: floor((i + lo + hi - d(k-1) - 1) / s) + 1 per axis.

        Raises ValueError where the padded input is smaller than the kernel.
        """
        return self.at(input_size).output_size

    def transpose_output_size(
        self,
        output_size: int | Sequence[int],
        *,
        output_padding: int | Sequence[int] | None = None,
        target: int | Sequence[int] | None = None,
    ) -> tuple[int, ...]:
        """Size of Cᵀ y for y of `output_size`.

        s(o-1) + d(k-1) + 1 - lo - hi + a per axis; s·o + a for "SAME", "SAME_LOWER" and "ANTICAUSAL".
        `output_padding` a selects one of the s input sizes that C maps to `output_size`; `target`
        names that size itself. Give at most one of them.
        """
        outputs = self._spatial("output_size", output_size)
        if target is None:
            if output_padding is None:
                return tuple(_countable(axis, self._usual_size(axis, o)) for axis, o in enumerate(outputs))
            a = arg.per_axis("output_padding", output_padding, self.ndim)
            return tuple(_countable(axis, self._padded_size(axis, o, a[axis])) for axis, o in enumerate(outputs))
        arg.check_one_size(target, output_padding)
        targets = arg.per_axis("output_size", target, self.ndim)
        for axis, (o, i) in enumerate(zip(outputs, targets, strict=True)):
            self._check_target(axis, o, i)
        return targets

    def output_padding_for(self, input_size: int | Sequence[int]) -> tuple[int, ...]:
        """The `output_padding` with which Cᵀ maps C's output back to `input_size`."""
        spec = self.at(input_size)
        pairs = zip(spec.input_size, spec.output_size, strict=True)
        return tuple(i - self._base_size(axis, o) for axis, (i, o) in enumerate(pairs))

    def input_size_range(self, output_size: int | Sequence[int]) -> tuple[tuple[int, int], ...]:
        """Per axis, the smallest and the largest input size that C maps to `output_size`."""
        outputs = self._spatial("output_size", output_size)
        return tuple(self._size_range(axis, o) for axis, o in enumerate(outputs))

    def at(self, input_size: int | Sequence[int]) -> ConvSpec:
        """This geometry with every size and padding fixed for one input size."""
        inputs = self._spatial("input_size", input_size)
        pads = self.pads(inputs)
        return ConvSpec(
            input_size=inputs,
            output_size=tuple(self._output(axis, i, p) for axis, (i, p) in enumerate(zip(inputs, pads, strict=True))),
            kernel_size=self.kernel_size,
            strides=self.strides,
            pads=pads,
            dilation=self.dilation,
            groups=self.groups,
            padding_mode=self.padding_mode,
        )

    def _spatial(self, name: str, value: int | Sequence[int]) -> tuple[int, ...]:
        return arg.per_axis(name, value, self.ndim, minimum=1)

    def _pads(self, axis: int, i: int) -> Pads:
        k, s, d = self.kernel_size[axis], self.strides[axis], self.dilation[axis]
        if not isinstance(self.padding, str):
            return self.padding[axis]
        if self.padding == "VALID":
            return (0, 0)
        if self.padding == "CAUSAL":
            return sizes.causal_pads(k, d)
        if self.padding == "ANTICAUSAL":
            return sizes.anticausal_pads(k, d)
        return sizes.same_pads(i, k, s, d, lower=self.padding == "SAME_LOWER")

    def _output(self, axis: int, i: int, pads: Pads) -> int:
        """Output size on one axis; raises ValueError where C is not defined."""
        k, s, d = self.kernel_size[axis], self.strides[axis], self.dilation[axis]
        o = sizes.conv_size(i, k, s, pads, d)
        if o < 1:
            raise ValueError(
                f"the kernel does not fit: on spatial axis {axis} the effective kernel size d(k-1)+1 = "
                f"{self.effective_kernel_size[axis]} (kernel {k}, dilation {d}) is larger than `input_size` {i} "
                f"with `padding` {pads}. Pad more, or take a smaller kernel or dilation."
            )
        if min(i + pads[0], i + pads[1]) < 1:
            raise ValueError(f"`padding` {pads} crops all of `input_size` {i} on spatial axis {axis}. Crop less.")
        least = PADDING_MODES[self.padding_mode].min_size
        if i < least and max(pads) > 0:
            raise ValueError(
                f"`padding_mode`={self.padding_mode!r} needs at least {least} positions, but `input_size` is {i} on "
                f"spatial axis {axis}. Use 'replicate' there."
            )
        return o

    def _base_size(self, axis: int, o: int) -> int:
        """The transposed size at output_padding 0: the smallest that fits, but s·o for SAME and ANTICAUSAL.

        SAME pads by the input size, so the smallest size is no natural choice there. Every framework
        gives s·o, and a causal decoder has s·o samples. Output_padding then runs from -(s-1) to 0.
        """
        k, s, d = self.kernel_size[axis], self.strides[axis], self.dilation[axis]
        if self.padding in COUNTED_DOWN:
            return s * o
        return sizes.transposed_size(o, k, s, self._pads(axis, 0), d, 0)

    def _size_range(self, axis: int, o: int) -> tuple[int, int]:
        """Smallest and largest input size that C maps to `o`."""
        base, s = self._base_size(axis, o), self.strides[axis]
        low, high = (base - s + 1, base) if self.padding in COUNTED_DOWN else (base, base + s - 1)
        if high < 1:
            raise ValueError(
                f"no input size gives an output of {o} on spatial axis {axis}: `padding` "
                f"{self._padding_words(axis)} leaves {high} positions. Pad less."
            )
        return max(low, 1), high

    def _usual_size(self, axis: int, o: int) -> int:
        """The size at output_padding 0, which only cropping leaves without a position."""
        base = self._base_size(axis, o)
        low, high = self._size_range(axis, o)
        if base >= low:
            return base
        raise ValueError(
            f"the result must have a position on spatial axis {axis}, but `padding` {self._padding_words(axis)} leaves "
            f"{base}: pass `output_padding` in [{low - base}, {high - base}] there, or `output_size` in "
            f"[{low}, {high}], or pad less."
        )

    def _padded_size(self, axis: int, o: int, a: int) -> int:
        base = self._base_size(axis, o)
        low, high = self._size_range(axis, o)
        if not low <= base + a <= high:
            raise ValueError(
                f"`output_padding` must be in [{low - base}, {high - base}] on spatial axis {axis} (stride "
                f"{self.strides[axis]}, padding {self._padding_words(axis)}), got {a}: it says which of the sizes "
                f"{low} to {high}, all of which the convolution maps to {o}, is meant. For a larger result crop "
                f"less, with padding (p, p - a)."
            )
        return base + a

    def _check_target(self, axis: int, o: int, i: int) -> None:
        low, high = self._size_range(axis, o)
        if not low <= i <= high:
            raise ValueError(
                f"`output_size` must be in [{low}, {high}] on spatial axis {axis}, got {i}: only those sizes "
                f"are mapped to {o} by the convolution (kernel {self.kernel_size[axis]}, stride "
                f"{self.strides[axis]}, dilation {self.dilation[axis]}, padding {self._padding_words(axis)})."
            )

    def _padding_words(self, axis: int) -> str:
        return repr(self.padding if isinstance(self.padding, str) else self.padding[axis])


@naming_keywords
def conv_output_size(
    input_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    dilation: int | Sequence[int] = 1,
    padding_mode: str = "zeros",
) -> tuple[int, ...]:
    """Spatial size of `conv`'s result, per axis: floor((i + lo + hi - d(k-1) - 1) / s) + 1.

    Args:
      input_size, kernel_size: ints or one entry per spatial axis; an int is repeated for the other's axes.
      strides, padding, dilation, padding_mode: as in `conv`.

    Raises:
      TypeError, ValueError: naming the argument, the rule and the value.

    >>> conv_output_size((7, 7), (3, 3), strides=2)
    (3, 3)
    """
    geometry = geometry_on(
        input_size, kernel_size, strides=strides, padding=padding, dilation=dilation, padding_mode=padding_mode
    )
    return geometry.output_size(input_size)


@naming_keywords
def conv_transpose_output_size(
    output_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    output_padding: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
    padding_mode: str = "zeros",
) -> tuple[int, ...]:
    """Spatial size of `conv_transpose`'s result for y of `output_size`, the convolution's output.

    s(o-1) + d(k-1) + 1 - lo - hi + a per axis, with a = `output_padding`, 0 if not given;
    s·o + a for "SAME", "SAME_LOWER" and "ANTICAUSAL". The other arguments and the errors are those of
    `conv_output_size`.

    >>> conv_transpose_output_size((3, 3), (3, 3), strides=2)
    (7, 7)
    >>> conv_transpose_output_size(4, 3, strides=4, output_padding=1)
    (16,)
    """
    geometry = geometry_on(
        output_size, kernel_size, strides=strides, padding=padding, dilation=dilation, padding_mode=padding_mode
    )
    return geometry.transpose_output_size(output_size, output_padding=output_padding)


@naming_keywords
def output_padding_for(
    input_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "VALID",
    dilation: int | Sequence[int] = 1,
    padding_mode: str = "zeros",
) -> tuple[int, ...]:
    """The `output_padding` with which `conv_transpose` maps back to `input_size`, the convolution's input.

    Arguments and errors are those of `conv_output_size`.

    >>> output_padding_for((8, 7), (3, 3), strides=2)
    (1, 0)
    """
    geometry = geometry_on(
        input_size, kernel_size, strides=strides, padding=padding, dilation=dilation, padding_mode=padding_mode
    )
    return geometry.output_padding_for(input_size)


def _countable(axis: int, size: int) -> int:
    """`size`, checked against the largest number of positions that can be counted on an axis."""
    if size >= arg.TOO_LARGE:
        raise ValueError(
            f"the result must have fewer than 2**31 positions on each axis, got {size:,} on spatial axis {axis}: "
            "take smaller `strides`, `dilation` or `output_padding`."
        )
    return size


def geometry_on(size: Any, kernel_size: Any, **geometry: Unpack[GeometryArguments]) -> ConvGeometry:
    """A geometry on the number of axes that `size` or `kernel_size` has; ints are repeated."""
    lengths = [len(v) if arg.is_sequence(v) else 1 for v in (size, kernel_size)]
    axes = arg.number_of_axes("input_size` and `kernel_size", max(lengths))
    return ConvGeometry(arg.per_axis("kernel_size", kernel_size, axes, minimum=1), **geometry)
