"""flax.nnx.ConvTranspose(transpose_kernel=True) and ours, with the same kernel array."""

import jax
import jax.numpy as jnp
import pytest
from comparison import assert_same_up_to_rounding, few_examples, layers
from flax import nnx
from hypothesis import given

import jtconv


# Not "CIRCULAR": flax's result there is not the transposed convolution for every kernel and stride.
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@few_examples
@given(layer=layers(max_groups=1))
def test_conv_transpose(layer, padding):
    y, kernel = layer.draw_y(), layer.draw_kernel()

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

    x = theirs(y, kernel)
    ours = jtconv.conv_transpose(
        y,
        kernel,
        strides=layer.strides,
        padding=padding,
        dilation=layer.dilation,
        output_size=x.shape[1:-1],
    )
    assert_same_up_to_rounding(ours, x, theirs(abs(y), abs(kernel)), layer.terms)
