"""Singular values and norms against NumPy's decomposition, with their derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import make_case

from jtconv._operator import singular_values
from tests.operators import (
    CASE,
    LARGE,
    LARGE_COMPLEX,
    LARGE_ONES,
    LARGE_WIDE,
    SMALL_ONES,
    decomposed,
    dense_of,
    described,
    operator_of,
    stored,
)


@pytest.mark.parametrize("case", SMALL_ONES, ids=described)
def test_singular_values_of_small_matrices_are_exact(case):
    exact = np.linalg.svd(dense_of(case), compute_uv=False)
    for c in (operator_of(case), operator_of(case).T, operator_of(case).H):
        atol = 10 * max(c.shape) * np.finfo(float).eps * exact[0]  # of backward stable decompositions
        np.testing.assert_allclose(c.singular_values(min(c.shape)), exact, rtol=0, atol=atol)
        np.testing.assert_allclose(c.norm(), exact[0], rtol=0, atol=atol)


@pytest.mark.parametrize(
    ("case", "tolerance"),
    [(LARGE, 1e-4), (LARGE, 1e-6), (LARGE_WIDE, 1e-4), (LARGE_COMPLEX, 1e-4)],
    ids=["tall", "tall, to 1e-6", "wide", "complex"],
)
def test_singular_values_of_large_matrices_are_within_tolerance(case, tolerance):
    c, (_, exact, _) = operator_of(case), decomposed(case, 4)
    assert np.prod(c.shape) > singular_values.MAX_DENSE
    found = np.asarray(c.singular_values(4, tolerance=tolerance))
    assert (abs(found - exact) <= tolerance * exact[0] ** 2 / (found + exact)).all()
    rounding = 10 * max(c.shape) * np.finfo(float).eps
    assert (found <= exact * (1 + rounding)).all()
    norm = c.T.norm(tolerance=tolerance)
    assert exact[0] * (1 - tolerance / 2) <= norm <= exact[0] * (1 + rounding)


def test_repeated_singular_values_are_all_found():
    """The Fourier transform gives those of a circular layer at stride 1: of its 3 × 3 matrix at every frequency."""
    case = make_case((31, 33), (3, 4, 3, 3), padding=((1, 1), (2, 1)), padding_mode="circular")
    c = operator_of(case)
    spectrum = np.fft.fftn(case.kernel, s=case.input_size, axes=(0, 1))
    exact = np.sort(np.linalg.svd(spectrum, compute_uv=False).ravel())[::-1][:7]
    assert np.ptp(exact.reshape(-1)[:2]) < 1e-12  # frequencies come in pairs
    np.testing.assert_allclose(c.singular_values(7, tolerance=1e-8), exact, rtol=1e-8)


def test_single_precision():
    c = operator_of(LARGE, np.float32(LARGE.kernel))
    exact = decomposed(LARGE, 1)[1][0]
    assert exact * (1 - 0.5e-4) <= c.norm() <= exact * (1 + 1e-5)


def test_singular_values_without_convergence_are_nan():
    """To a tolerance below rounding."""
    value, gradient = jax.value_and_grad(lambda k: operator_of(LARGE, k).norm(tolerance=1e-18))(LARGE.kernel)
    assert np.isnan(value)
    assert np.isnan(gradient).all()


def test_zeros_among_the_largest_singular_values():
    """A kernel of zeros, and one of rank 1: as many as there are outputs, of the 5 times as many asked for."""
    assert operator_of(LARGE, 0 * LARGE.kernel).norm() == 0
    case = make_case((90, 80), (2, 2, 1, 4), strides=16)
    kernel = np.repeat(case.kernel[..., :1], 4, axis=-1)
    exact = np.linalg.svd(dense_of(case, kernel), compute_uv=False)[:40]
    assert exact[29] > 1 > 1e-12 > exact[30]
    found = operator_of(case, kernel).singular_values(40, tolerance=1e-9)
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-6)


def with_mean(case):
    """With a kernel whose mean is not zero: the largest singular value stands apart from the others."""
    return case._replace(kernel=case.kernel + 2)


@pytest.mark.parametrize("case", [with_mean(case) for case in SMALL_ONES + LARGE_ONES], ids=described)
def test_norm_has_a_derivative_in_the_kernel(case):
    """dσ = Re(uᴴ dC v), the singular vectors being ARPACK's."""
    u, _, vh = decomposed(case, 1)
    change = make_case(case.input_size, case.kernel.shape, dtype=case.kernel.dtype, seed=1, **case.geometry)
    expected = (u[:, 0].conj() @ (stored(change) @ vh[0].conj())).real

    def norm(kernel):
        return operator_of(case, kernel).norm(tolerance=1e-8)

    _, forwards = jax.jit(lambda k, d: jax.jvp(norm, (k,), (d,)))(case.kernel, change.kernel)
    backwards = np.sum(np.asarray(jax.jit(jax.grad(norm))(case.kernel)) * change.kernel).real
    np.testing.assert_allclose([forwards, backwards], expected, rtol=1e-5)


def test_sum_of_singular_values_has_a_derivative():
    exact = jax.grad(lambda k: jnp.linalg.svd(operator_of(CASE, k).todense(), compute_uv=False)[:3].sum())(CASE.kernel)
    found = jax.jit(jax.grad(lambda k: operator_of(CASE, k).singular_values(3).sum()))(CASE.kernel)
    np.testing.assert_allclose(found, exact, rtol=1e-9, atol=1e-9)


def test_a_second_derivative_of_norm_is_refused():
    with pytest.raises(NotImplementedError, match="a first derivative, but no second one"):
        jax.hessian(lambda k: operator_of(CASE, k).norm())(CASE.kernel)


def test_norm_under_vmap():
    kernels = np.stack([LARGE.kernel, 3 * LARGE.kernel])
    found = jax.vmap(lambda k: operator_of(LARGE, k).norm())(kernels)
    np.testing.assert_allclose(found, decomposed(LARGE, 1)[1] * np.array([1, 3]), rtol=1e-4)
