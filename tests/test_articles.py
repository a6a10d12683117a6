"""The articles' worked examples, exactly."""

import jax.numpy as jnp
import numpy as np
import pytest

from jtconv import METHODS, conv, conv_output_size, conv_transpose, conv_transpose_output_size


def test_a_7x7_stride_2_and_back():
    assert conv_output_size((7, 7), (3, 3), strides=2) == (3, 3)
    assert conv_transpose_output_size((3, 3), (3, 3), strides=2) == (7, 7)


def test_b_5x5_stride_2_valid():
    assert conv(np.ones((1, 5, 5, 1)), np.ones((3, 3, 1, 1)), strides=2).shape == (1, 2, 2, 1)


@pytest.mark.parametrize(("k", "a"), [(3, 1), (4, 0)])
def test_c_d_four_to_sixteen(k, a):
    assert conv_transpose_output_size((4, 4), k, strides=4, output_padding=a) == (16, 16)


@pytest.mark.parametrize("method", METHODS)
def test_e_place_and_add(method):
    grid = jnp.array([[0.0, 1.0], [2.0, 3.0]])
    result = conv_transpose(grid[..., None], grid[..., None, None], method=method)
    np.testing.assert_array_equal(result[..., 0], [[0, 0, 1], [0, 4, 6], [4, 12, 9]])


@pytest.mark.parametrize(("k", "s", "shape"), [(2, 1, (1, 3, 3, 3)), (3, 1, (1, 4, 4, 3)), (3, 2, (1, 5, 5, 3))])
def test_f_keras_shapes(k, s, shape):
    assert conv_transpose(np.ones((1, 2, 2, 2)), np.ones((k, k, 3, 2)), strides=s).shape == shape


def test_g_blocks_touch_where_kernel_equals_stride_and_leave_stripes_where_it_is_smaller():
    """Setting c leaves stripes of no contribution, d touches; overlap needs k > s."""

    def counts(k, s, p=0, a=0):
        y, glass = np.ones((4, 4, 1)), np.ones((k, k, 1, 1))
        return np.unique(conv_transpose(y, glass, strides=s, padding=p, output_padding=a)).tolist()

    assert counts(3, 4, a=1) == [0, 1]
    assert counts(4, 4) == [1]
    assert max(counts(6, 4, p=1)) > 1


def test_h_fcn8_decoder_sizes():
    assert conv_transpose_output_size((7, 7), (4, 4), strides=2) == (16, 16)
    assert conv_transpose_output_size((14, 14), (4, 4), strides=2) == (30, 30)
    assert conv_transpose_output_size((28, 28), (8, 8), strides=8) == (224, 224)


def test_torch_output_padding_beyond_the_stride_is_a_crop():
    """output_padding >= stride is padding (p, p - a), whatever the sign of p - a."""
    assert conv_transpose_output_size(5, 3, strides=2, padding=((1, -1),)) == (2 * 4 + 3 - 0,)
