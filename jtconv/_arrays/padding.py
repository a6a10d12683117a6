"""Padding by mode, and its transpose, folding.

Zeros are left to the convolution itself. The other modes pad first; their transpose adds what
landed in the padding back onto the positions that it was copied from.
"""

import jax.numpy as jnp
from jax import Array, lax

from jtconv._arrays.linear import transpose_of
from jtconv._geometry.arguments import Pads
from jtconv._geometry.spec import ConvSpec

_JNP_MODE = {"circular": "wrap", "reflect": "reflect", "replicate": "edge"}


def pad(x: Array, spec: ConvSpec) -> Array:
    """(N, *input_size, ch) -> (N, *padded size, ch), for modes other than zeros."""
    grow = [(max(lo, 0), max(hi, 0)) for lo, hi in spec.pads]
    if spec.padding_mode != "replicate" and any(max(g) > i for g, i in zip(grow, spec.input_size, strict=True)):
        padded = _gone_round(x, grow, spec)
    else:
        padded = jnp.pad(x, [(0, 0), *grow, (0, 0)], mode=_JNP_MODE[spec.padding_mode])
    return pad_zeros(padded, [(min(lo, 0), min(hi, 0)) for lo, hi in spec.pads])


def _gone_round(x: Array, grow: list[Pads], spec: ConvSpec) -> Array:
    """Circular or reflected padding that may go round many times: jnp.pad makes a piece of program of each."""
    for axis, (i, (lo, hi)) in enumerate(zip(spec.input_size, grow, strict=True), 1):
        period = i if spec.padding_mode == "circular" else max(2 * (i - 1), 1)
        place = (jnp.arange(lo + i + hi) - lo) % period
        source = place if spec.padding_mode == "circular" else jnp.minimum(place, period - place)
        x = jnp.take(x, source, axis, mode="clip")
    return x


def padded(x: Array, spec: ConvSpec) -> tuple[Array, ConvSpec]:
    """x, and the geometry of C on it, with zero padding at most: other modes are padded here."""
    return (x, spec) if spec.padding_mode == "zeros" else (pad(x, spec), spec.unpadded())


def pad_zeros(x: Array, pads: list[Pads]) -> Array:
    """(N, *size, ch) with zeros around its spatial axes; negative amounts crop."""
    if not any(p for pair in pads for p in pair):
        return x
    return lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *((lo, hi, 0) for lo, hi in pads), (0, 0, 0)])


def fold(padded: Array, spec: ConvSpec) -> Array:
    """(N, *padded size, ch) -> (N, *input_size, ch): the transpose of `pad`."""
    shape = (padded.shape[0], *spec.input_size, padded.shape[-1])
    return transpose_of(lambda x: pad(x, spec), shape, padded.dtype, padded)
