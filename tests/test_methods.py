"""Every method on the built-in layers: dtypes, transformations, batches."""

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from oracles import assert_within_rounding, loop_conv_transpose, magnitude_of_terms, make_case, run_once, terms

from jtconv import METHODS, conv, conv_transpose
from jtconv._geometry.padding_modes import PADDING_MODES
from jtconv._verify.layers import LAYERS

BY_NAME = {layer.name: layer for layer in LAYERS}
STRIDED = BY_NAME["2-D unequal everything"]
GROUPED = BY_NAME["2-D groups 3"]
CIRCULAR = BY_NAME["2-D circular"]
VOLUME = BY_NAME["3-D unequal, dilated"]
FEW = [STRIDED, GROUPED, CIRCULAR, VOLUME]


def case_of(layer, **options):
    return make_case(layer.input_size, layer.kernel_shape, **layer.geometry, **options)


def transpose_of(case, method, **options):
    arguments = {**case.geometry, "output_size": case.input_size, "method": method, **options}
    return partial(conv_transpose, **arguments)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_methods_place_and_add(layer):
    """The optimised programs of all built-in layers against the double loop."""
    case = case_of(layer)
    expected, magnitude = (
        loop_conv_transpose(case.y, case.kernel, case.input_size, **case.geometry),
        magnitude_of_terms(case),
    )
    n = terms(case.kernel, layer.geometry.get("groups", 1))
    results = jax.jit(lambda y, w: {m: transpose_of(case, m)(y, w) for m in METHODS})(case.y, case.kernel)
    for result in results.values():
        assert_within_rounding(result, expected, magnitude, n)


def test_a_window_alone_on_its_axis():
    """No stride is taken, however long: the phases of 2^30 positions would be as many programs."""
    case = make_case((7, 9), (3, 2, 2, 5), strides=(2**30, 4), padding=((1, -1), (1, 0)), dilation=(2, 3))
    expected = loop_conv_transpose(case.y, case.kernel, case.input_size, **case.geometry)
    assert case.y.shape[1:3] == (1, 2)
    for method in METHODS:
        result = transpose_of(case, method)(case.y, case.kernel)
        assert_within_rounding(result, expected, magnitude_of_terms(case), terms(case.kernel, 1))


@pytest.mark.parametrize("layer", FEW, ids=lambda layer: layer.name)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "complex64", "complex128"])
def test_dtypes(layer, dtype):
    case = case_of(layer, dtype=np.complex128 if "complex" in dtype else np.float64)
    y, kernel = jnp.asarray(case.y, dtype), jnp.asarray(case.kernel, dtype)
    wide = np.complex128 if "complex" in dtype else np.float64
    rounded = case._replace(y=np.asarray(y).astype(wide), kernel=np.asarray(kernel).astype(wide))
    expected = loop_conv_transpose(rounded.y, rounded.kernel, rounded.input_size, **rounded.geometry)
    magnitude = magnitude_of_terms(rounded)
    n = terms(kernel, layer.geometry.get("groups", 1))
    for method in METHODS:
        result = transpose_of(case, method)(y, kernel)
        assert result.dtype == y.dtype
        eps = float(jnp.finfo(dtype).eps)
        assert_within_rounding(np.asarray(result).astype(wide), expected, magnitude, n, eps)


@pytest.mark.parametrize("mode", PADDING_MODES)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_accumulates_in_float32(dtype, mode):
    """One rounding to half precision at the end, not one per addition or fold."""
    case = make_case((11, 8), (6, 5, 7, 33), strides=2, padding=4, padding_mode=mode)
    y, kernel = jnp.asarray(case.y, dtype), jnp.asarray(case.kernel, dtype)
    rounded = case._replace(y=np.asarray(y, np.float64), kernel=np.asarray(kernel, np.float64))
    expected = loop_conv_transpose(rounded.y, rounded.kernel, (11, 8), **case.geometry)
    final = float(jnp.finfo(dtype).eps) * np.abs(expected)
    # Folding may bring the same pixel of y to one position by every tap.
    summed = 2 * terms(kernel, 1) * np.finfo(np.float32).eps * magnitude_of_terms(rounded)
    for method in METHODS:
        result = np.asarray(transpose_of(case, method)(y, kernel), np.float64)
        assert (np.abs(result - expected) <= final + summed).all(), method


def all_derivatives(f, y, kernel, dy, dkernel, u):
    """f's differential at (y, kernel), its pullback of u, and the differential of that pullback."""

    def pullback(y, kernel):
        return jax.vjp(f, y, kernel)[1](u)

    forward = jax.jvp(f, (y, kernel), (dy, dkernel))[1]
    gradients, forward_over_reverse = jax.jvp(pullback, (y, kernel), (dy, dkernel))
    reverse_over_reverse = jax.vjp(pullback, y, kernel)[1]((dy, dkernel))
    return forward, gradients, forward_over_reverse, reverse_over_reverse


