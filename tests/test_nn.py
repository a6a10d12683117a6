"""The NNX modules: kernels, scaling, initialisers, arguments."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from oracles import assert_within_rounding

from jtconv import conv_transpose
from jtconv.nn import Conv, ConvTranspose, bilinear


def rngs():
    return nnx.Rngs(0)


def test_conv_transpose_is_the_transpose_of_conv():
    """The same kernel in both, and <C x, y> = <x, Cᵀ y>."""
    geometry = {"strides": (2, 3), "padding": "SAME", "dilation": (1, 2), "groups": 2, "use_bias": False}
    c = Conv(4, 6, (3, 2), **geometry, rngs=rngs(), param_dtype=jnp.float64)
    t = ConvTranspose(6, 4, (3, 2), **geometry, rngs=rngs(), param_dtype=jnp.float64)
    assert c.kernel.shape == t.kernel.shape == (3, 2, 2, 6)
    t.kernel[...] = c.kernel[...]
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 7, 8, 4))
    y = rng.standard_normal(c(x).shape)
    left, right = np.vdot(c(x), y), np.vdot(x, t(y, output_size=(7, 8)))
    size = np.vdot(
        np.abs(x),
        conv_transpose(np.abs(y), np.abs(c.kernel[...]), output_size=(7, 8), **c.geometry.arguments()),
    )
    assert_within_rounding(np.asarray(left), right, size, x.size + y.size)


@pytest.mark.parametrize(
    ("kernel_size", "strides", "groups", "dilation"),
    [
        ((3, 3), 1, 1, 1),
        ((4, 4), 2, 1, 1),
        ((16, 16), 8, 1, 1),
        ((5, 3), (3, 1), 4, 1),
        ((2,), 3, 1, 1),
        ((4, 4), 2, 1, 2),
        ((3,), 4, 1, 6),
    ],
)
def test_default_kernel_keeps_the_variance(kernel_size, strides, groups, dilation):
    """In the interior: unit variance in, unit variance out, whatever stride and groups.

    The mean square of n kernel entries has relative standard deviation sqrt(2 / n); that and the
    borders of the interior are the tolerance. Positions that no tap reaches (k < s) are left out.
    """
    options = {"strides": strides, "groups": groups, "dilation": dilation}
    layer = ConvTranspose(256, 32, kernel_size, **options, rngs=rngs())
    y = np.random.default_rng(0).standard_normal((4, *(20,) * len(kernel_size), 256)).astype(np.float32)
    x = np.asarray(layer(y))
    inside = x[(slice(None), *(slice(3 * k, -3 * k) for k in kernel_size))]
    assert np.mean(inside[inside != 0] ** 2) == pytest.approx(1, rel=0.1)


def test_conv_default_kernel_keeps_the_variance():
    layer = Conv(64, 32, (3, 3), groups=2, padding="SAME", rngs=rngs())
    x = np.random.default_rng(0).standard_normal((4, 20, 20, 64)).astype(np.float32)
    assert np.mean(np.square(layer(x))[:, 2:-2, 2:-2]) == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("s", [2, 3, 8])
def test_bilinear_interpolates(s):
    """Kernel 2s (2s - 1 for odd s), stride s: linear interpolation at the pixel centres."""
    k = 2 * s - s % 2
    pad = (k - s + 1) // 2
    layer = ConvTranspose(
        3, 3, (k, k), strides=s, padding=pad, output_padding=(2 * pad + s - k), use_bias=False,
        kernel_init=bilinear(), rngs=rngs(), param_dtype=jnp.float64,
    )  # fmt: skip
    y = np.random.default_rng(0).standard_normal((1, 6, 5, 3))
    up = np.asarray(layer(y))
    assert up.shape == (1, 6 * s, 5 * s, 3)

    def line(n):
        """Source coordinate of each new pixel's centre."""
        return (np.arange(n * s) + 0.5) / s - 0.5

    for c in range(3):
        rows = np.stack([np.interp(line(5), np.arange(5), row) for row in y[0, :, :, c]])
        expected = np.stack([np.interp(line(6), np.arange(6), column) for column in rows.T]).T
        inside = (slice(s, -s), slice(s, -s))
        np.testing.assert_allclose(up[0, :, :, c][inside], expected[inside], atol=1e-14 * k)


def test_bilinear_by_groups_keeps_channels_apart():
    depthwise = bilinear(groups=3)(None, (4, 4, 1, 3))
    mixed = bilinear()(None, (4, 4, 3, 3))
    y = np.random.default_rng(0).standard_normal((5, 6, 3)).astype(np.float32)
    got = conv_transpose(y, depthwise, strides=2, groups=3)
    np.testing.assert_allclose(got, conv_transpose(y, mixed, strides=2), atol=1e-6)
    with pytest.raises(ValueError, match=r"each channel by itself.*got 2 and 3"):
        bilinear()(None, (4, 4, 2, 3))


