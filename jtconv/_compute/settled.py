"""The three maps on sizes that `jax.export` leaves open, by implementations that need settled axes.

Where the number of outputs is open, it may be unknown whether there is one at all, how many positions after the last
window are not read, and, with "SAME", how many are padded. But XLA's convolutions take padding in numbers, and JAX has
to know that no size is below 0. So the image is padded or cut beforehand to exactly the positions of the windows, of
which there is at least one. All differences of sizes are numbers then.
"""

from dataclasses import replace

from jax import Array

from jtconv._arrays.checks import Precision
from jtconv._arrays.padding import Run, for_any_padding_mode, pad_zeros, padded
from jtconv._geometry.arguments import Pads
from jtconv._geometry.open_sizes import Size, not_below
from jtconv._geometry.sizes import transposed_size
from jtconv._geometry.spec import ConvSpec


def with_settled_axes(computes: str, run: Run) -> Run:
    """The map `computes` by `run` on the layer of the same windows."""

    def forward(x: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
        x, spec = padded(x, spec)
        windows = _windows(spec)
        y = run(pad_zeros(x, _around(spec, windows)), kernel, windows, precision)
        return _with_sizes(y, spec.output_size)

    @for_any_padding_mode
    def transposed(y: Array, kernel: Array, spec: ConvSpec, precision: Precision) -> Array:
        windows = _windows(spec)
        x = run(_with_sizes(y, windows.output_size), kernel, windows, precision)
        return pad_zeros(x, [(-lo, -hi) for lo, hi in _around(spec, windows)])

    def kernel_gradient(x: Array, y: Array, spec: ConvSpec, precision: Precision) -> Array:
        x, spec = padded(x, spec)
        windows = _windows(spec)
        return run(pad_zeros(x, _around(spec, windows)), _with_sizes(y, windows.output_size), windows, precision)

    return {"forward": forward, "transposed": transposed, "kernel_gradient": kernel_gradient}[computes]


def _windows(spec: ConvSpec) -> ConvSpec:
    """The layer on the positions of the windows along the axes that are not settled."""
    inputs, outputs, pads = list(spec.input_size), list(spec.output_size), list(spec.pads)
    for axis in range(spec.ndim):
        if not spec.is_settled(axis):
            k, s, d = spec.kernel_size[axis], spec.strides[axis], spec.dilation[axis]
            outputs[axis] = not_below(outputs[axis], 1)
            inputs[axis], pads[axis] = transposed_size(outputs[axis], k, s, (0, 0), d, 0), (0, 0)
    return replace(spec, input_size=tuple(inputs), output_size=tuple(outputs), pads=tuple(pads))


def _around(spec: ConvSpec, windows: ConvSpec) -> list[Pads]:
    """Padding that leads from the input of `spec` to that of `windows`."""
    axes = zip(spec.input_size, windows.input_size, spec.pads, strict=True)
    return [
        (0, 0) if spec.is_settled(axis) else (lo, after - lo - before)
        for axis, (before, after, (lo, _)) in enumerate(axes)
    ]


def _with_sizes(image: Array, sizes: tuple[Size, ...]) -> Array:
    """`image` with zeros added or positions cut off at the end of its spatial axes."""
    return pad_zeros(image, [(0, after - before) for before, after in zip(image.shape[1:-1], sizes, strict=True)])
