"""Where an adapter refuses what its peer takes, or takes what it refuses, on purpose; every one with its reason."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jtconv._sizes import effective_kernel_size, transposed_size
from tests.peers.agreement.configurations import Configuration


@dataclass(frozen=True)
class Difference:
    """One of them.

    Attributes:
      peers: the adapters that it holds for; none for all.
      who: "only the adapter refuses" or "only the peer refuses".
      applies: whether a configuration is such a call.
      reason: what is different, and why that is right.
    """

    peers: tuple[str, ...]
    who: str
    applies: Callable[[Configuration], bool]
    reason: str


def _integer(configuration: Configuration) -> bool:
    return any(dtype.startswith("int") for dtype in configuration.dtypes)


def _empty(configuration: Configuration) -> bool:
    image, *others = configuration.shapes
    return 0 in image[1:] or any(0 in shape for shape in others)


def _too_many_entries(configuration: Configuration) -> bool:
    rest = configuration.arguments["output_padding"]
    return isinstance(rest, tuple) and len(rest) > configuration.layer.ndim


def _torch_axes(configuration: Configuration) -> list[tuple[int, ...]]:
    """(y's size, kernel, stride, dilation, padding, output_padding) on each axis."""
    layer, given = configuration.layer, configuration.arguments
    spread = [_spread(given[name], layer.ndim) for name in ("padding", "output_padding")]
    return list(zip(layer.y_size, layer.kernel_size, layer.strides, layer.dilation, *spread, strict=True))


def _spread(value: Any, ndim: int) -> tuple[int, ...]:
    return (value,) * ndim if isinstance(value, int) else value


def _no_pixel(configuration: Configuration) -> bool:
    """Whether torch's result has an axis of size 0."""
    axes = _torch_axes(configuration)
    return 0 in [transposed_size(o, k, s, (p, p), d, a) for o, k, s, d, p, a in axes]


def _zeros_alone(configuration: Configuration) -> bool:
    axes = _torch_axes(configuration)
    return any(a >= s and p >= transposed_size(o, k, s, (0, 0), d, 0) for o, k, s, d, p, a in axes)


def _no_keras_pixel(configuration: Configuration) -> bool:
    layer, given = configuration.layer, configuration.arguments
    rests = _spread(given["output_padding"] or 0, layer.ndim)
    reach = [effective_kernel_size(k, d) for k, d in zip(layer.kernel_size, layer.dilation, strict=True)]
    own = reach if given["padding"] == "valid" else [k % 2 for k in reach]
    axes = zip(layer.y_size, layer.strides, own, rests, strict=True)
    return min(s * (o - 1) + k + a for o, s, k, a in axes) < 1


def _over_the_stride(configuration: Configuration) -> bool:
    """Whether an output_padding reaches the stride."""
    rests = configuration.arguments.get("output_padding", ())
    return any(a >= s for a, s in zip(rests, configuration.layer.strides, strict=True))


DIFFERENCES = (
    Difference(
        (),
        "only the adapter refuses",
        _integer,
        "Integer arrays: `jtconv.conv_transpose` is for floating and complex ones, as its derivatives are.",
    ),
    Difference(
        (),
        "only the adapter refuses",
        _empty,
        "Arrays with an empty axis other than N: there is no layer without channels, taps or positions.",
    ),
    Difference(
        ("torch",),
        "only the adapter refuses",
        _no_pixel,
        "A result with an axis of size 0: torch returns it from some of its implementations and refuses it in others.",
    ),
    Difference(
        ("torch",),
        "only the adapter refuses",
        _zeros_alone,
        "An `output_padding` from the stride on with a `padding` that crops all contributions: torch returns zeros.",
    ),
    Difference(
        ("keras",),
        "only the adapter refuses",
        _no_keras_pixel,
        "A result with no positions, or a negative number of them: keras's JAX backend returns one with an axis of "
        "size 0.",
    ),
    Difference(
        ("torch",),
        "only the adapter refuses",
        lambda configuration: configuration.arguments["dilation"] == 0,
        "A dilation of 0, which one of torch's implementations takes for kernels of one tap and the others refuse.",
    ),
    Difference(
        ("onnx",),
        "only the peer refuses",
        lambda configuration: configuration.dtypes == ("float64",),
        "float64: the standard has it, onnxruntime's CPU code does not.",
    ),
    Difference(
        ("onnx",),
        "only the peer refuses",
        _over_the_stride,
        "`output_padding` from the stride to the dilation: the standard allows it, onnxruntime refuses it.",
    ),
    Difference(
        ("keras",),
        "only the adapter refuses",
        _too_many_entries,
        "`output_padding` with more entries than there are spatial axes: keras ignores the last ones.",
    ),
)


def difference_for(peer: str, who: str, configuration: Configuration) -> str | None:
    """The reason for which this call of `peer` differs on purpose."""
    for difference in DIFFERENCES:
        if difference.who == who and peer in (difference.peers or (peer,)) and difference.applies(configuration):
            return difference.reason
    return None
