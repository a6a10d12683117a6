"""`explain_from`: a call in a framework's words, read as the layer that it makes; nothing in it is run."""

import pytest

import jtconv
from jtconv import explain, explain_from

FUNCTIONS = ("tf", "lax")  # called with the kernel as an array, whose size the call does not tell


@pytest.mark.parametrize(
    ("framework", "call", "size", "result"),
    [
        ("torch", "ConvTranspose2d(64, 32, 4, stride=2, padding=1)", (7, 9), (14, 18)),
        ("torch", "torch.nn.ConvTranspose2d(64, 32, (4, 3), (2, 1), 1, (1, 0), 1, True, 2)", 7, (18, 9)),
        ("keras", "Conv2DTranspose(32, 4, strides=2, padding='same')", 7, (14, 14)),
        ("keras", "tf.keras.layers.Conv1DTranspose(32, 3, 5)", 4, (20,)),
        ("keras", "Conv2DTranspose(32, 3, 5, 'valid', 1, 'channels_last')", 4, (19, 19)),
        ("keras", "Conv3DTranspose(32, 3, 5, 'valid', 'channels_last', 1)", 4, (19, 19, 19)),
        ("flax", "nnx.ConvTranspose(8, 32, (4, 4), (2, 2), padding='VALID', rngs=nnx.Rngs(0))", (7, 9), (16, 20)),
        ("flax", "nn.ConvTranspose(32, (4, 4), (2, 2), 'VALID')", (7, 9), (16, 20)),
        ("flax", "flax.linen.ConvTranspose(features=32, kernel_size=[3], strides=2)", 7, (14,)),
        ("flax", "ConvTranspose(8, 32, 3, rngs=rngs)", 7, (7,)),
        ("flax", "ConvTranspose(8, 32, 3)", 7, (21,)),
        ("flax", "nnx.ConvTranspose(8, 32, 3)", 7, (7,)),
        ("flax", "flax.nnx.ConvTranspose(8, 32, 3)", 7, (7,)),
        ("nnx", "ConvTranspose(8, 32, 3)", 7, (7,)),
        ("linen", "ConvTranspose(32, 3)", 7, (7,)),
        ("equinox", "ConvTranspose2d(8, 32, 4, 2, 1, 0, key=jax.random.PRNGKey(0))", 7, (17, 17)),
        ("equinox", "eqx.nn.ConvTranspose(2, 8, 32, 4, 2, 1, 0, key=key)", 7, (14, 14)),
        ("haiku", "hk.Conv2DTranspose(32, 3, stride=2, output_shape=13)", 7, (13, 13)),
        ("onnx", "ConvTranspose(kernel_shape=[4, 4], strides=[2, 2], pads=[1, 0, 1, 0])", (7, 7), (14, 16)),
        ("jtconv", "jtconv.nn.ConvTranspose(8, 32, (3, 3), strides=2, padding='SAME', rngs=rngs)", 7, (14, 14)),
    ],
)
def test_layers_in_other_words(framework, call, size, result):
    assert explain_from(framework, call, size).transposed_size == result


@pytest.mark.parametrize(
    ("framework", "call", "result"),
    [
        ("torch", "F.conv_transpose2d(y, w, stride=2, padding=1)", (13, 17)),
        ("lax", "jax.lax.conv_transpose(y, k, (2, 2), 'SAME', transpose_kernel=True)", (14, 18)),
        ("lax", "lax.conv_transpose(y, k, (2, 2), [(1, 1), (2, 2)])", (13, 19)),
        ("keras", "keras.ops.conv_transpose(y, k, 2, 'same')", (14, 18)),
        ("tf", "tf.nn.conv2d_transpose(y, k, [n, 13, 17, 12], 2, 'SAME')", (13, 17)),
        ("tf", "tf.nn.conv2d_transpose(y, k, [n, 12, 13, 17], 2, 'SAME', data_format='NCHW')", (13, 17)),
        ("onnx", "ConvTranspose(X, W, strides=[2, 2])", (15, 19)),
        ("jtconv", "jtconv.conv_transpose(y, k, strides=2, output_size=(16, 20))", (16, 20)),
        ("torch", "jtconv.compat.torch.conv_transpose2d(y, w, stride=2, padding=1)", (13, 17)),
    ],
)
def test_functions_in_other_words_need_the_kernel_size(framework, call, result):
    layer = explain_from(framework, call, (7, 9), kernel_size=3)
    assert layer.transposed_size == result
    assert not layer.use_bias
    assert explain_from(framework, f"{call} + b", (7, 9), kernel_size=3).use_bias == (
        framework not in ("torch", "onnx")
    )
    with pytest.raises(ValueError, match="`kernel_size` is needed"):
        explain_from(framework, call, (7, 9))


