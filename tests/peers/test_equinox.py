"""equinox.nn.ConvTranspose and ours: (lo, hi) pairs, output_padding, groups, circular SAME."""

import equinox as eqx
import jax
import jax.numpy as jnp
import pytest
from comparison import (
    Layer,
    assert_same_up_to_rounding,
    channels_first,
    channels_last,
    channels_leading,
    few_examples,
    flip,
    layers,
    swap_channels,
)
from hypothesis import given

import jtconv


def equinox_conv_transpose(layer: Layer, padding, padding_mode="ZEROS"):
    """equinox's function of y and our kernel, which it keeps as (x_ch, y_ch // groups, *k), reversed."""
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


@few_examples
@given(layers(symmetric=False))
def test_conv_transpose(layer):
    y, kernel = layer.draw_y(), layer.draw_kernel()
    theirs = equinox_conv_transpose(layer, layer.padding)
    ours = jtconv.conv_transpose(
        y,
        kernel,
        strides=layer.strides,
        padding=layer.padding,
        output_padding=layer.output_padding,
        dilation=layer.dilation,
        groups=layer.groups,
    )
    assert_same_up_to_rounding(
        ours,
        theirs(y, kernel),
        theirs(abs(y), abs(kernel)),
        layer.terms,
    )


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
def test_same(layer, padding, padding_mode):
    y, kernel = layer.draw_y(), layer.draw_kernel()
    ours = jtconv.conv_transpose(
        y,
        kernel,
        strides=layer.strides,
        padding=padding,
        dilation=layer.dilation,
        groups=layer.groups,
        padding_mode=padding_mode,
    )
    theirs = equinox_conv_transpose(layer, padding, padding_mode.upper())
    assert_same_up_to_rounding(
        ours,
        theirs(y, kernel),
        theirs(abs(y), abs(kernel)),
        3**layer.ndim * layer.terms,
    )
