"""`ConvOperator` in Lineax and PyLops: their own tests of it, and their solvers, against dense algebra."""

import jax
import jax.numpy as jnp
import lineax
import numpy as np
import pylops
import pytest
from pylops.utils import dottest

import jtconv

RNG = np.random.default_rng(0)
GEOMETRY = {"strides": (2, 1), "padding": ((1, 2), (0, 1)), "groups": 2, "padding_mode": "reflect"}
SIZE = (7, 6)
REAL = RNG.standard_normal((3, 2, 2, 6))
COMPLEX = REAL + 1j * RNG.standard_normal(REAL.shape)


def operator(kernel):
    return jtconv.ConvOperator(kernel, SIZE, **GEOMETRY)


def dense(kernel):
    return np.asarray(jtconv.conv_matrix(kernel, SIZE, **GEOMETRY).todense())


@pytest.mark.parametrize("kernel", [REAL, COMPLEX], ids=["real", "complex"])
def test_pylops_accepts_the_adjoint(kernel):
    c = operator(kernel).to_pylops()
    assert isinstance(c, pylops.LinearOperator)
    assert dottest(c, rtol=1e-12, complexflag=3 if np.iscomplexobj(kernel) else 0, raiseerror=True)
    np.testing.assert_allclose(c.todense(), dense(kernel), atol=1e-12)
    np.testing.assert_allclose(c.H.todense(), dense(kernel).conj().T, atol=1e-12)
    np.testing.assert_allclose(c.T.todense(), dense(kernel).T, atol=1e-12)


def test_pylops_takes_images():
    c = operator(REAL).to_pylops()
    x = RNG.standard_normal((*SIZE, 4))
    y = jtconv.conv(x, REAL, **GEOMETRY)
    assert (c.dims, c.dimsd) == (x.shape, y.shape)
    np.testing.assert_allclose(c @ x, y, atol=1e-12)
    assert (operator(REAL).T.to_pylops() @ np.asarray(y)).shape == x.shape


def test_pylops_solves_with_it():
    """Damped least squares by CGLS, and an operator composed of two of ours."""
    c, matrix = operator(REAL).to_pylops(), dense(REAL)
    y = RNG.standard_normal(c.dimsd)
    x = pylops.optimization.basic.cgls(c, y, niter=400, damp=0.3, tol=1e-24)[0]
    exact = np.linalg.solve(matrix.T @ matrix + 0.09 * np.eye(len(matrix.T)), matrix.T @ y.ravel())
    np.testing.assert_allclose(np.ravel(x), exact, atol=1e-8)
    assert dottest(pylops.VStack([c, 2 * c]) @ c.H, rtol=1e-12, raiseerror=True)


def normal_equations(kernel):
    c = operator(kernel)
    ridge = lineax.IdentityLinearOperator(jax.ShapeDtypeStruct((c.shape[1],), c.dtype))
    lx = c.to_lineax()
    return lx.T @ lx + 0.1 * ridge, lx


def solve(kernel, y):
    """Regularised least squares by Lineax's conjugate gradients."""
    normal, lx = normal_equations(kernel)
    normal = lineax.TaggedLinearOperator(normal, lineax.positive_semidefinite_tag)
    return lineax.linear_solve(normal, lx.T.mv(y), lineax.CG(rtol=1e-12, atol=1e-12)).value


def solve_densely(kernel, y):
    matrix = jtconv.conv_matrix(kernel, SIZE, **GEOMETRY).todense()
    return jnp.linalg.solve(matrix.T @ matrix + 0.1 * jnp.eye(matrix.shape[1]), matrix.T @ y)


def test_lineax_multiplies():
    c, matrix = operator(COMPLEX).to_lineax(), dense(COMPLEX)
    assert isinstance(c, lineax.AbstractLinearOperator)
    np.testing.assert_allclose(c.as_matrix(), matrix, atol=1e-12)
    np.testing.assert_allclose(c.T.as_matrix(), matrix.T, atol=1e-12)
    np.testing.assert_allclose(lineax.conj(c).T.as_matrix(), matrix.conj().T, atol=1e-12)
    assert c.in_size() == matrix.shape[1]
    assert c.out_size() == matrix.shape[0]


def test_lineax_solves_under_jit():
    y = RNG.standard_normal(dense(REAL).shape[0])
    np.testing.assert_allclose(jax.jit(solve)(REAL, y), solve_densely(REAL, y), atol=1e-9)


def test_lineax_solution_differentiates_in_the_kernel():
    y = RNG.standard_normal(dense(REAL).shape[0])
    weights = RNG.standard_normal(dense(REAL).shape[1])
    gradient = jax.jit(jax.grad(lambda kernel: weights @ solve(kernel, y)))(REAL)
    exact = jax.grad(lambda kernel: weights @ solve_densely(kernel, y))(REAL)
    np.testing.assert_allclose(gradient, exact, atol=1e-7)


def test_lineax_least_squares_by_its_own_normal_equations():
    """Of a layer at stride 1, with more outputs than inputs."""
    c = jtconv.ConvOperator(REAL, SIZE, padding="SAME", groups=2)
    matrix = np.asarray(c.todense())
    assert np.linalg.matrix_rank(matrix) == c.shape[1] < c.shape[0]
    y = RNG.standard_normal(c.shape[0])
    found = lineax.linear_solve(c.to_lineax(), y, lineax.Normal(lineax.CG(rtol=1e-12, atol=1e-12)))
    np.testing.assert_allclose(found.value, np.linalg.lstsq(matrix, y)[0], atol=1e-8)
