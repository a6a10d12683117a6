"""The operator in SciPy's solvers and decompositions."""

import sys
from typing import Any

import numpy as np
import pytest
from oracles import assert_within_rounding
from scipy.sparse.linalg import aslinearoperator, cg, lsqr, svds

from tests.operators import CASE, LARGE, SMALL_ONES, decomposed, dense_of, described, normal, operator_of


@pytest.mark.parametrize("case", SMALL_ONES, ids=described)
def test_scipy_operator(case):
    c, dense = operator_of(case).to_scipy(), dense_of(case)
    assert (c.shape, c.dtype) == (dense.shape, dense.dtype)
    rng = np.random.default_rng(2)
    columns, rows = normal(rng, dense.shape[1], 3), normal(rng, dense.shape[0], 3)
    size, back = abs(dense) @ abs(columns), abs(dense).T @ abs(rows)
    n = case.kernel.size * 4
    assert_within_rounding(c @ columns, dense @ columns, size, n)
    assert_within_rounding(c @ columns[:, :1], dense @ columns[:, :1], size[:, :1], n)  # SciPy ends matvec of a column
    assert_within_rounding(c.matvec(columns[:, 0]), dense @ columns[:, 0], size[:, 0], n)
    assert_within_rounding(c.H @ rows, dense.conj().T @ rows, back, n)
    assert_within_rounding(c.rmatvec(rows[:, 0]), dense.conj().T @ rows[:, 0], back[:, 0], n)
    assert_within_rounding(c.T @ rows, dense.T @ rows, back, n)
    result = c @ columns
    result += 1  # the caller's own
    np.testing.assert_array_equal(c @ np.ones(dense.shape[1], int), c @ np.ones(dense.shape[1]))


def test_scipy_decomposes_it():
    found: Any = svds(operator_of(LARGE).to_scipy(), k=3, return_singular_vectors=False, rng=np.random.default_rng(3))
    np.testing.assert_allclose(np.sort(found)[::-1], decomposed(LARGE, 3)[1], rtol=1e-9)


def test_scipy_solves_with_it():
    """Least squares by LSQR, and by conjugate gradients on the regularised normal equations."""
    c, dense, y = operator_of(CASE).to_scipy(), dense_of(CASE), CASE.y[0].ravel()
    least = np.linalg.lstsq(dense, y)[0]
    np.testing.assert_allclose(lsqr(c, y, atol=1e-14, btol=1e-14)[0], least, atol=1e-8)
    x, status = cg(c.H @ c + aslinearoperator(0.1 * np.eye(c.shape[1])), c.H @ y, rtol=1e-12)
    assert status == 0
    exact = np.linalg.solve(dense.T @ dense + 0.1 * np.eye(c.shape[1]), dense.T @ y)
    np.testing.assert_allclose(x, exact, atol=1e-9)


@pytest.mark.parametrize("name", ["lineax", "pylops"])
def test_a_library_that_is_not_there_is_named(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=rf"`to_{name}` needs {name}.*pip install {name}") as raised:
        getattr(operator_of(CASE), f"to_{name}")()
    assert raised.value.name == name
