"""`jtconv.compat` of torch, keras, onnx and tf, as far as it can be tested without them."""

import collections
import inspect
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from oracles import assert_within_rounding, loop_conv_transpose

from jtconv import conv_transpose
from jtconv.compat import keras, onnx, tf, torch
from tests.checks.agreement import registry
from tests.checks.agreement.compared import compare

rng = np.random.default_rng(0)
IMAGE = rng.standard_normal((2, 6, 5, 4))  # (N, C, H, W) of six channels
WEIGHT = rng.standard_normal((6, 2, 3, 2))  # torch's and ONNX's, of two groups
Y = rng.standard_normal((2, 5, 4, 3))
KERNEL = rng.standard_normal((3, 2, 4, 3))  # keras's and TensorFlow's

TORCH = "(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1)"


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        (torch.conv_transpose1d, TORCH),
        (torch.conv_transpose2d, TORCH),
        (torch.conv_transpose3d, TORCH),
        (
            keras.conv_transpose,
            "(inputs, kernel, strides=1, padding='valid', output_padding=None, data_format=None, dilation_rate=1)",
        ),
        (
            tf.conv_transpose,
            "(input, filters, output_shape, strides, padding='SAME', data_format=None, dilations=None, name=None)",
        ),
        (
            tf.conv2d_transpose,
            "(input, filters, output_shape, strides, padding='SAME', data_format='NHWC', dilations=None, name=None)",
        ),
        (
            onnx.conv_transpose,
            "(X, W, B=None, *, auto_pad='NOTSET', dilations=None, group=1, kernel_shape=None, output_padding=None, "
            "output_shape=None, pads=None, strides=None)",
        ),
    ],
)
def test_signature(function, signature):
    given = inspect.signature(function)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in given.parameters.values()]
    assert str(given.replace(parameters=bare, return_annotation=inspect.Signature.empty)) == signature


@pytest.mark.parametrize("as_torch", [True, False])
def test_scaled_kernels_added_where_they_overlap(as_torch):
    values = np.arange(4.0).reshape(1, 1, 2, 2)
    x = torch.conv_transpose2d(values, values) if as_torch else onnx.conv_transpose(values, values)
    np.testing.assert_array_equal(x[0, 0], [[0, 0, 1], [0, 4, 6], [4, 12, 9]])


@pytest.mark.parametrize(("k", "a"), [(3, 1), (4, 0)])
def test_sizes_of_the_articles_settings(k, a):
    """Input 4, stride 4: (i - 1)·s + k - 2p + a = 16."""
    image, weight = jnp.ones((1, 1, 4, 4)), jnp.ones((1, 1, k, k))
    assert torch.conv_transpose2d(image, weight, stride=4, output_padding=a).shape == (1, 1, 16, 16)
    given = {"strides": [4, 4], "output_padding": [a, a]}
    assert onnx.conv_transpose(image, weight, **given).shape == (1, 1, 16, 16)
    given = {"strides": 4, "output_padding": a, "data_format": "channels_first"}
    assert keras.conv_transpose(image, jnp.ones((k, k, 1, 1)), **given).shape == (1, 1, 16, 16)


@pytest.mark.parametrize(
    ("size", "k", "s", "result"),
    [(2, 2, 1, 3), (2, 3, 1, 4), (2, 3, 2, 5), (7, 4, 2, 16), (14, 4, 2, 30), (28, 8, 8, 224)],
)
def test_sizes_of_the_articles_keras_layers(size, k, s, result):
    """Three filters of Conv2DTranspose, "valid"; and the decoder of its FCN-8."""
    image, kernel = jax.ShapeDtypeStruct((1, size, size, 2), "float32"), jax.ShapeDtypeStruct((k, k, 3, 2), "float32")
    x = jax.eval_shape(lambda y, w: keras.conv_transpose(y, w, s), image, kernel)
    assert x.shape == (1, result, result, 3)


def test_torch_output_padding_from_the_stride_on():
    """It has the numbers of padding (p, p - a), here by a loop over positions and taps."""
    y, weight = rng.standard_normal((2, 3, 4)), rng.standard_normal((3, 2, 2))
    x = torch.conv_transpose1d(y, weight, stride=2, padding=1, output_padding=2, dilation=3)
    given = {"strides": 2, "dilation": 3, "padding": ((1, -1),)}
    image, kernel = y.swapaxes(1, 2), weight.transpose(2, 1, 0)
    expected = loop_conv_transpose(image, kernel, (10,), **given)
    magnitude = loop_conv_transpose(abs(image), abs(kernel), (10,), **given)
    assert_within_rounding(np.moveaxis(np.asarray(x), 1, 2), expected, magnitude, 6)


def test_torch_output_size():
    assert torch.output_padding_for((5, 6), (3, 4), (10, 13), stride=(2, 2), padding=(1, 1)) == (1, 1)
    with pytest.raises(ValueError, match=r"`output_size` must be in \[9, 10\] on spatial axis 0 .* got 11"):
        torch.output_padding_for((5,), 3, (11,), stride=2, padding=1)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