def test_bias_and_channels_of_a_call():
    def told(framework, call, **given):
        layer = explain_from(framework, call, (7, 9), **given)
        return layer.in_ch, layer.out_ch, layer.use_bias

    assert told("torch", "nn.ConvTranspose2d(64, 32, 4, bias=False)") == (64, 32, False)
    assert told("torch", "nn.ConvTranspose2d(in_channels=c, out_channels=32, kernel_size=4)") == (None, 32, True)
    assert told("torch", "F.conv_transpose2d(y, w, b)", kernel_size=4) == (None, None, True)
    assert told("keras", "Conv2DTranspose(32, 4, use_bias=False)", in_ch=64) == (64, 32, False)
    assert told("tf", "tf.nn.conv2d_transpose(y, k, (n, 10, 12, 5), 1, 'VALID')", kernel_size=4) == (None, 5, False)
    node = "onnx.helper.make_node('ConvTranspose', ['X', 'W', 'B'], ['Y'], name='up', kernel_shape=[4, 4])"
    assert told("onnx", node) == (None, None, True)
    assert told("onnx", node.replace(", 'B'", "")) == (None, None, False)
    assert told("onnx", node.replace("'B'", "''")) == (None, None, False)
    assert not told("torch", "nn.ConvTranspose2d(64, 32, 4, bias=0)")[2]
    assert not told("keras", "Conv2DTranspose(32, 4, use_bias=None)")[2]
    assert told("keras", "Conv2DTranspose(32, 4, use_bias=b)")[2]
    with pytest.raises(ValueError, match="`out_ch` is 32 in the call, got 16. Leave it out."):
        told("keras", "Conv2DTranspose(32, 4)", out_ch=16)
    with pytest.raises(ValueError, match="`groups` must divide `in_ch` = 5, got 2"):
        explain(4, 3, groups=2, in_ch=5, out_ch=4)


@pytest.mark.parametrize(
    ("framework", "call", "message"),
    [
        ("pytorch", "f()", "`framework` must be one of 'jtconv', 'torch', 'keras'"),
        ("torch", "Conv2d(3, 4, 3)", "must be one of torch's transposed convolutions, torch.nn.ConvTranspose1d"),
        (
            "torch",
            "ConvTranspose2d(3, 4, 3, strides=2)",
            "keyword argument 'strides'. It has in_channels, out_channels",
        ),
        ("torch", "ConvTranspose2d(3, 4, 3, 2, stride=2)", "multiple values for argument 'stride'"),
        ("torch", "ConvTranspose2d(3, 4)", "`torch.nn.ConvTranspose2d` needs `kernel_size`"),
        ("torch", "ConvTranspose2d(3, 4, k)", "`kernel_size` of `torch.nn.ConvTranspose2d` must be written out"),
        ("torch", "ConvTranspose2d(3, 4, 3, stride=2 * s)", "must be written out in numbers or strings, got 2 * s"),
        ("torch", "ConvTranspose2d(0, 4, 3)", "`in_channels` must be a number of channels, at least 1, got 0"),
        ("torch", "ConvTranspose2d(3, 4, 3, padding_mode='circular')", "`padding_mode` of `torch.nn.ConvTranspose2d`"),
        ("torch", "ConvTranspose2d(3, 4, 3, stride=2, output_padding=2)", "`output_padding`"),
        ("torch", "ConvTranspose2d(*sizes)", "without * and **"),
        ("torch", "ConvTranspose2d(**sizes)", "without * and **"),
        ("torch", "ConvTranspose2d(3, 4, 3", "`call` must be one call in Python"),
        ("torch", "layers[0](3, 4, 3)", "one call of a layer or function by its name"),
        ("torch", "ConvTranspose2d(3, 4, 3)(y)", "one call of a layer or function by its name"),
        ("torch", "(lambda: 1)()", "one call of a layer or function by its name"),
        ("torch", "nn", "one call of a layer or function by its name"),
        ("torch", "__import__('os').system('true')", "one call of a layer or function by its name"),
        ("keras", "Conv2DTranspose(3, 4, padding='causal')", "padding"),
        ("keras", "Conv2DTranspose(3, 4, 2, dilation_rate=2)", "strides > 1 or dilation_rate > 1, not both, got"),
        ("keras", "Conv2DTranspose(3, 4, (2, 1), dilation_rate=(1, 2))", "not both, got `strides` (2, 1) and"),
        ("keras", "Conv2DTranspose(3, 4, 2, output_padding=2)", "here [0, 2), on spatial axis 0, got 2."),
        ("keras", "Conv2DTranspose(3, 4, 2, output_padding=(1, -1))", "here [0, 2), on spatial axis 1, got -1."),
        ("lax", "conv_transpose(y, k, (2, 2))", "`lax.conv_transpose` needs `padding`"),
        ("flax", "ConvTranspose(32)", "needs `"),
        ("flax", "nnx.ConvTranspose(32, (3, 3))", "`nnx.ConvTranspose` needs `kernel_size`"),
        (
            "flax",
            "nn.ConvTranspose(32, (3, 3), rngs=rngs)",
            "`nn.ConvTranspose`: got an unexpected keyword",
        ),
        ("nnx", "ConvTranspose(8, 32, 3)", "`input_size` must be an int or 1 int"),
        ("tf", "conv2d_transpose(y, k, (14, 14), 2)", "must be 4 sizes, with batch and channels, got (14, 14)"),
        ("onnx", "make_node('Conv', ['X', 'W'], ['Y'])", "must make a node of 'ConvTranspose'"),
        ("equinox", "ConvTranspose2d(8, 32, 3, stride=2, output_padding=2, key=key)", "`output_padding`"),
        ("haiku", "hk.ConvNDTranspose(n, 8, 3)", "`num_spatial_dims` of `hk.ConvNDTranspose` must be written out"),
        ("haiku", "hk.ConvNDTranspose(17, 8, 3)", "`num_spatial_dims` of `hk.ConvNDTranspose` must be at most 16"),
        ("equinox", "eqx.nn.ConvTranspose(1000000000, 8, 3, 3, key=key)", "must be at most 16, got 1000000000"),
        ("haiku", "hk.Conv2DTranspose(8, 3, rate=2)", "got an unexpected keyword argument 'rate'"),
        ("equinox", "torch.nn.ConvTranspose2d(8, 32, 3)", "got torch.nn.ConvTranspose2d: say --from torch."),
        ("torch", "eqx.nn.ConvTranspose2d(8, 32, 3, key=key)", "say --from equinox."),
        ("haiku", "tf.keras.layers.Conv2DTranspose(8, 3)", "say --from keras."),
        ("keras", "hk.Conv2DTranspose(8, 3)", "say --from haiku."),
        ("tf", "lax.conv_transpose(y, k, 1, 'SAME')", "say --from lax."),
        ("keras", "tf.nn.conv_transpose(y, k, (1, 7, 9, 1), 1)", "say --from tf."),
        ("nnx", "flax.linen.ConvTranspose(8, (3, 3))", "say --from linen."),
        ("linen", "jtconv.linen.ConvTranspose(8, (3, 3))", "say --from jtconv."),
    ],
)
def test_what_cannot_be_read_is_said_in_the_frameworks_words(framework, call, message):
    kernel_size = 3 if framework in FUNCTIONS else None
    with pytest.raises(ValueError) as error:  # noqa: PT011 (the message is compared below)
        explain_from(framework, call, (7, 9), kernel_size=kernel_size)
    assert message in str(error.value)


