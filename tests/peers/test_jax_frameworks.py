"""The transposed convolutions of flax, keras, lax and equinox, and ours: the same numbers.

Each `by_…` gives the framework's function of y and the kernel in our layouts, for a layer and a padding.
"""

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import keras
import pytest
from comparison import (
    Layer,
    assert_conv_transpose_agrees,
    assert_same_up_to_rounding,
    channels_first,
    channels_last,
    channels_leading,
    few_examples,
    flip,
    layers,
    swap_channels,
)
from flax import nnx
from hypothesis import assume, given
from hypothesis import strategies as st
from jax import lax

import jtconv

AXES = {1: ("NHC", "HIO", "NHC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NHWDC", "HWDIO", "NHWDC")}


def by_flax(layer: Layer, padding):
    """nnx.ConvTranspose(transpose_kernel=True), with the same kernel array."""

    @jax.jit
    def theirs(y, kernel):
        module = nnx.ConvTranspose(
            layer.y_ch,
            layer.x_ch,
            layer.kernel_size,
            layer.strides,
            padding=padding,
            kernel_dilation=layer.dilation,
            use_bias=False,
            transpose_kernel=True,
            param_dtype=jnp.float64,
            rngs=nnx.Rngs(0),
        )
        assert module.kernel.shape == kernel.shape
        module.kernel[...] = kernel
        return module(y)

    return theirs


def by_keras(layer: Layer, padding, output_padding=None):
    """keras.ops.conv_transpose on its JAX backend, with the same kernel array."""
    given = {"strides": layer.strides, "padding": padding.lower(), "output_padding": output_padding}
    return jax.jit(partial(keras.ops.conv_transpose, **given, data_format="channels_last"))


def by_lax(layer: Layer, padding, transpose_kernel=True):
    """lax.conv_transpose, which without `transpose_kernel` wants the taps reversed and the channels swapped."""

    @jax.jit
    def theirs(y, kernel):
        return lax.conv_transpose(
            y,
            kernel if transpose_kernel else swap_channels(flip(kernel), 1),
            layer.strides,
            padding,
            rhs_dilation=layer.dilation,
            dimension_numbers=AXES[layer.ndim],
            transpose_kernel=transpose_kernel,
        )

    return theirs


def by_equinox(layer: Layer, padding, padding_mode="ZEROS"):
    """eqx.nn.ConvTranspose, which keeps our kernel as (x_ch, y_ch // groups, *k), reversed."""
    zeros = [0] * layer.ndim

    @jax.jit
    def apply(y, weight):
        module = eqx.nn.ConvTranspose(
            layer.ndim,
            layer.y_ch,
            layer.x_ch,
            layer.kernel_size,
            layer.strides,
            padding,
            zeros if isinstance(padding, str) else layer.output_padding,
            layer.dilation,
            layer.groups,
            use_bias=False,
            padding_mode=padding_mode,
            dtype=jnp.float64,
            key=jax.random.key(0),
        )
        assert module.weight.shape == weight.shape
        return jax.vmap(eqx.tree_at(lambda m: m.weight, module, weight))(y)

    def theirs(y, kernel):
        weight = channels_leading(swap_channels(flip(kernel), layer.groups))
        return channels_last(apply(channels_first(y), weight))

    return theirs


def test_backend_of_keras_is_jax():
    assert keras.config.backend() == "jax"


# Not flax's "CIRCULAR": its result is not the transposed convolution for every kernel and stride.
# lax's "VALID" result is s·o + max(d(k-1)+1 - s, 0) long.
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(
    ("theirs", "max_dilation"),
    [(by_flax, 3), (by_keras, 1), (by_lax, 3), (partial(by_lax, transpose_kernel=False), 3)],
    ids=["flax", "keras", "lax", "lax with its own kernel"],
)
@few_examples
@given(data=st.data())
def test_padding_by_name(theirs, max_dilation, padding, data):
    layer = data.draw(layers(max_groups=1, max_dilation=max_dilation))
    assert_conv_transpose_agrees(layer, theirs(layer, padding), padding=padding, size_of_theirs=True)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@few_examples