def expected_derivatives(c, f, y, kernel, dy, dkernel, u):
    """The same from bilinearity: <u, f(y, w)> = <C_w u, y>, so the pullback of u is (C_w u, K(u, y))."""

    def kernel_gradient(u, y):
        return jax.grad(lambda w: jnp.vdot(c(u, w), y))(kernel)

    return (
        f(dy, kernel) + f(y, dkernel),
        (c(u, kernel), kernel_gradient(u, y)),
        (c(u, dkernel), kernel_gradient(u, dy)),
        (c(u, dkernel), kernel_gradient(u, dy)),
    )


@pytest.mark.parametrize("layer", FEW, ids=lambda layer: layer.name)
@pytest.mark.parametrize("method", METHODS)
def test_derivatives_of_both_orders_and_modes(layer, method):
    """Exactly, since the operation is bilinear; against `conv`, whose derivatives are JAX's own."""
    case = case_of(layer)
    rng = np.random.default_rng(1)
    dy, dkernel = rng.standard_normal(case.y.shape), rng.standard_normal(case.kernel.shape)
    arguments = case.y, case.kernel, dy, dkernel, case.x
    c, f = partial(conv, **case.geometry), transpose_of(case, "vjp")
    got = run_once(partial(all_derivatives, transpose_of(case, method)), *arguments)
    expected = partial(expected_derivatives, c, f)
    exact, sizes = run_once(lambda *a: (expected(*a), expected(*map(jnp.abs, a))), *arguments)
    n = max(terms(case.kernel, layer.geometry.get("groups", 1)), case.y.size)
    jax.tree.map(lambda g, e, s: assert_within_rounding(g, e, s, 2 * n), got, exact, sizes)


