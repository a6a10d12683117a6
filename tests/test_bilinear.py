"""C, Cᵀ and the kernel's gradient as one family under differentiation, vmap and lowering."""

from functools import partial
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from oracles import assert_within_rounding, cases, make_case, run_once, terms

from jtconv import ConvGeometry, _by_products, conv, conv_transpose
from jtconv._bilinear import forward, kernel_gradient, transposed
from jtconv._by_products import forward_by_products, kernel_gradient_by_products
from jtconv._lax_conv import lax_conv

GEOMETRY = {"strides": (2, 1), "padding": ((1, 0), (0, 2)), "groups": 3}
SIZED = ConvGeometry((3, 2), **GEOMETRY).at((8, 5))


def operands(seed=0):
    case = make_case((8, 5), (3, 2, 2, 12), seed=seed, **GEOMETRY)
    return {"x": case.x, "kernel": case.kernel, "y": case.y}


def in_terms_of(name):
    """Each of the three, and the names of its operands."""
    return {
        "forward": (partial(forward, sized=SIZED, precision=None), "x", "kernel"),
        "transposed": (partial(transposed, sized=SIZED, precision=None), "y", "kernel"),
        "kernel_gradient": (partial(kernel_gradient, sized=SIZED, precision=None), "x", "y"),
    }[name]


@pytest.mark.parametrize("name", ["forward", "transposed", "kernel_gradient"])
@pytest.mark.parametrize("batched", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("axis", [0, 2, -1])
def test_vmap_is_one_call_each(name, batched, axis):
    f, *names = in_terms_of(name)
    three = [[operands(seed)[n] for n in names] for seed in range(3)]
    stacked = [
        np.stack([each[i] for each in three], axis) if is_batched else three[0][i]
        for i, is_batched in enumerate(batched)
    ]
    got = jax.vmap(f, in_axes=tuple(axis if b else None for b in batched))(*stacked)
    for n, result in enumerate(got):
        arguments = [three[n if b else 0][i] for i, b in enumerate(batched)]
        expected, size = f(*arguments), f(*map(abs, arguments))
        assert_within_rounding(result, expected, size, 2 * 8 * 5 * 12)


def test_vmap_of_vmap_and_of_gradients():
    x, kernels, y = operands()["x"], [operands(s)["kernel"] for s in range(3)], operands()["y"]
    many = np.stack([np.stack(kernels), np.stack(kernels[::-1])])
    f = partial(conv, **GEOMETRY)
    got = jax.vmap(jax.vmap(lambda w: jax.vjp(f, x, w)[1](y)))(many)
    for (i, j), leaf in product(np.ndindex(2, 3), (0, 1)):
        expected = jax.vjp(f, x, many[i, j])[1](y)[leaf]
        size = jax.vjp(f, abs(x), abs(many[i, j]))[1](abs(y))[leaf]
        assert_within_rounding(got[leaf][i, j], expected, size, 2 * 8 * 5 * 12)


@pytest.mark.parametrize("f", [conv, conv_transpose])
def test_no_derivative_leaves_the_family(f):
    """Up to the third order, nothing is JAX's derivative of some way of computing it."""
    arrays = operands()
    image, arguments = (arrays["x"], {}) if f is conv else (arrays["y"], {"output_size": (8, 5)})

    def loss(image, kernel):
        return jnp.sum(f(image, kernel, **GEOMETRY, **arguments) ** 3)

    third = jax.jacfwd(jax.grad(lambda *a: jnp.sum(jax.grad(loss)(*a) ** 2), (0, 1)), 1)
    program = str(jax.make_jaxpr(third)(image, arrays["kernel"]))
    for name in ("jtconv_forward", "jtconv_transposed", "jtconv_kernel_gradient"):
        assert name in program
    assert "conv_general_dilated" not in program


def test_linear_transpose():
    arrays = operands()
    f = partial(conv, kernel=arrays["kernel"], **GEOMETRY)
    (x,) = jax.linear_transpose(f, jax.ShapeDtypeStruct(arrays["x"].shape, np.float64))(arrays["y"])
    expected = conv_transpose(arrays["y"], arrays["kernel"], output_size=(8, 5), **GEOMETRY)
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("platform", ["cpu", "cuda", "rocm", "tpu"])
def test_lowers_for_every_platform(platform):
    """What is chosen depends on the platform that a program is lowered for, not on this machine's."""
    arrays = operands()

    def f(y, kernel):
        x, pullback = jax.vjp(partial(conv_transpose, strides=(2, 1), groups=3), y, kernel)
        return pullback(x)

    text = jax.jit(f).trace(arrays["y"], arrays["kernel"]).lower(lowering_platforms=(platform,)).as_text()
    assert ("stablehlo.convolution" in text) or platform == "cpu"


def test_exported_for_several_platforms():
    arrays = operands()
    f = jax.jit(partial(conv_transpose, strides=(2, 1), groups=3))
    exported = jax.export.export(f, platforms=["cpu", "cuda", "tpu"])(arrays["y"], arrays["kernel"])
    np.testing.assert_array_equal(exported.call(arrays["y"], arrays["kernel"]), f(arrays["y"], arrays["kernel"]))


@pytest.mark.parametrize("tile_bytes", [_by_products._TILE_BYTES, 200])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_products_are_lax(ndim, tile_bytes):
    """C and the kernel's gradient by matrix products, in one tile and in many, against lax and JAX."""

    @settings(max_examples=20)
    @given(cases(ndim))
    def check(case):
        sized = ConvGeometry(case.kernel.shape[:-2], **case.geometry).at(case.input_size)
        x = case.x.reshape(-1, *case.input_size, case.x.shape[-1])
        y = case.y.reshape(-1, *sized.output_size, case.y.shape[-1])

        def compute(x, kernel, y):
            expected, pullback = jax.vjp(lambda w: lax_conv(x, w, sized, None), kernel)
            products = forward_by_products(x, kernel, sized, None), kernel_gradient_by_products(x, y, sized, None)
            return products, (expected, pullback(y)[0])

        got, expected = run_once(compute, x, case.kernel, y)
        _, size = run_once(compute, abs(x), abs(case.kernel), abs(y))
        for g, e, s, n in zip(got, expected, size, (terms(case.kernel, 1), y.size), strict=True):
            assert_within_rounding(g, e, s, n)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_by_products, "_TILE_BYTES", tile_bytes)
        check()


def test_tiles_are_small_and_cover_everything():
    sized = ConvGeometry((3, 3), padding=1).at((1000, 64))
    tiles = _by_products.tiling(sized, 4, 64 * 9 * 64 * 4)
    assert tiles.images == 1
    assert tiles.rows * 64 * 9 * 64 * 4 <= 2**23
    assert tiles.rows * tiles.counts[1] >= 1000
    small = _by_products.tiling(ConvGeometry((3, 3)).at((10, 9)), 48, 7 * 9 * 64 * 4)
    assert small == _by_products.Tiling(48, 8, (1, 1))
    assert _by_products.tiling(sized, 6, 4 * 1000).images * 4 * 1000 * 1000 <= 2**23