@given(layer=layers(max_groups=1, max_dilation=1))
def test_output_padding_of_keras(layer, padding):
    if padding == "SAME":
        # Keras adds it to (o-1)·s + k % 2: no convolution gives y's size back outside 1 .. s.
        rest = [k % 2 + a for k, a in zip(layer.kernel_size, layer.output_padding, strict=True)]
        assume(all(1 <= r <= s for r, s in zip(rest, layer.strides, strict=True)))
    theirs = by_keras(layer, padding, layer.output_padding)
    assert_conv_transpose_agrees(layer, theirs, padding=padding, size_of_theirs=True)


@few_examples
@given(layers(max_groups=1, symmetric=False))
def test_explicit_pairs_of_lax_pad_the_dilated_input(layer):
    """Our (lo, hi) is lax's (d(k-1) - lo, d(k-1) - hi + output_padding)."""
    reach = [d * (k - 1) for k, d in zip(layer.kernel_size, layer.dilation, strict=True)]
    pads = [(r - lo, r - hi + a) for r, (lo, hi), a in zip(reach, layer.padding, layer.output_padding, strict=True)]
    given = {"padding": layer.padding, "output_padding": layer.output_padding}
    assert_conv_transpose_agrees(layer, by_lax(layer, pads), **given)


@few_examples
@given(layers(symmetric=False))
def test_explicit_pairs_of_equinox(layer):
    given = {"padding": layer.padding, "output_padding": layer.output_padding}
    assert_conv_transpose_agrees(layer, by_equinox(layer, layer.padding), **given)


@pytest.mark.parametrize("padding_mode", ["zeros", "circular"])
@pytest.mark.parametrize("padding", ["SAME", "SAME_LOWER"])
@pytest.mark.parametrize(
    "layer",
    [
        Layer((5,), (4,), (2,), (1,), ((0, 0),), (0,)),
        Layer((4, 6), (3, 4), (1, 3), (2, 1), ((0, 0),) * 2, (0, 0), groups=2, x_ch=4, y_ch=6),
        Layer((4, 3, 5), (3, 2, 4), (2, 1, 2), (1, 1, 1), ((0, 0),) * 3, (0, 0, 0)),
    ],
    ids=str,
)
def test_same_and_circular_of_equinox(layer, padding, padding_mode):
    theirs = by_equinox(layer, padding, padding_mode.upper())
    given = {"padding": padding, "padding_mode": padding_mode}
    assert_conv_transpose_agrees(layer, theirs, images=3**layer.ndim, **given)


@few_examples
@given(layers(symmetric=False))
def test_conv_and_its_linear_transpose(layer):
    """With groups, which lax.conv_transpose lacks: the transpose that JAX derives itself."""
    x, kernel = layer.draw_x(), layer.draw_kernel()
    geometry = {"strides": layer.strides, "padding": layer.padding}

    @jax.jit
    def convolution(x, kernel):
        return lax.conv_general_dilated(
            x,
            kernel,
            *geometry.values(),
            rhs_dilation=layer.dilation,
            dimension_numbers=AXES[layer.ndim],
            feature_group_count=layer.groups,
        )

    @jax.jit
    def transpose(y, kernel):
        return jax.linear_transpose(lambda x: convolution(x, kernel), x)(y)[0]

    ours = jtconv.conv(x, kernel, **geometry, dilation=layer.dilation, groups=layer.groups)
    assert_same_up_to_rounding(ours, convolution(x, kernel), convolution(abs(x), abs(kernel)), layer.terms)
    given = {"padding": layer.padding, "output_padding": layer.output_padding}
    assert_conv_transpose_agrees(layer, transpose, **given)
