"""How far two right answers may be apart.

A sum of n products in any order, each operation rounding by u at most, is within γ(n + 1)·Σ|products|
of the exact one, γ(m) = (1 + u)^m - 1 (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd
ed., section 3.1); a complex product is four real ones. Two sums may differ by both their bounds.

For the types of 16 bits the peers promise nothing of how they accumulate: torch's CPU code, for
one, rounds the sum over channels and adds the taps in the 16-bit type itself. So every one of their
operations may round by the type's own u, and their bound is γ(n + 1) with it. Ours is narrower: it
accumulates in float32 and rounds the sum, and the bias added to it, once each.
"""

import math

import jax.numpy as jnp
import numpy as np


def bound(terms: int, magnitude: np.ndarray, dtype: str) -> np.ndarray:
    """The most by which sums of the same `terms` products may differ; `magnitude` is Σ|products|, as computed."""
    count = 4 * terms + 1 if dtype.startswith("complex") else terms + 1
    info = jnp.finfo(dtype)
    theirs = _gamma(count, float(info.eps) / 2)
    ours = theirs if info.bits >= 32 else _gamma(count, 2.0**-24) + _gamma(2, float(info.eps) / 2)
    # The magnitudes are sums with the same rounding errors, unless they were computed in a wider type.
    exact = magnitude * (1 + 2 * _gamma(count, 2.0**-24))
    return (theirs + ours) * exact + 2 * count * float(info.smallest_subnormal)


def _gamma(count: int, unit: float) -> float:
    return math.expm1(count * math.log1p(unit))


def excess(ours: np.ndarray, theirs: np.ndarray, magnitude: np.ndarray, terms: int, dtype: str) -> str:
    """What is wrong with ours, theirs taken as right; nothing if they agree."""
    if ours.shape != theirs.shape:
        return f"shape {ours.shape}, theirs {theirs.shape}"
    if ours.dtype != theirs.dtype:
        return f"dtype {ours.dtype}, theirs {theirs.dtype}"
    wide = np.complex128 if np.iscomplexobj(theirs) else np.float64
    error = np.abs(ours.astype(wide) - theirs.astype(wide))
    allowed = bound(terms, np.abs(magnitude).astype(np.float64), dtype)
    if (error <= allowed).all():
        return ""
    worst = np.unravel_index(np.argmax(error - allowed), error.shape)
    return f"off by {error[worst]:.3g} at {tuple(map(int, worst))}, where {allowed[worst]:.3g} is allowed"