def test_derivatives_by_differences():
    """JAX's own check, with a unit step: the operation is linear in each argument."""
    case = case_of(STRIDED, batch=())
    f = transpose_of(case, "auto")
    for linear, at in ((lambda y: f(y, case.kernel), case.y), (lambda w: f(case.y, w), case.kernel)):
        check_grads(jax.jit(linear), (at,), order=2, modes=["fwd", "rev"], eps=1.0, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_vmap_and_scan(method):
    case = case_of(STRIDED, batch=(3,))
    f = transpose_of(case, method)
    kernels = np.stack([case.kernel, 2 * case.kernel[::-1], case.kernel + 1])
    expected = np.stack([f(y, k) for y, k in zip(case.y, kernels, strict=True)])
    magnitude = np.stack([f(np.abs(y), np.abs(k)) for y, k in zip(case.y, kernels, strict=True)])
    n = terms(case.kernel, 1)
    assert_within_rounding(jax.vmap(f)(case.y, kernels), expected, magnitude, n)
    across = jax.vmap(f, in_axes=(None, 0))(case.y, kernels)
    assert_within_rounding(across[1], f(case.y, kernels[1]), f(np.abs(case.y), np.abs(kernels[1])), n)
    grouped = case_of(GROUPED, batch=(3,))
    kernels3 = np.stack([grouped.kernel, grouped.kernel[::-1], grouped.kernel + 1])
    g = transpose_of(grouped, method)
    each = np.stack([g(y, k) for y, k in zip(grouped.y, kernels3, strict=True)])
    sizes = np.stack([g(np.abs(y), np.abs(k)) for y, k in zip(grouped.y, kernels3, strict=True)])
    assert_within_rounding(jax.vmap(g)(grouped.y, kernels3), each, sizes, terms(grouped.kernel, 3))
    scanned = jax.lax.scan(lambda _, pair: (None, f(*pair)), None, (case.y, kernels))[1]
    assert_within_rounding(scanned, expected, magnitude, n)


@pytest.mark.parametrize("method", METHODS)
def test_batch_axes(method):
    case = case_of(GROUPED, batch=(2, 3))
    f = jax.jit(transpose_of(case, method))
    whole = f(case.y, case.kernel)
    assert whole.shape == case.x.shape
    one = f(case.y[1, 2], case.kernel)
    magnitude = magnitude_of_terms(case)[1, 2]
    assert_within_rounding(whole[1, 2], one, magnitude, terms(case.kernel, 3))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("layer", [STRIDED, CIRCULAR], ids=lambda layer: layer.name)
def test_empty_batch(layer, method):
    case = case_of(layer, batch=(0,))
    f = transpose_of(case, method)
    assert f(case.y, case.kernel).shape == case.x.shape
    assert conv(case.x, case.kernel, **case.geometry).shape == case.y.shape
    gradient = jax.grad(lambda w: f(case.y, w).sum())(case.kernel)
    np.testing.assert_array_equal(gradient, np.zeros_like(case.kernel))


@pytest.mark.parametrize("method", METHODS)
def test_donated_input(method):
    case = make_case((8, 6), (3, 3, 2, 2), padding="SAME")
    f = transpose_of(case, method)
    expected = f(case.y, case.kernel)
    np.testing.assert_array_equal(jax.jit(f, donate_argnums=0)(jnp.asarray(case.y), case.kernel), expected)


@pytest.mark.parametrize("method", METHODS)
def test_axes_none_and_four(method):
    """No spatial axis is a matrix product; more than three work as well."""
    none = make_case((), (2, 6), groups=3)
    blocks = none.kernel.reshape(2, 3, 2)
    expected = np.einsum("ngf,cgf->ngc", none.y.reshape(2, 3, 2), blocks).reshape(2, 6)
    size = np.einsum("ngf,cgf->ngc", abs(none.y).reshape(2, 3, 2), abs(blocks)).reshape(2, 6)
    assert_within_rounding(transpose_of(none, method)(none.y, none.kernel), expected, size, 2)
    four = make_case((3, 4, 2, 5), (2, 1, 2, 3, 2, 3), strides=2, padding=1, batch=())
    expected = loop_conv_transpose(four.y, four.kernel, four.input_size, **four.geometry)
    got = transpose_of(four, method)(four.y, four.kernel)
    assert_within_rounding(got, expected, magnitude_of_terms(four), terms(four.kernel, 1))


def test_mixed_dtypes_promote_and_preferred_type_decides():
    case = case_of(STRIDED)
    y, kernel = jnp.asarray(case.y, jnp.bfloat16), jnp.asarray(case.kernel, jnp.float32)
    f = transpose_of(case, "auto")
    assert f(y, kernel).dtype == jnp.float32
    half = jnp.asarray(kernel, jnp.bfloat16)
    wide = transpose_of(case, "auto", preferred_element_type=jnp.float32)(y, half)
    assert wide.dtype == jnp.float32
    np.testing.assert_array_equal(wide, f(y.astype(jnp.float32), half.astype(jnp.float32)))
    assert transpose_of(case, "auto", preferred_element_type=jnp.float16)(y, half).dtype == jnp.float16
    cx = conv(case.x.astype(np.float32), half, **case.geometry, preferred_element_type=jnp.float64)
    assert cx.dtype == jnp.float64


def precisions_of(f, *args):
    """Read the precision that the products of f and of its gradients ask for; on an accelerator: a CPU's is full."""

    def program(*args):
        result, pullback = jax.vjp(f, *args)
        return result, pullback(result)

    text = jax.jit(program).trace(*args).lower(lowering_platforms=("cuda",)).as_text()
    return set(re.findall(r"precision(?:_config)? = \[(.*?)\]", text))


@pytest.mark.parametrize("method", [m for m in METHODS if m != "matrix"])
def test_precision_reaches_the_products_and_the_default_is_left_to_jax(method):
    case = case_of(STRIDED)
    f = transpose_of(case, method)
    assert all("HIGHEST" not in p for p in precisions_of(f, case.y, case.kernel))

    def asked_within(y, kernel):  # while tracing, not while compiling
        with jax.default_matmul_precision("highest"):
            return f(y, kernel)

    by_default = precisions_of(asked_within, case.y, case.kernel)
    explicit = precisions_of(transpose_of(case, method, precision="highest"), case.y, case.kernel)
    for found in (by_default, explicit):
        assert found
        assert all("HIGHEST" in p for p in found)


@pytest.mark.parametrize("method", METHODS)
def test_strict_promotion_rules(method):
    """Users who forbid implicit promotion can use every dtype."""
    case = case_of(CIRCULAR)
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        for dtype in (jnp.bfloat16, jnp.float32):
            y, kernel = jnp.asarray(case.y, dtype), jnp.asarray(case.kernel, dtype)
            assert transpose_of(case, method)(y, kernel).dtype == dtype
            wide = transpose_of(case, method, preferred_element_type=jnp.float32)(y, kernel)
            assert wide.dtype == jnp.float32


@pytest.mark.parametrize("precision", [None, "highest", jax.lax.Precision.HIGH, ("high", "highest")])
def test_precision_is_taken(precision):
    case = case_of(STRIDED)
    expected = transpose_of(case, "auto")(case.y, case.kernel)
    got = transpose_of(case, "auto", precision=precision)(case.y, case.kernel)
    assert_within_rounding(got, expected, magnitude_of_terms(case), terms(case.kernel, 1))
