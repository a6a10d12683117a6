"""Where an adapter refuses what its peer takes, or takes what it refuses, on purpose; every one with its reason."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from jtconv._sizes import transposed_size
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


def _no_pixel(configuration: Configuration) -> bool:
    """Whether torch's result has an axis of size 0."""
    layer, given = configuration.layer, configuration.arguments
    p, a = given["padding"], given["output_padding"]
    pads, rests = ((v,) * layer.ndim if isinstance(v, int) else v for v in (p, a))
    axes = zip(layer.y_size, layer.kernel_size, layer.strides, layer.dilation, pads, rests, strict=True)
    return 0 in [transposed_size(o, k, s, (p, p), d, a) for o, k, s, d, p, a in axes]


DIFFERENCES = (
    Difference(
        ("torch",),
        "only the adapter refuses",
        _no_pixel,
        "A result with an axis of size 0: torch returns it from some of its implementations and refuses it in others.",
    ),
    Difference(
        (),
        "only the adapter refuses",
        _integer,
        "Integer arrays: `jtconv.conv_transpose` is for floating and complex ones, as its derivatives are.",
    ),
)


def difference_for(peer: str, who: str, configuration: Configuration) -> str | None:
    """The reason for which this call of `peer` differs on purpose."""
    for difference in DIFFERENCES:
        if difference.who == who and peer in (difference.peers or (peer,)) and difference.applies(configuration):
            return difference.reason
    return None


def empty(configuration: Configuration) -> bool:
    """Whether an array has no element."""
    return any(math.prod(shape) == 0 for shape in configuration.shapes)
