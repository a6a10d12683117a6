"""`ConvOperator`: its products against the stored matrix; as a pytree; arguments at fault."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from oracles import assert_within_rounding, cases, make_case, run_once, share, terms

from jtconv import ConvOperator, conv, conv_matrix
from jtconv._verify.layers import LAYERS
from tests.operators import CASE, COMPLEX, WIDE, dense_of, described, normal, operator_of, stored

# --- products --------------------------------------------------------------------------------


@settings(max_examples=share(0.02))
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
        for form in (c, c.to_matrix(), c.to_bcoo(), c.to_bcsr()):
            np.testing.assert_array_equal(form.todense(), m.todense())


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
    """The matrix of this layer has more entries than int32 can number."""
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
