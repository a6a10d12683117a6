"""Size arithmetic on one axis, in pure integers.

The relationships are those of Dumoulin and Visin, "A guide to convolution arithmetic for deep
learning" (arXiv:1603.07285), no. 14 for the transposed convolution, with dilation and uneven
padding added.
"""

from jtconv._geometry.arguments import Pads


def effective_kernel_size(k: int, d: int) -> int:
    """Extent of a kernel of `k` taps spaced `d` apart: d(k - 1) + 1."""
    return d * (k - 1) + 1


def conv_size(i: int, k: int, s: int, pads: Pads, d: int) -> int:
    """Output size: floor((i + lo + hi - d(k - 1) - 1) / s) + 1. Below 1 where nothing fits."""
    return (i + sum(pads) - effective_kernel_size(k, d)) // s + 1


def transposed_size(o: int, k: int, s: int, pads: Pads, d: int, a: int) -> int:
    """The input size that `conv_size` maps to `o`; `a` in [0, s) selects one of s."""
    return s * (o - 1) + effective_kernel_size(k, d) - sum(pads) + a


def same_pads(i: int, k: int, s: int, d: int, *, lower: bool) -> Pads:
    """Padding that makes the output size ceil(i / s); an odd unit goes to the end, or to the start if `lower`."""
    total = max(s * ((i - 1) // s) + effective_kernel_size(k, d) - i, 0)
    small, large = total // 2, total - total // 2
    return (large, small) if lower else (small, large)


def causal_pads(k: int, d: int) -> Pads:
    """Padding before the first position only, so that no output sees a later input."""
    return (effective_kernel_size(k, d) - 1, 0)


def anticausal_pads(k: int, d: int) -> Pads:
    """Padding after the last position only, so that no output sees an earlier input: the transpose is causal."""
    return (0, effective_kernel_size(k, d) - 1)


def split_pads(i: int, o: int, reach: int, s: int, lo: int) -> tuple[Pads, Pads]:
    """Padding in two steps: (outer, inner). Outer is applied beforehand, inner by the convolution.

    `reach` is the effective kernel size. The padding after the last position is what the last of
    the `o` windows needs. Inner is between 0 and reach - 1, so neither the convolution nor its
    derivatives crop. Outer is the remainder. The windows cover the padded input exactly. This works around two
    defects of XLA's CPU backend (seen with jax 0.10.2): convolutions with negative padding give
    wrong numbers at times, and the compiler aborts on some transposed ones that have stride 2,
    2 taps and no padding of their own, which is where inner would be reach - 1 on both sides.
    """
    hi = s * (o - 1) + reach - lo - i
    inner = min(max(lo, 0), reach - 1), min(max(hi, 0), reach - 1)
    if s == reach > 1 and inner == (reach - 1, reach - 1):
        inner = (reach - 1, reach - 2)
    return (lo - inner[0], hi - inner[1]), inner
