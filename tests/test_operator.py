"""`ConvOperator`: against the stored matrix, NumPy's decomposition of it, and the Fourier transform."""

import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from oracles import assert_within_rounding, cases, make_case, run_once, terms
from scipy.sparse.linalg import aslinearoperator, cg, lsqr, svds

from jtconv import ConvOperator, conv, conv_matrix
from jtconv._operator import singular_values
from jtconv._verify.layers import LAYERS


def dense_of(case, kernel=None):
    """The matrix by its index of entries: no convolution is computed."""
    return stored(case, kernel).toarray()


def stored(case, kernel=None):
    return conv_matrix(case.kernel if kernel is None else kernel, case.input_size, **case.geometry).to_scipy()


def operator_of(case, kernel=None):
    return ConvOperator(case.kernel if kernel is None else kernel, case.input_size, **case.geometry)


def normal(rng, *shape):
    return rng.standard_normal(shape)


CASE = make_case((7, 6), (3, 2, 2, 4), strides=2, padding=1, dilation=(1, 2), groups=2)
WIDE = make_case((9, 11), (3, 4, 3, 2), strides=(1, 2), padding=((2, 0), (1, 3)), padding_mode="reflect")
COMPLEX = make_case((7, 5), (2, 3, 2, 6), dtype=np.complex128, strides=(2, 1), padding=1, groups=2)
# As matrices of more entries than are decomposed densely.
LARGE = make_case((37, 26), (3, 2, 2, 6), strides=(2, 1), padding=1, groups=2)
LARGE_WIDE = make_case((41, 38), (4, 3, 3, 2), strides=2, padding=1, padding_mode="replicate")
LARGE_COMPLEX = make_case((29, 30), (3, 2, 2, 6), dtype=np.complex128, strides=(2, 1), padding=1, groups=2)
SMALL_ONES, LARGE_ONES = (CASE, WIDE, COMPLEX), (LARGE, LARGE_WIDE, LARGE_COMPLEX)


def described(case):
    return f"{case.input_size} {case.kernel.shape} {case.kernel.dtype} {case.geometry}"


# --- products --------------------------------------------------------------------------------