def test_parameters_and_gradients():
    layer = ConvTranspose(5, 4, (4, 3), strides=2, groups=1, rngs=rngs())
    shapes = {"/".join(map(str, path)): leaf.shape for path, leaf in nnx.to_flat_state(nnx.state(layer))}
    assert shapes == {"kernel": (4, 3, 4, 5), "bias": (4,)}
    y = np.ones((2, 3, 3, 5), np.float32)
    gradient = nnx.grad(lambda m: m(y).sum())(layer)
    np.testing.assert_allclose(gradient["bias"][...], np.full(4, 2 * 8 * 7.0))
    assert ConvTranspose(5, 4, 3, use_bias=False, rngs=rngs()).bias is None


def test_dtypes():
    layer = Conv(2, 3, 3, dtype=jnp.bfloat16, rngs=rngs())
    assert layer.kernel.dtype == jnp.float32
    assert layer(np.ones((1, 5, 2), np.float32)).dtype == jnp.bfloat16
    assert ConvTranspose(2, 3, 3, param_dtype=jnp.float64, rngs=rngs())(np.ones((1, 5, 2))).dtype == jnp.float64


def test_output_size_takes_the_place_of_output_padding():
    layer = ConvTranspose(2, 3, (3, 3), strides=2, output_padding=(1, 0), rngs=rngs())
    y = np.ones((1, 4, 4, 2), np.float32)
    assert layer(y).shape == (1, 10, 9, 3)
    assert layer(y, output_size=(9, 10)).shape == (1, 9, 10, 3)


def test_bias_is_added_once():
    layer = ConvTranspose(2, 3, (3,), bias_init=lambda key, shape, dtype: jnp.arange(3.0, dtype=dtype), rngs=rngs())
    without = layer(np.zeros((4, 2), np.float32))
    np.testing.assert_array_equal(without, np.tile(np.arange(3.0), (6, 1)))


@pytest.mark.parametrize("module", [Conv, ConvTranspose])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"in_ch": 0}, ValueError, "`in_ch` must be at least 1, got 0"),
        ({"out_ch": 2.0}, TypeError, "`out_ch` must be an int, got 2.0"),
        ({"groups": 2}, ValueError, "`groups` must divide `out_ch` = 3, got 2"),
        ({"strides": 0}, ValueError, "`strides` must be at least 1"),
        ({"padding": "WIDE"}, ValueError, "`padding` must be one of"),
        ({"dtype": jnp.int32}, TypeError, "`dtype` must be a floating or complex dtype, got int32"),
        ({"param_dtype": "foo"}, TypeError, "`param_dtype` must be a floating or complex dtype, got 'foo'"),
        ({"precision": "best"}, ValueError, "`precision` must be None, 'default'"),
    ],
)
def test_wrong_arguments(module, arguments, error, message):
    with pytest.raises(error, match=message):
        module(**{"in_ch": 4, "out_ch": 3, "kernel_size": (3, 3), "rngs": rngs(), **arguments})


def test_options_of_conv_transpose_are_checked_when_it_is_made():
    with pytest.raises(ValueError, match="`method` must be one of"):
        ConvTranspose(4, 3, 3, method="fft", rngs=rngs())
    with pytest.raises(ValueError, match="`output_padding` must be an int or 1 int"):
        ConvTranspose(4, 3, 3, output_padding=(1, 2), rngs=rngs())
    one: Any = np.int64(1)
    assert ConvTranspose(4, 3, 3, strides=2, output_padding=one, rngs=rngs()).output_padding == (1,)
    image: Any = "image"
    with pytest.raises(TypeError, match="`y` must be an array"):
        ConvTranspose(4, 3, 3, rngs=rngs())(image)


def test_strict_rules_of_promotion():
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        layer = ConvTranspose(4, 4, (4, 4), strides=2, dtype=jnp.bfloat16, kernel_init=bilinear(), rngs=rngs())
        assert layer(np.ones((2, 5, 6, 4), np.float32)).dtype == jnp.bfloat16


def test_methods_under_jit_agree():
    y = np.random.default_rng(0).standard_normal((2, 5, 6, 4)).astype(np.float32)
    results = []
    for method in ("auto", "lax", "polyphase"):
        layer = ConvTranspose(4, 3, (4, 4), strides=2, method=method, rngs=rngs())
        results.append(nnx.jit(lambda m, y: m(y))(layer, y))
    size = conv_transpose(np.abs(y), jnp.abs(layer.kernel[...]), strides=2)
    for result in results[1:]:
        assert_within_rounding(result, results[0], size, 16)
    assert jax.tree.all(jax.tree.map(jnp.isfinite, results[0]).all())
