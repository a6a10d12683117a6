"""The NNX modules: transposes, initialisers, transformations, metadata. See test_modules.py too."""

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
    with pytest.raises(ValueError, match=r"`shape` must be a kernel's.*got \(3,\)"):
        bilinear()(None, (3,))


def test_parameters_and_gradients():
    layer = ConvTranspose(5, 4, (4, 3), strides=2, groups=1, rngs=rngs())
    shapes = {"/".join(map(str, path)): leaf.shape for path, leaf in nnx.to_flat_state(nnx.state(layer))}
    assert shapes == {"kernel": (4, 3, 4, 5), "bias": (4,)}
    y = np.ones((2, 3, 3, 5), np.float32)
    gradient = nnx.grad(lambda m: m(y).sum())(layer)
    np.testing.assert_allclose(gradient["bias"][...], np.full(4, 2 * 8 * 7.0))
    assert ConvTranspose(5, 4, 3, use_bias=False, rngs=rngs()).bias is None


def test_bias_is_added_once():
    layer = ConvTranspose(2, 3, (3,), bias_init=lambda key, shape, dtype: jnp.arange(3.0, dtype=dtype), rngs=rngs())
    without = layer(np.zeros((4, 2), np.float32))
    np.testing.assert_array_equal(without, np.tile(np.arange(3.0), (6, 1)))


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


def test_output_padding_in_normal_form():
    one: Any = np.int64(1)
    assert ConvTranspose(4, 3, (3, 3), strides=2, output_padding=one, rngs=rngs()).output_padding == (1, 1)


def test_mask_is_state_but_no_parameter():
    layer = Conv(2, 3, 3, mask=np.ones((3, 2, 3)), rngs=rngs())
    assert set(nnx.state(layer, nnx.Param)) == {"kernel", "bias"}
    assert nnx.state(layer)["mask"].shape == (3, 2, 3)


def test_abstract():
    layer = nnx.eval_shape(lambda: ConvTranspose(5, 4, (4, 3), strides=2, mask=np.ones((4, 3, 4, 5)), rngs=rngs()))
    assert isinstance(layer.kernel.get_value(), jax.ShapeDtypeStruct)
    assert layer.kernel.shape == (4, 3, 4, 5)
    result: Any = nnx.eval_shape(lambda layer, y: layer(y), layer, jax.ShapeDtypeStruct((2, 5, 6, 5), jnp.float32))
    assert result.shape == (2, 12, 13, 4)


def test_scan_over_layers():
    """Three layers in one, as `nnx.vmap` makes them and `nnx.scan` calls them."""
    mask = np.random.default_rng(0).standard_normal((3, 2, 2)) > 0

    @nnx.vmap
    def make(key):
        return ConvTranspose(2, 2, 3, padding="SAME", mask=mask, param_dtype="float64", rngs=nnx.Rngs(params=key))

    layers = make(jax.random.split(jax.random.key(0), 3))
    y = np.random.default_rng(0).standard_normal((1, 7, 2))
    x = nnx.jit(nnx.scan(lambda y, layer: layer(y), in_axes=(nnx.Carry, 0), out_axes=nnx.Carry))(y, layers)
    expected = y
    for kernel in layers.kernel[...]:
        expected = conv_transpose(expected, kernel * mask, padding="SAME")
    np.testing.assert_allclose(x, expected, rtol=1e-12)


@pytest.mark.parametrize("module", [Conv, ConvTranspose])
def test_sharding_metadata(module):
    sharding = (None, None, None, "model")
    metadata = {"kernel_metadata": {"out_sharding": sharding}, "bias_metadata": {"out_sharding": ("model",)}}
    wrapped = nnx.with_partitioning(bilinear(), sharding)
    mesh = jax.make_mesh((1,), ("model",), axis_types=(jax.sharding.AxisType.Auto,))
    with jax.set_mesh(mesh):
        told = module(4, 4, (3, 2), **metadata, rngs=rngs())
        by_initialiser = module(4, 4, (3, 2), kernel_init=wrapped, rngs=rngs())
    specs: Any = nnx.get_partition_spec(nnx.state(told))
    assert specs["kernel"].get_value() == jax.P(*sharding)
    assert specs["bias"].get_value() == jax.P("model")
    assert by_initialiser.kernel.out_sharding == sharding
    assert told.kernel[...].sharding.spec == jax.P(*sharding)
