"""The largest singular values of a linear map, from its products, by LOBPCG on CᴴC.

LOBPCG (Knyazev, SIAM J. Sci. Comput. 23, 2001) comes from jax.experimental.sparse.linalg. This file adds
a start, a stopping criterion on the residuals, complex maps, and a derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from jtconv._arrays.operands import LinearMap

MAX_ITERATIONS = 1000
MAX_DENSE = 2**20  # entries; a matrix of at most this size is decomposed by SVD


@partial(jax.jit, static_argnames=("k", "tolerance"))
def singular_values(operator: LinearMap, k: int, tolerance: float) -> Array:
    """The k largest singular values, descending; all NaN if the residuals stay above the tolerance."""
    return _values(operator if operator.shape[0] >= operator.shape[1] else operator.H, k, tolerance)


@partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def _values(operator: LinearMap, k: int, tolerance: float) -> Array:
    return _triplets(operator, k, tolerance)[1]


@_values.defjvp
def _derivative(k: int, tolerance: float, primals: tuple[Any], tangents: tuple[Any]) -> tuple[Array, Array]:
    """dσ = Re(uᴴ dC v)."""
    (operator,), (change,) = primals, tangents
    u, values, v = _triplets(_only_once(operator), k, tolerance)
    return values, jnp.sum(u.conj() * (change @ v), axis=0).real.astype(values.dtype)


@jax.custom_jvp
def _only_once(operator: LinearMap) -> LinearMap:
    """`operator`, which refuses a second derivative: u and v depend on it too."""
    return operator


@_only_once.defjvp
def _refuse(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
    raise NotImplementedError("singular values and `norm` have a first derivative, but no second one.")


def _triplets(operator: LinearMap, k: int, tolerance: float) -> tuple[Array, Array, Array]:
    """(U, values, V) with C V = U · values."""
    rows, columns = operator.shape
    if rows * columns <= MAX_DENSE or 5 * k >= columns:  # LOBPCG requires 5 * k < columns
        u, values, vh = jnp.linalg.svd(operator.todense(), full_matrices=False)
        return u[:, :k], values[:k], vh[:k].conj().T
    v = _right_vectors(operator, k, tolerance)
    cv = operator @ v
    values = jnp.linalg.norm(cv, axis=0)
    residuals = jnp.linalg.norm(operator.H @ cv - values**2 * v, axis=0)
    converged = (residuals <= tolerance * values[0] ** 2).all()
    values = jnp.where(converged, values, jnp.nan)
    return cv / jnp.where(values == 0, 1, values), values, v


def _right_vectors(operator: LinearMap, k: int, tolerance: float) -> Array:
    """Right singular vectors, orthonormal (columns, k), by descending value."""

    def gram(v: Array) -> Array:
        return operator.H @ (operator @ v)

    n = operator.shape[1]
    if not jnp.issubdtype(operator.dtype, jnp.complexfloating):
        return _lobpcg(gram, n, k, operator.dtype, tolerance)
    # Complex vectors become real vectors of twice the length, two of them for each value.
    real_dtype = jnp.finfo(operator.dtype).dtype
    both = _lobpcg(lambda v: _to_real(gram(_to_complex(v))), 2 * n, 2 * k, real_dtype, tolerance)
    basis = jnp.linalg.svd(_to_complex(both), full_matrices=False)[0]
    _, rotation = jnp.linalg.eigh(basis.conj().T @ gram(basis))
    return basis @ rotation[:, : -k - 1 : -1]


def _to_real(v: Array) -> Array:
    return jnp.concatenate([v.real, v.imag])


def _to_complex(v: Array) -> Array:
    real, imaginary = jnp.split(v, 2)
    return jax.lax.complex(real, imaginary)


def _lobpcg(gram: Callable[[Array], Array], n: int, k: int, dtype: DTypeLike, tolerance: float) -> Array:
    """k orthonormal vectors with residuals of at most `tolerance` times the largest eigenvalue."""
    from jax.experimental.sparse.linalg import lobpcg_standard

    start = jax.random.normal(jax.random.key(0), (n, k), dtype)
    # Shift by less than the largest eigenvalue: LOBPCG's basis contains columns of zeros, and without
    # a shift they count as eigenvectors of the eigenvalue 0.
    mean = jnp.vdot(start, gram(start)) / jnp.vdot(start, start)
    shift = jnp.where(mean > 0, mean, 1)
    # LOBPCG stops at residuals of tol * 10 n (value + |product|). At the end the sum is twice the
    # value, and the shift may have doubled the value.
    return lobpcg_standard(lambda v: gram(v) + shift * v, start, MAX_ITERATIONS, tolerance / (40 * n))[1]
