"""lax.conv_transpose and ours: the same numbers once the sizes are said outright."""

import jax
import pytest
from comparison import assert_same_up_to_rounding, few_examples, flip, layers, swap_channels
from hypothesis import given
from hypothesis import strategies as st
from jax import lax

import jtconv

AXES = {1: ("NHC", "HIO", "NHC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NHWDC", "HWDIO", "NHWDC")}
one_group = layers(max_groups=1)


@pytest.mark.parametrize("transpose_kernel", [True, False])
@few_examples
@given(layer=one_group, padding=st.sampled_from(["SAME", "VALID"]))
def test_conv_transpose(layer, padding, transpose_kernel):
    y, kernel = layer.draw_y(), layer.draw_kernel()

    @jax.jit
    def theirs(y, kernel):
        return lax.conv_transpose(
            y,
            # Without transpose_kernel, lax wants the taps reversed and the channels swapped.
            kernel if transpose_kernel else swap_channels(flip(kernel), 1),
            layer.strides,
            padding,
            rhs_dilation=layer.dilation,
            dimension_numbers=AXES[layer.ndim],
            transpose_kernel=transpose_kernel,
        )

    x = theirs(y, kernel)
    # lax's "VALID" result is s·o + max(d(k-1)+1 - s, 0) long, so its size is passed outright.
    ours = jtconv.conv_transpose(
        y,
        kernel,
        strides=layer.strides,
        padding=padding,
        dilation=layer.dilation,
        output_size=x.shape[1:-1],
    )
    assert_same_up_to_rounding(ours, x, theirs(abs(y), abs(kernel)), layer.terms)


@few_examples
@given(layers(max_groups=1, symmetric=False))
def test_explicit_pairs_pad_the_dilated_input(layer):
    """Our (lo, hi) is lax's (d(k-1) - lo, d(k-1) - hi + output_padding)."""
    y, kernel = layer.draw_y(), layer.draw_kernel()
    reach = [d * (k - 1) for k, d in zip(layer.kernel_size, layer.dilation, strict=True)]
    pads = [(r - lo, r - hi + a) for r, (lo, hi), a in zip(reach, layer.padding, layer.output_padding, strict=True)]

    @jax.jit
    def theirs(y, kernel):
        return lax.conv_transpose(
            y,
            kernel,
            layer.strides,
            pads,
            rhs_dilation=layer.dilation,
            dimension_numbers=AXES[layer.ndim],
            transpose_kernel=True,
        )

    ours = jtconv.conv_transpose(
        y,
        kernel,
        strides=layer.strides,
        padding=layer.padding,
        dilation=layer.dilation,
        output_padding=layer.output_padding,
    )
    assert_same_up_to_rounding(ours, theirs(y, kernel), theirs(abs(y), abs(kernel)), layer.terms)


@few_examples
@given(layers(symmetric=False))
def test_conv_and_its_linear_transpose(layer):
    """With groups, which lax.conv_transpose lacks: the transpose that JAX derives itself."""
    x, y, kernel = layer.draw_x(), layer.draw_y(), layer.draw_kernel()

    @jax.jit
    def theirs(x, kernel):
        return lax.conv_general_dilated(
            x,
            kernel,
            layer.strides,
            layer.padding,
            rhs_dilation=layer.dilation,
            dimension_numbers=AXES[layer.ndim],
            feature_group_count=layer.groups,
        )

    @jax.jit
    def transpose(y, kernel):
        return jax.linear_transpose(lambda x: theirs(x, kernel), x)(y)[0]

    geometry = {
        "strides": layer.strides,
        "padding": layer.padding,
        "dilation": layer.dilation,
        "groups": layer.groups,
    }
    ours = jtconv.conv(x, kernel, **geometry)
    assert_same_up_to_rounding(ours, theirs(x, kernel), theirs(abs(x), abs(kernel)), layer.terms)
    ours = jtconv.conv_transpose(y, kernel, output_padding=layer.output_padding, **geometry)
    assert_same_up_to_rounding(ours, transpose(y, kernel), transpose(abs(y), abs(kernel)), layer.terms)