def test_dtype_of_the_result_and_of_the_bias(dtype):
    """All arrays have one dtype."""
    image, weight = jnp.asarray(IMAGE, dtype), jnp.asarray(WEIGHT, dtype)
    assert torch.conv_transpose2d(image, weight, jnp.ones(4, dtype), groups=2).dtype == dtype
    assert onnx.conv_transpose(image, weight, jnp.ones(4, dtype), group=2).dtype == dtype
    assert keras.conv_transpose(jnp.asarray(Y, dtype), jnp.asarray(KERNEL, dtype)).dtype == dtype


def test_tensorflow_is_the_gradient_of_a_convolution():
    """`tests/peers` compares more of them."""
    peer = registry.peer("tf")
    outcomes = [compare(peer, c) for c in registry.chosen(peer, every=12)]
    assert {"compared", "both refuse"} <= {o.kind for o in outcomes}
    assert not [f"{o.configuration}: {o.words}" for o in outcomes if o.kind == "failure"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"stride": 0}, ValueError, r"`stride` must be at least 1, got 0"),
        ({"stride": (1, 2, 3)}, ValueError, r"`stride` must be an int or 2 ints.*got \(1, 2, 3\)"),
        ({"dilation": 1.5}, TypeError, r"`dilation` must be an int, got 1.5"),
        ({"padding": -1}, ValueError, r"`padding` must be at least 0, got -1"),
        ({"padding": 9}, ValueError, r"`padding` 9 leaves an output of size -11 on spatial axis 0: .* Pad less"),
        (
            {"output_padding": 2, "stride": 2},
            ValueError,
            r"`output_padding` must be smaller than the stride or the dil",
        ),
        ({"groups": 4}, ValueError, r"`groups` must divide axis 0 of `weight` = 6, got 4 \(shape \(6, 2, 3, 2\)\)"),
        ({"bias": np.ones(4, complex)}, TypeError, r"`bias` must have the result's dtype, float64, got complex128"),
        ({"bias": np.ones(2)}, ValueError, r"`bias` must have shape \(4,\), one number per output channel, got \(2,\)"),
        (
            {"input": IMAGE[0, 0]},
            ValueError,
            r"`input` must have shape \(N, in_ch, \*size\) or \(in_ch, \*size\) with 2",
        ),
        ({"input": IMAGE[:, :5]}, ValueError, r"`input` must have as many channels as the first axis of `weight`, 6"),
        ({"input": IMAGE[..., :0]}, ValueError, r"`input` must have no empty spatial axis"),
        (
            {"weight": WEIGHT[0]},
            ValueError,
            r"`weight` must have shape \(in_ch, out_ch // groups, \*k\) with 2 spatial",
        ),
        ({"weight": WEIGHT.astype("float32")}, TypeError, r"`input` and `weight` must have one dtype.*\.astype"),
        ({"input": IMAGE.astype(int)}, TypeError, r"`input` must have a floating or complex dtype, got int64"),
        (
            {"dilation": 10, "output_padding": 9, "padding": 6, "weight": WEIGHT[..., :1, :1]},
            ValueError,
            r"`output_padding` 9 with a padding of 6 at the start leaves zeros alone on spatial axis 0.* Pad less",
        ),
    ],
)
def test_torch_refuses_in_its_words(arguments, error, message):
    with pytest.raises(error, match=message):
        torch.conv_transpose2d(**({"input": IMAGE, "weight": WEIGHT, "groups": 2} | arguments))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"strides": (1,)}, ValueError, r"`strides` must be an int or 2 ints.*got \(1,\)"),
        ({"dilation_rate": 0}, ValueError, r"`dilation_rate` must be at least 1, got 0"),
        ({"padding": "causal"}, ValueError, r"`padding` must be one of 'valid', 'same', got 'causal'"),
        ({"padding": 1}, TypeError, r"`padding` must be a string, one of 'valid', 'same', got 1"),
        ({"data_format": "NHWC"}, ValueError, r"`data_format` must be one of 'channels_last', 'channels_first'"),
        (
            {"output_padding": -9},
            ValueError,
            r"`output_padding` -9 with `padding`='valid' leaves nothing on spatial ax",
        ),
        ({"inputs": Y[0]}, ValueError, r"`inputs` and `kernel` must have equally many axes"),
        (
            {"data_format": "channels_first"},
            ValueError,
            r"`inputs` must have the 3 channels that `kernel` takes, got 5",
        ),
        ({"inputs": Y.astype("float32")}, TypeError, r"`inputs` and `kernel` must have one dtype"),
    ],
)
def test_keras_refuses_in_its_words(arguments, error, message):
    with pytest.raises(error, match=message):
        keras.conv_transpose(**({"inputs": Y, "kernel": KERNEL} | arguments))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"strides": 2}, TypeError, r"`strides` must be a sequence of 2 ints, one per spatial axis, got 2"),
        ({"pads": [1, 1]}, ValueError, r"`pads` must be 2 starts and then 2 ends, one per spatial axis, got \[1, 1\]"),
        ({"pads": [9, 9, 9, 9]}, ValueError, r"`pads` \(9, 9\) leave an output of size -11 on spatial axis 0"),
        ({"pads": [0] * 4, "auto_pad": "VALID"}, ValueError, r"give `pads` or `auto_pad`, not both"),
        ({"auto_pad": "SAME"}, ValueError, r"`auto_pad` must be one of 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'"),
        ({"output_shape": [2, 4, 7, 5]}, ValueError, r"`output_shape` must be a sequence of 2 ints"),
        ({"output_shape": [8, 5]}, ValueError, r"`output_shape` 8 on spatial axis 0 is too large"),
        ({"output_padding": [0, 1]}, ValueError, r"`output_padding` must be smaller than the stride or the dilation"),
        ({"kernel_shape": [3, 3]}, ValueError, r"`kernel_shape` must be W's \(3, 2\), got \[3, 3\]"),
        ({"group": 4}, ValueError, r"`group` must divide axis 0 of `W` = 6, got 4"),
        ({"B": np.ones(4, complex)}, TypeError, r"`B` must have one dtype, got float64 and float64 and complex128"),
        ({"B": np.ones(6)}, ValueError, r"`B` must have shape \(4,\), one number per output channel, got \(6,\)"),
        ({"X": IMAGE[0]}, ValueError, r"`W` must have shape \(in_ch, out_ch // groups, \*k\) with 1 spatial axis, got"),
    ],
)
def test_onnx_refuses_in_its_words(arguments, error, message):
    with pytest.raises(error, match=message):
        onnx.conv_transpose(**({"X": IMAGE, "W": WEIGHT, "group": 2} | arguments))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"output_shape": (2, 10, 9, 4)}, ValueError, r"`output_shape` must be in \[7, 8\] on spatial axis 1, got 9"),
        (
            {"output_shape": (3, 10, 8, 4)},
            ValueError,
            r"`output_shape` must be \(N, \*size, out_ch\).*N = 2 and out_ch = 4",
        ),
        ({"output_shape": (10, 8)}, ValueError, r"`output_shape` must be a sequence of 3 to 5 ints"),
        ({"output_shape": (2, 10, 4)}, ValueError, r"`input` and `filters` must have 3 axes, 1 of them spatial"),
        ({"strides": (2, 2, 2, 1)}, ValueError, r"`strides` must be 1 for N and C, got \(2, 2, 2, 1\)"),
        ({"dilations": (1, 2, 3)}, ValueError, r"`dilations` must be an int or a sequence of 1, 2 or 4 ints"),
        ({"padding": "EXPLICIT"}, ValueError, r"`padding` must be one of 'SAME', 'VALID', got 'EXPLICIT'"),
        ({"padding": [[1, 1]] * 4}, ValueError, r"`padding` must be \(0, 0\) for N and C"),
        ({"data_format": "NCHWC"}, ValueError, r"`data_format` must be one of 'NHWC', 'NCHW', got 'NCHWC'"),
    ],
)
def test_tf_refuses_in_its_words(arguments, error, message):
    given = {"input": Y, "filters": KERNEL, "output_shape": (2, 10, 8, 4), "strides": 2}
    with pytest.raises(error, match=message):
        tf.conv_transpose(**(given | arguments))


