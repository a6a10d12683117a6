"""Where an adapter refuses what its peer takes, or takes what it refuses, on purpose; every one with its reason."""

from collections.abc import Callable
from dataclasses import dataclass

from jtconv.bench._markdown import table
from tests.checks.agreement import calls
from tests.checks.agreement.configurations import Configuration

OURS, THEIRS = "only the adapter refuses", "only the peer refuses"


@dataclass(frozen=True)
class Difference:
    """One of them.

    Attributes:
      peers: the adapters that it holds for; none for all.
      who: `OURS` or `THEIRS`.
      applies: whether a configuration is such a call.
      reason: what is different, and why that is right.
    """

    peers: tuple[str, ...]
    who: str
    applies: Callable[[Configuration], bool]
    reason: str


DIFFERENCES = (
    Difference(
        (),
        OURS,
        calls.of_integers,
        "Integer arrays: `jtconv.conv_transpose` is for floating and complex ones, as its derivatives are.",
    ),
    Difference(
        (),
        OURS,
        calls.of_empty_axes,
        "Arrays with an empty axis other than N: there is no layer without channels, taps or positions.",
    ),
    Difference(
        (),
        OURS,
        calls.noted("empty"),
        "A result with an axis of size 0, which lax returns, and torch from some of its code: no convolution "
        "has such an input.",
    ),
    Difference(
        ("flax",),
        OURS,
        calls.that_drop_imaginary_parts,
        "A real `dtype` for complex arrays: flax drops the imaginary parts, and warns that it will not for long.",
    ),
    Difference(
        ("lax", "flax", "equinox", "haiku", "mlx"),
        OURS,
        calls.noted("zeros"),
        "Padding that crops all of the input on one side and pads on the other, which lax and MLX answer with zeros.",
    ),
    Difference(
        ("lax",),
        OURS,
        calls.that_lax_reads_without_axes,
        "A name of padding that lax does not know, with `use_consistent_padding`: lax looks at it for each axis only.",
    ),
    Difference(
        ("lax", "flax", "keras"),
        OURS,
        calls.with_more_entries_than_axes,
        "Arguments with entries for more axes than there are: the last ones are left out in some cases.",
    ),
    Difference(
        ("torch",),
        OURS,
        calls.of_zeros_alone_in_torch,
        "An `output_padding` from the stride on with a `padding` that crops all contributions: torch returns zeros.",
    ),
    Difference(
        ("torch",),
        OURS,
        calls.dilated_by_less_than_1,
        "A dilation of 0, which one of torch's implementations takes for kernels of one tap and the others refuse.",
    ),
    Difference(
        ("onnx",),
        THEIRS,
        calls.in_float64,
        "float64: the standard has it, onnxruntime's CPU code does not.",
    ),
    Difference(
        ("onnx",),
        THEIRS,
        calls.with_output_padding_from_the_stride_on,
        "`output_padding` from the stride to the dilation: the standard allows it, onnxruntime refuses it.",
    ),
    Difference(
        ("mlx",),
        THEIRS,
        calls.in_float64,
        "float64: MLX has the dtype, but no convolution of it.",
    ),
    Difference(
        ("paddle",),
        OURS,
        calls.dilated_by_less_than_1,
        "A dilation of 0 or less, which Paddle does not look at.",
    ),
    Difference(
        ("paddle",),
        THEIRS,
        calls.in_half_precision,
        "float16 and bfloat16: Paddle has them on a GPU, not on the CPU.",
    ),
    Difference(
        ("flax",),
        THEIRS,
        calls.of_an_empty_batch,
        'An empty batch with "CIRCULAR" padding, which flax divides by.',
    ),
    Difference(
        ("flax",),
        THEIRS,
        calls.with_four_spatial_axes,
        "Four spatial axes, for which flax has no dimension numbers.",
    ),
)


def difference_for(peer: str, who: str, configuration: Configuration) -> str | None:
    """The reason for which this call of `peer` differs on purpose."""
    mine = [d for d in DIFFERENCES if d.who == who and peer in (d.peers or (peer,))]
    return next((d.reason for d in mine if _applies(d, configuration)), None)


def _applies(difference: Difference, configuration: Configuration) -> bool:
    try:
        return difference.applies(configuration)
    except (TypeError, ValueError):  # the arguments are not even of the kind that it is about
        return False


def as_table() -> str:
    """All of them, in Markdown."""
    rows = [[", ".join(d.peers) or "all", d.who, d.reason] for d in DIFFERENCES]
    return table(["adapters", "", "what, and why"], rows)


if __name__ == "__main__":
    print(as_table())