@settings(max_examples=settings().max_examples // 50)
@given(cases(2))
def test_products(case):
    """A vector, many columns, from the left and from the right, against the dense matrix."""
    operator, dense = operator_of(case), dense_of(case)
    rows, columns = operator.shape
    assert dense.shape == (rows, columns)
    rng = np.random.default_rng(1)
    right, left = normal(rng, columns, 3), normal(rng, 2, rows)

    def products(c, left, right):
        return c @ right, c @ right[:, 0], left @ c, left[0] @ c, c.T @ left.T, right.T @ c.T

    results = run_once(products, operator, left, right)
    expected = dense @ right, dense @ right[:, 0], left @ dense, left[0] @ dense, dense.T @ left.T, right.T @ dense.T
    # Not |dense|, in which taps of opposite sign may have met.
    magnitude = stored(case, np.abs(case.kernel))
    r, v = np.abs(right), np.abs(left)
    sizes = (
        *(magnitude @ r, magnitude @ r[:, 0], v @ magnitude),
        *(v[0] @ magnitude, magnitude.T @ v.T, r.T @ magnitude.T),
    )
    n = case.kernel.size * max(case.y[0].size, 1)  # padding may bring all taps to one position
    for got, exact, size in zip(results, expected, sizes, strict=True):
        assert_within_rounding(got, exact, size, n)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_the_stored_matrix_is_that_of_conv_matrix(layer):
    case = make_case(layer.input_size, layer.kernel_shape, **layer.geometry)
    operator, matrix = operator_of(case), conv_matrix(case.kernel, case.input_size, **case.geometry)
    for c, m in ((operator, matrix), (operator.T, matrix.T)):
        assert (c.shape, c.nnz, c.dtype) == (m.shape, m.nnz, m.dtype)
        for stored in (c, c.to_matrix(), c.to_bcoo(), c.to_bcsr()):
            np.testing.assert_array_equal(stored.todense(), m.todense())


def test_transpose_and_adjoint_of_complex_kernels():
    c, dense = operator_of(COMPLEX), dense_of(COMPLEX)
    v = COMPLEX.y[0].ravel()
    size, n = np.abs(dense).T @ np.abs(v), terms(COMPLEX.kernel, 2)
    assert_within_rounding(c.T @ v, dense.T @ v, size, n)
    assert_within_rounding(c.H @ v, dense.conj().T @ v, size, n)
    np.testing.assert_array_equal(c.H.H @ COMPLEX.x[0].ravel(), c @ COMPLEX.x[0].ravel())
    real = operator_of(CASE)
    np.testing.assert_array_equal(real.H @ CASE.y[0].ravel(), real.T @ CASE.y[0].ravel())


def test_no_entry_is_stored():
    """Of a layer whose matrix has more entries than int32 can number."""
    c = ConvOperator(np.ones((5, 5, 24, 24), np.float32), (640, 480), padding=2)
    assert c.shape == (640 * 480 * 24,) * 2
    assert c.nbytes == 5 * 5 * 24 * 24 * 4
    assert c.nnz > 2**31
    with pytest.raises(ValueError, match="entries, and its int32 indices"):
        c.to_matrix()


def test_no_columns():
    c = operator_of(CASE)
    assert (c @ np.zeros((c.shape[1], 0))).shape == (c.shape[0], 0)
    assert (np.zeros((0, c.shape[0])) @ c).shape == (0, c.shape[1])


def test_dtypes():
    for dtype in ("float16", "bfloat16", "float32", "complex64"):
        c = operator_of(CASE, jnp.asarray(CASE.kernel, dtype))
        assert c.dtype == c.H.dtype == (c @ jnp.ones(c.shape[1], dtype)).dtype == dtype
        expected = dtype if dtype == "complex64" else "float32"
        assert c.to_scipy().dtype == expected
        assert jax.eval_shape(ConvOperator.norm, c).dtype == "float32"
    assert (operator_of(CASE) @ np.ones(CASE.x[0].size, np.complex64)).dtype == np.complex128


# --- as a pytree -----------------------------------------------------------------------------


def test_is_a_pytree_with_the_kernel_as_its_leaf():
    c = operator_of(CASE)
    [(path, leaf)], structure = jax.tree_util.tree_flatten_with_path(c)
    assert jax.tree_util.keystr(path) == ".kernel"
    np.testing.assert_array_equal(leaf, CASE.kernel)
    v = CASE.x[0].ravel()
    np.testing.assert_array_equal(jax.tree.map(lambda k: 2 * k, c) @ v, 2 * (c @ v))
    np.testing.assert_array_equal(jax.jit(lambda c, v: c.T.T @ v)(c, v), c @ v)
    gradient = jax.grad(lambda c: jnp.sum(c @ v))(c)
    assert isinstance(gradient, ConvOperator)
    assert jax.tree.structure(gradient) == structure
    assert jax.tree.structure(c.T) != structure


@pytest.mark.parametrize("case", [CASE, WIDE], ids=described)
def test_gradient_in_the_kernel_is_that_of_conv(case):
    x, y = case.x[0], case.y[0]

    def by_conv(kernel, x=x, y=y):
        return jnp.vdot(y, conv(x, kernel, **case.geometry))

    size = jax.grad(lambda w: by_conv(w, np.abs(x), np.abs(y)))(case.kernel)
    exact = jax.grad(by_conv)(case.kernel)
    for product in (
        lambda w: y.ravel() @ (operator_of(case, w) @ x.ravel()),
        lambda w: x.ravel() @ (operator_of(case).T.with_kernel(w) @ y.ravel()),
    ):
        assert_within_rounding(jax.jit(jax.grad(product))(case.kernel), exact, size, y.size)


def test_vmap_over_kernels():
    kernels = np.stack([CASE.kernel, CASE.kernel[::-1], CASE.kernel + 1])
    v = CASE.x[0].ravel()
    stacked = jax.vmap(lambda k: operator_of(CASE, k))(kernels)
    for use in (lambda: stacked @ v, stacked.todense, lambda: stacked.nnz, lambda: stacked.shape, stacked.norm):
        with pytest.raises(ValueError, match=r"holds a batch of kernels.*inside `jax.vmap`"):
            use()
    each = np.stack([operator_of(CASE, k) @ v for k in kernels])
    size = np.stack([operator_of(CASE, abs(k)) @ abs(v) for k in kernels])
    assert_within_rounding(jax.vmap(lambda c: c @ v)(stacked), each, size, terms(CASE.kernel, 2))


# --- singular values -------------------------------------------------------------------------


def decomposed(case, k):
    """(U, the k largest values, Vᴴ) of the stored matrix, by ARPACK, to rounding."""
    found: Any = svds(stored(case), k=k, tol=0, rng=np.random.default_rng(3))
    u, values, vh = found
    order = np.argsort(-values)
    return u[:, order], values[order], vh[order]


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
    """Of a circular layer at stride 1 the Fourier transform has them: of its 3 × 3 matrix at every frequency."""
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
    """Of a kernel of zeros, and of one of rank 1: as many as there are outputs, of the 5 times as many asked for."""
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


# --- SciPy -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SMALL_ONES, ids=described)
def test_scipy_operator(case):
    c, dense = operator_of(case).to_scipy(), dense_of(case)
    assert (c.shape, c.dtype) == (dense.shape, dense.dtype)
    rng = np.random.default_rng(2)
    columns, rows = normal(rng, dense.shape[1], 3), normal(rng, dense.shape[0], 3)
    size, back = abs(dense) @ abs(columns), abs(dense).T @ abs(rows)
    n = case.kernel.size * 4
    assert_within_rounding(c @ columns, dense @ columns, size, n)
    assert_within_rounding(c.matvec(columns[:, :1]), dense @ columns[:, :1], size[:, :1], n)
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


# --- arguments at fault ----------------------------------------------------------------------


def test_operands_of_other_sizes_are_refused():
    c = operator_of(CASE)
    rows, columns = c.shape
    with pytest.raises(ValueError, match=rf"right operand of @ must have shape \({columns},\).*got \({rows},\)"):
        _ = c @ np.ones(rows)
    with pytest.raises(ValueError, match=rf"left operand of @ must have shape \({rows},\).*got \(2, {columns}\)"):
        _ = np.ones((2, columns)) @ c
    with pytest.raises(TypeError, match=r"right operand of @` must have a floating.*jnp.asarray\(v, jnp.float32\)"):
        _ = c @ np.ones(columns, int)


@pytest.mark.parametrize("kind", ["operator", "matrix", "scipy"])
def test_operands_that_are_matrices_are_refused(kind):
    c = operator_of(CASE)
    other: Any = {"operator": c, "matrix": c.to_matrix(), "scipy": stored(CASE)}[kind]
    with pytest.raises(TypeError, match="`@` takes arrays; got"):
        _ = c.T @ other


def test_a_batch_of_operators_has_a_repr():
    kernels = jnp.ones((5, *CASE.kernel.shape))
    batch = jax.vmap(lambda kernel: ConvOperator(kernel, CASE.input_size, **CASE.geometry))(kernels)
    assert repr(batch).startswith("ConvOperator(kernel=")
    assert repr(jax.tree.map(lambda _: None, batch, is_leaf=lambda x: x is None)).startswith("ConvOperator(kernel=None")


def test_arguments_out_of_bounds_are_refused():
    c = operator_of(CASE)
    for k in (0, min(c.shape) + 1):
        with pytest.raises(ValueError, match=rf"`k` must be in \[1, {min(c.shape)}\].*got {k}"):
            c.singular_values(k)
    with pytest.raises(TypeError, match="`k` must be an int"):
        c.singular_values(1.5)  # pyright: ignore[reportArgumentType] (refused, which is tested)
    for tolerance in (0, 1, float("nan")):
        with pytest.raises(ValueError, match="`tolerance` must be above 0 and below 1"):
            c.norm(tolerance=tolerance)
    for wrong in ("1e-3", None, 1e-3j, np.ones(1)):
        with pytest.raises(TypeError, match="`tolerance` must be a real number, got"):
            c.norm(tolerance=wrong)  # pyright: ignore[reportArgumentType] (refused, which is tested)
    with pytest.raises(ValueError, match="this operator was made from.*`ConvOperator`"):
        c.with_kernel(np.ones((2, 3, 2, 4)))
    with pytest.raises(ValueError, match="the kernel does not fit"):
        ConvOperator(np.ones((4, 1, 1)), 3)
