"""`ConvMatrix`: against the dense Jacobian, in every format, under every transformation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from oracles import assert_within_rounding, cases, make_case, run_once, share, terms

from jtconv import ConvMatrix, conv, conv_matrix
from jtconv._matrix import products
from jtconv._matrix.index import csr_index
from jtconv._matrix.layout import channels_of, in_planes
from jtconv._verify.layers import LAYERS


def jacobian(case):
    """The dense Jacobian of `conv`, one unbatched image; rows vec(y), columns vec(x)."""
    shape = (*case.input_size, case.x.shape[-1])
    f = jax.jit(lambda x: conv(x.reshape(shape), case.kernel, **case.geometry).ravel())
    return np.asarray(jax.jacobian(f)(jnp.zeros(np.prod(shape))))


def matrix_of(case):
    return conv_matrix(case.kernel, case.input_size, **case.geometry)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_all_formats_equal_the_jacobian(layer):
    case = make_case(layer.input_size, layer.kernel_shape, **layer.geometry)
    matrix, dense = matrix_of(case), jacobian(case)
    # Folding adds up at most all taps, in some order; without it each entry is a copy.
    bound = 2 * np.prod(layer.kernel_shape[:-2]) * np.finfo(float).eps * np.abs(case.kernel).max()
    atol = bound if layer.geometry.get("padding_mode", "zeros") != "zeros" else 0
    for m, expected in ((matrix, dense), (matrix.T, dense.T)):
        assert m.shape == expected.shape
        for stored in (m, m.to_bcoo(), m.to_bcsr(), m.to_scipy()):
            np.testing.assert_allclose(np.asarray(stored.todense()), expected, rtol=0, atol=atol)
        assert m.nnz == m.to_scipy().nnz == m.to_bcoo().nse == m.to_bcsr().nse


@settings(max_examples=share(0.2))
@given(cases(2))
def test_entries_are_sorted_and_unique(case):
    spec = matrix_of(case).spec
    for transposed in (False, True):
        index = csr_index(spec, case.kernel.shape, transposed)
        rows = np.repeat(np.arange(len(index.indptr) - 1), np.diff(index.indptr))
        keys = rows.astype(np.int64) * 10**6 + index.indices
        assert (np.diff(keys) > 0).all()


@settings(max_examples=share(0.02))
@given(cases(2))
def test_products(case):
    """A vector, many columns, from the left and from the right, against the dense matrix."""
    matrix = matrix_of(case)
    rows, columns = matrix.shape
    rng = np.random.default_rng(1)
    right, left = rng.standard_normal((columns, 3)), rng.standard_normal((3, rows))

    def products(m, left, right):
        return m.todense(), m @ right, m @ right[:, 0], left @ m, left[0] @ m, m.T @ left.T

    dense, *results = run_once(products, matrix, left, right)
    dense = np.asarray(dense)
    expected = dense @ right, dense @ right[:, 0], left @ dense, left[0] @ dense, dense.T @ left.T
    magnitude = conv_matrix(np.abs(case.kernel), case.input_size, **case.geometry).to_scipy()
    r, v = np.abs(right), np.abs(left)
    sizes = magnitude @ r, magnitude @ r[:, 0], v @ magnitude, v[0] @ magnitude, magnitude.T @ v.T
    n = terms(case.kernel, matrix.spec.groups)
    for got, exact, size in zip(results, expected, sizes, strict=True):
        assert_within_rounding(got, exact, size, n)


@pytest.mark.parametrize("fitting", [1, 2, 3])
@pytest.mark.parametrize("transposed", [False, True])
def test_many_columns_are_multiplied_a_few_at_a_time(monkeypatch, fitting, transposed):
    """The number of columns need not be a multiple of how many fit."""
    matrix = matrix_of(CASE)
    groups, outputs, _, reads = matrix.values.shape
    monkeypatch.setattr(products, "MAX_WINDOW_BYTES", fitting * groups * outputs * reads * 8)
    jax.clear_caches()
    matrix = matrix.T if transposed else matrix
    columns = np.random.default_rng(2).standard_normal((matrix.shape[1], 5))
    exact, size = matrix.to_scipy() @ columns, abs(matrix.to_scipy()) @ abs(columns)
    assert_within_rounding(matrix @ columns, exact, size, terms(CASE.kernel, 2))
    assert (matrix @ columns[:, :0]).shape == (matrix.shape[0], 0)
    jax.clear_caches()


PLANES = (
    make_case((9, 11), (3, 2, 1, 1)),
    make_case((12, 10), (3, 4, 1, 5), strides=2, padding=1, groups=5),
    make_case((14, 17), (3, 2, 1, 3), strides=(2, 3), padding=((2, 1), (0, 3)), groups=3),
    make_case((39,), (4, 1, 2), dilation=3, padding=((-1, 4),), groups=2),
    make_case((31, 13), (3, 2, 1, 2), strides=(3, 1), dilation=(2, 3), padding=2, groups=2),
    make_case((16, 18), (3, 3, 1, 2), strides=(4, 5), groups=2),
    make_case((11, 12), (3, 4, 1, 1), strides=2, padding=2, padding_mode="circular"),
    make_case((10, 13), (4, 3, 1, 2), padding=3, padding_mode="replicate", groups=2),
    make_case((9, 12), (3, 3, 1, 2), padding=((3, 2), (1, 4)), padding_mode="reflect", groups=2),
    make_case((12, 13), (2, 3, 2, 3), padding=1),
    make_case((14, 15), (2, 3, 2, 6), strides=(3, 2), padding=((2, 0), (1, 3)), groups=3),
    make_case((17,), (3, 3, 4), strides=2, padding=1, padding_mode="reflect", groups=2),
    make_case((6, 11, 8), (2, 3, 2, 1, 2), padding=1, strides=(1, 2, 1), groups=2),
)


@pytest.mark.parametrize("case", PLANES, ids=lambda case: f"{case.kernel.shape} {case.geometry}")
def test_few_channels_are_stored_in_planes(case):
    """Everything that depends on where a value is stored, against the Jacobian."""
    matrix, dense = matrix_of(case), jacobian(case)
    assert in_planes(matrix.spec, channels_of(case.kernel.shape, matrix.spec.groups))
    n = case.kernel.size
    magnitude = np.asarray(conv_matrix(np.abs(case.kernel), case.input_size, **case.geometry).todense())
    assert_within_rounding(matrix.todense(), dense, magnitude, n)
    assert_within_rounding(matrix.T.to_scipy().toarray(), dense.T, magnitude.T, n)
    rng = np.random.default_rng(6)
    right, left = rng.standard_normal((dense.shape[1], 3)), rng.standard_normal((dense.shape[0], 3))
    x, y = case.x[0], case.y[0]

    def products(matrix, kernel):
        return (
            (matrix @ right, matrix @ right[:, 0], matrix @ right[:, :0]),
            (matrix.T @ left, matrix.T @ left[:, 0], matrix.T @ left[:, :0]),
            jax.grad(lambda w: y.ravel() @ (matrix.with_kernel(w) @ x.ravel()))(kernel),
            jax.grad(lambda w: x.ravel() @ (matrix.T.with_kernel(w) @ y.ravel()))(kernel),
        )

    def by_conv(kernel, x=x, y=y):
        return jnp.vdot(y, conv(x, kernel, **case.geometry))

    forward, backward, *gradients = run_once(products, matrix, case.kernel)
    for found, columns in zip(forward, (right, right[:, 0], right[:, :0]), strict=True):
        assert_within_rounding(found, dense @ columns, magnitude @ abs(columns), n)
    for found, columns in zip(backward, (left, left[:, 0], left[:, :0]), strict=True):
        assert_within_rounding(found, dense.T @ columns, magnitude.T @ abs(columns), n)
    assert matrix.nnz == matrix.to_scipy().nnz >= np.count_nonzero(dense)
    exact = jax.grad(by_conv)(case.kernel)
    size = jax.grad(by_conv)(np.abs(case.kernel), np.abs(x), np.abs(y))
    for gradient in gradients:
        assert_within_rounding(gradient, exact, size, y.size)


@pytest.mark.parametrize("columns", [1, 3])
def test_kernel_of_many_taps(columns):
    """So many that programs are made by the axis rather than by the tap, at stride 1 too."""
    case = make_case((9, 10), (6, 7, 2, 3), padding=((3, 1), (2, 4)))
    right = np.random.default_rng(3).standard_normal((9 * 10 * 2, columns))
    left = np.random.default_rng(4).standard_normal((8 * 10 * 3, columns))
    dense, matrix = jacobian(case), matrix_of(case)
    n = terms(case.kernel, 1)
    assert_within_rounding(matrix @ right, dense @ right, abs(dense) @ abs(right), n)
    assert_within_rounding(matrix.T @ left, dense.T @ left, abs(dense.T) @ abs(left), n)


CASE = make_case((7, 6), (3, 2, 2, 4), strides=2, padding=1, dilation=(1, 2), groups=2)
FOLDED = make_case((5, 6), (3, 4, 2, 3), padding=2, padding_mode="circular")


@pytest.mark.parametrize("case", [CASE, FOLDED], ids=["zeros", "circular"])
def test_with_kernel(case):
    """The values of another kernel, in any state of transposition, and differentiable by it."""
    other = np.random.default_rng(5).standard_normal(case.kernel.shape)
    expected = conv_matrix(other, case.input_size, **case.geometry)
    matrix, v = matrix_of(case), case.y[0].ravel()
    np.testing.assert_array_equal(matrix.with_kernel(other).todense(), expected.todense())
    np.testing.assert_array_equal(matrix.T.with_kernel(other).todense(), expected.T.todense())
    assert matrix.with_kernel(other.astype(np.float32)).dtype == np.float32
    product = jax.jit(lambda matrix, kernel: matrix.T.with_kernel(kernel) @ v)
    np.testing.assert_array_equal(product(matrix, other), jax.jit(lambda matrix: matrix.T @ v)(expected))
    x = case.x[0].ravel()
    gradient = jax.jit(jax.grad(lambda kernel: x @ product(matrix, kernel)))(other)
    by_conv = jax.grad(lambda w: jnp.vdot(case.y[0], conv(case.x[0], w, **case.geometry)))(other)
    size = jax.grad(lambda w: jnp.vdot(abs(case.y[0]), conv(abs(case.x[0]), w, **case.geometry)))(other)
    assert_within_rounding(gradient, by_conv, size, v.size)


def test_with_kernel_makes_no_new_program():
    """Matrices of one geometry are the same to `jit`, whatever their kernel."""
    compiled = []

    @jax.jit
    def product(matrix, v):
        compiled.append(matrix.shape)
        return matrix @ v

    matrix, v = matrix_of(CASE), CASE.x[0].ravel()
    for kernel in (CASE.kernel, CASE.kernel + 1):
        product(matrix.with_kernel(kernel), v)
        product(conv_matrix(kernel, CASE.input_size, **CASE.geometry), v)
    assert len(compiled) == 1


def test_with_kernel_refuses_other_kernels():
    matrix = matrix_of(CASE)
    with pytest.raises(ValueError, match=r"have the shape.*\(3, 2, 2, 4\), got \(2, 3, 2, 4\).*conv_matrix"):
        matrix.with_kernel(np.ones((2, 3, 2, 4)))
    with pytest.raises(TypeError, match="`kernel` must have a floating or complex dtype"):
        matrix.with_kernel(np.ones((3, 2, 2, 4), int))


@pytest.mark.parametrize("dtype", ["float16", "float32", "complex64"])
def test_nbytes_is_the_memory_of_all_that_is_stored(dtype):
    matrix = conv_matrix(jnp.asarray(CASE.kernel, dtype), CASE.input_size, **CASE.geometry)
    leaves = jax.tree.leaves(matrix)
    slots = matrix.shape[0] * 3 * 2 * 2  # of each row, as many as taps and channels of its group
    assert matrix.nbytes == matrix.T.nbytes == sum(leaf.nbytes for leaf in leaves) == slots * jnp.dtype(dtype).itemsize
    assert matrix.nnz < slots
    valid = conv_matrix(CASE.kernel, CASE.input_size, groups=2)
    assert valid.nbytes == 8 * valid.nnz


def test_values_beyond_the_border_are_zero_and_meet_nothing():
    """A value that is not finite reaches the rows where it has an entry, and no other."""
    kernel = np.array([np.inf, 2.0, 3.0]).reshape(3, 1, 1)
    c = conv_matrix(kernel, 4, padding=1)
    np.testing.assert_array_equal(np.isfinite(c @ np.ones(4)), [True, False, False, False])
    np.testing.assert_array_equal(np.isfinite(c.T @ np.ones(4)), [False, False, False, True])
    c = c.with_kernel(np.ones((3, 1, 1)))
    np.testing.assert_array_equal(np.isfinite(c @ np.array([np.inf, 1, 1, 1])), [False, False, True, True])
    np.testing.assert_array_equal(np.isfinite(c.T @ np.array([np.inf, 1, 1, 1])), [False, False, True, True])


@pytest.mark.parametrize("case", [CASE, FOLDED], ids=["zeros", "circular"])
def test_gradient_in_the_kernel_is_that_of_conv(case):
    x, y = case.x[0], case.y[0]
    n = y.size

    def by_matrix(kernel):
        return jnp.vdot(y, conv_matrix(kernel, case.input_size, **case.geometry) @ x.ravel())

    def by_conv(kernel, x=x, y=y):
        return jnp.vdot(y, conv(x, kernel, **case.geometry))

    size = jax.grad(lambda w: by_conv(w, np.abs(x), np.abs(y)))(case.kernel)
    assert_within_rounding(jax.jit(jax.grad(by_matrix))(case.kernel), jax.grad(by_conv)(case.kernel), size, n)
    dense = jax.grad(lambda w: (y.ravel() @ conv_matrix(w, case.input_size, **case.geometry).todense()) @ x.ravel())
    assert_within_rounding(dense(case.kernel), jax.grad(by_conv)(case.kernel), size, n)


def test_is_a_pytree_with_the_values_as_its_leaf():
    matrix = matrix_of(CASE)
    leaves, structure = jax.tree.flatten(matrix)
    assert len(leaves) == 1
    doubled = jax.tree.map(lambda k: 2 * k, matrix)
    assert isinstance(doubled, ConvMatrix)
    v = CASE.x[0].ravel()
    np.testing.assert_array_equal(doubled @ v, 2 * (matrix @ v))
    np.testing.assert_array_equal(jax.jit(lambda m, v: m.T.T @ v)(matrix, v), matrix @ v)
    gradient = jax.grad(lambda m: jnp.sum(m @ v))(matrix)
    assert isinstance(gradient, ConvMatrix)
    assert gradient.values.shape == matrix.values.shape
    assert jax.tree.structure(gradient) == structure


def test_vmap_over_kernels():
    kernels = np.stack([CASE.kernel, CASE.kernel[::-1], CASE.kernel + 1])
    v = CASE.x[0].ravel()

    def product(kernel):
        return conv_matrix(kernel, CASE.input_size, **CASE.geometry) @ v

    each = np.stack([product(k) for k in kernels])
    size = np.stack([np.abs(matrix_of(CASE).todense()) @ np.abs(v)] * 3) + np.abs(v).sum()
    assert_within_rounding(jax.vmap(product)(kernels), each, size, terms(CASE.kernel, 2))
    stacked = jax.vmap(lambda k: conv_matrix(k, CASE.input_size, **CASE.geometry))(kernels)
    assert_within_rounding(jax.vmap(lambda m: m @ v)(stacked), each, size, terms(CASE.kernel, 2))


def test_vmapped_matrix_outside_vmap_is_refused():
    stacked = jax.vmap(lambda k: conv_matrix(k, CASE.input_size, **CASE.geometry))(np.stack([CASE.kernel] * 2))
    for use in (lambda: stacked @ CASE.x[0].ravel(), stacked.todense, lambda: stacked.nnz, lambda: stacked.shape):
        with pytest.raises(ValueError, match=r"holds a batch of kernels.*inside `jax.vmap`"):
            use()


def test_scipy_matrix_is_the_users_own():
    """It may be changed in place, and the cached index does not change with it."""
    kernel = np.array([1.0, 0.0, 2.0]).reshape(3, 1, 1)
    own = conv_matrix(kernel, 7).to_scipy()
    own *= 3
    own.eliminate_zeros()
    again = conv_matrix(kernel + 1, 7).to_scipy().toarray()
    np.testing.assert_array_equal(again[0], [2, 1, 3, 0, 0, 0, 0])


def test_dtypes():
    for dtype in ("float16", "bfloat16", "float32", "complex64"):
        matrix = conv_matrix(jnp.asarray(CASE.kernel, dtype), CASE.input_size, **CASE.geometry)
        assert matrix.dtype == dtype
        assert (matrix @ jnp.ones(matrix.shape[1], dtype)).dtype == dtype
        assert matrix.to_scipy().dtype == (dtype if dtype == "complex64" else "float32")


def test_layer_that_reads_nothing_has_an_empty_matrix():
    """All of the input lies between two windows."""
    matrix = conv_matrix(np.ones((1, 1, 1)), 1, strides=3, padding=((1, 2),))
    assert matrix.shape == (2, 1)
    assert matrix.nnz == 0
    np.testing.assert_array_equal(matrix.T @ np.ones(2), [0.0])


def test_printed_it_says_its_shape_entries_bytes_and_layer():
    matrix = conv_matrix(np.ones((4, 3, 2, 5), np.float32), (9, 7), strides=2)
    entries, values = 3 * 3 * 5 * 4 * 3 * 2, matrix.values.size
    layer = "C: 9x7 -> 3x3, kernel 4x3, strides (2, 2)"
    assert str(matrix).startswith(f"ConvMatrix(45 x 126, {entries:,} entries, {4 * values:,} bytes, float32; {layer}")
    assert str(matrix.T).startswith(
        f"ConvMatrix(126 x 45, {entries:,} entries, {4 * values:,} bytes, float32; transpose"
    )
    batch = jax.vmap(lambda kernel: conv_matrix(kernel, 5))(np.ones((2, 3, 1, 1)))
    assert str(batch).startswith("ConvMatrix(values=")
    assert str(jax.tree.map(lambda _: None, matrix)).startswith("ConvMatrix(values=None")
