"""Least squares with C and Cᵀ: (CᵀC + λDᵀD) x = Cᵀy, by SciPy's conjugate gradients."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import cg

from experiments.inverse.observe import Image, Observation

TOLERANCE = 1e-4  # of |CᵀC x + λDᵀD x - Cᵀy|, relative to |Cᵀy|

Vector = NDArray[np.floating]


def solve(
    seen: Observation, y: Vector, penalty: float, iterations: int, watch: Callable[[Vector], None] | None = None
) -> Vector:
    """The x of least |C x - y|² + `penalty`·|D x|², from zero; `watch` is given the x of every step."""
    c, d = seen.operator.to_scipy(), seen.differences.to_scipy()
    normal: Any = c.H @ c + penalty * (d.H @ d)
    # Without a penalty there is no solution to converge to in a reasonable time: all steps are taken.
    rtol = TOLERANCE if penalty else 0.0
    return cg(normal, c.rmatvec(y), rtol=rtol, maxiter=iterations, callback=watch)[0]


def cross_validation(seen: Observation, penalty: float, iterations: int, seed: int) -> tuple[float, Vector]:
    """Generalised cross-validation's score of λ, the lower the better, and the solution.

    |C x - y|² / trace(I - C(CᵀC + λDᵀD)⁻¹Cᵀ)², from the observation alone (Golub, Heath and Wahba,
    Technometrics 21, 1979); the trace by one random probe of ±1 (Hutchinson's estimate).
    """
    c: Any = seen.operator.to_scipy()
    y = seen.y
    probe = np.random.default_rng(seed).choice(np.array([-1, 1], np.float32), y.size)
    solution = solve(seen, y, penalty, iterations)
    trace = y.size - probe @ (c @ solve(seen, probe, penalty, iterations))
    residual = c @ solution - y
    return float(y.size * (residual @ residual) / trace**2), solution


def bicubic(seen: Observation) -> Image:
    """y enlarged by Keys' cubic, each observed pixel put where its kernel was centred."""
    rows, columns, colours = seen.photograph.shape
    strides = np.array(seen.operator.spec.strides, np.float32)
    enlarged = jax.image.scale_and_translate(
        seen.low_resolution, (rows, columns, colours), (0, 1), strides, (1 - strides) / 2, "cubic", antialias=False
    )
    return np.asarray(enlarged)
