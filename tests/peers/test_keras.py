"""keras.ops.conv_transpose on its JAX backend and ours: the same kernel array, unchanged."""

import jax
import keras
import pytest
from comparison import assert_same_up_to_rounding, few_examples, layers
from hypothesis import assume, given

import jtconv


def test_backend_is_jax():
    assert keras.config.backend() == "jax"


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("with_output_padding", [False, True])
@few_examples
@given(layer=layers(max_groups=1, max_dilation=1))
def test_conv_transpose(layer, padding, with_output_padding):
    y, kernel = layer.draw_y(), layer.draw_kernel()
    if padding == "same" and with_output_padding:
        # Keras adds it to (o-1)·s + k % 2: no convolution gives y's size back outside 1 .. s.
        rest = [k % 2 + a for k, a in zip(layer.kernel_size, layer.output_padding, strict=True)]
        assume(all(1 <= r <= s for r, s in zip(rest, layer.strides, strict=True)))

    @jax.jit
    def theirs(y, kernel):
        return keras.ops.conv_transpose(
            y,
            kernel,
            strides=layer.strides,
            padding=padding,
            output_padding=layer.output_padding if with_output_padding else None,
            data_format="channels_last",
        )

    x = theirs(y, kernel)
    ours = jtconv.conv_transpose(y, kernel, strides=layer.strides, padding=padding.upper(), output_size=x.shape[1:-1])
    assert_same_up_to_rounding(ours, x, theirs(abs(y), abs(kernel)), layer.terms)