@pytest.mark.parametrize(
    "call",
    [
        "ConvTranspose2d(3, 4, 1" + " + 1" * 20_000 + ")",
        "ConvTranspose2d(3, 4, a" + ".a" * 20_000 + ")",
        "a" + ".a" * 20_000 + "(3)",
        "ConvTranspose2d(3, 4, " + "[" * 190 + "]" * 190 + ")",
        "ConvTranspose2d(3, 4, " + "(" * 20_000 + ")" * 20_000 + ")",
        "ConvTranspose2d(3, 4, 3, stride=" + "s" * 20_000 + ")",
        "ConvTranspose2d(3, 4, 3, " + "s" * 20_000 + "=1)",
    ],
)
def test_a_long_or_deep_call_is_refused_in_few_words(call):
    with pytest.raises((TypeError, ValueError)) as error:
        explain_from("torch", call, 7)
    assert len(str(error.value)) < 500


def test_nothing_in_a_call_is_run(tmp_path):
    """A key or initialiser may be any expression: it is not looked at."""
    path = tmp_path / "written"
    call = f"ConvTranspose2d(3, 4, 3, key=open({str(path)!r}, 'w'))"
    assert explain_from("equinox", call, 7).transposed_size == (9, 9)
    assert not path.exists()


def test_text_of_a_call_begins_with_it():
    layer = jtconv.explain_from("torch", "nn.ConvTranspose2d(8, 4, 3, stride=2)", (7, 7))
    assert layer.text.startswith("nn.ConvTranspose2d(8, 4, 3, stride=2)\nkernel 3×3")
    assert "The convolution C takes" not in layer.text  # 7×7 is the size of y, not of x
    assert "Parameters: 3·3·8·4 = 288 + 4 of the bias" in layer.text
    assert "together 1, 2 or 4 away from the borders" in layer.text


@pytest.mark.parametrize(
    "call",
    [
        "weight_norm(nn.ConvTranspose1d(8, 6, 16, 8, padding=4))",
        "nn.utils.weight_norm(nn.ConvTranspose1d(8, 6, 16, 8, padding=4), name='weight', dim=0)",
        "torch.nn.utils.parametrizations.weight_norm(module=ConvTranspose1d(8, 6, 16, 8, padding=4))",
        "nn.utils.spectral_norm(nn.ConvTranspose1d(8, 6, 16, 8, padding=4), n_power_iterations=2)",
    ],
)
def test_a_normalised_layer_is_the_layer_within(call):
    layer = explain_from("torch", call, 5)
    assert (layer.transposed_size, layer.in_ch, layer.out_ch) == ((40,), 8, 6)
    assert "_norm: jtconv.weights.layer_from folds the factors of its state dict" in str(layer)
    assert "folds" not in str(explain_from("torch", "ConvTranspose1d(8, 6, 16)", 5))


def test_a_normalisation_of_no_layer_is_refused():
    for call in ("weight_norm()", "weight_norm(layer)", "weight_norm(nn.Conv1d(3, 4, 5))"):
        with pytest.raises(ValueError, match="`call` must "):
            explain_from("torch", call, 5)