def channels_last(image, weight):
    return jnp.moveaxis(image, 1, -1), weight.transpose(2, 3, 1, 0)


def direct_of_channels_first(image, weight):
    y, kernel = channels_last(image, weight)
    return jnp.moveaxis(conv_transpose(y, kernel, strides=2, padding=1, output_size=(10, 7), groups=2), -1, 1)


def direct(y, kernel):
    return conv_transpose(y, kernel, strides=2, padding="SAME")


@pytest.mark.parametrize(
    ("adapter", "plain", "arrays"),
    [
        (
            lambda y, w: torch.conv_transpose2d(y, w, stride=2, padding=1, output_padding=1, groups=2),
            direct_of_channels_first,
            (IMAGE, WEIGHT),
        ),
        (
            lambda y, w: onnx.conv_transpose(y, w, strides=[2, 2], pads=[1] * 4, output_padding=[1, 1], group=2),
            direct_of_channels_first,
            (IMAGE, WEIGHT),
        ),
        (lambda y, w: keras.conv_transpose(y, w, strides=2, padding="same"), direct, (Y, KERNEL)),
        (lambda y, w: tf.conv_transpose(y, w, (2, 10, 8, 4), 2), direct, (Y, KERNEL)),
    ],
    ids=["torch", "onnx", "keras", "tf"],
)
def test_an_adapter_adds_no_operation(adapter, plain, arrays):
    """Once compiled it is the direct call on arrays whose axes are moved, and moved only there."""
    assert operations(adapter, arrays) == operations(plain, arrays)


def operations(f, arrays):
    """Count each operation of XLA's optimised program."""
    program = jax.jit(f).lower(*arrays).compile().as_text()
    assert program is not None
    return collections.Counter(re.findall(r"^\s*(?:ROOT )?%?[\w.-]+ = \S+ ([\w-]+)\(", program, re.MULTILINE))


def test_operations_are_counted():
    counts = operations(direct, (Y, KERNEL))
    assert counts["parameter"] >= 2
    assert counts != operations(lambda y, w: direct(y, w[::-1]), (Y, KERNEL))
