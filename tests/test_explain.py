"""`explain`: its numbers against counting, its words against reading them back, the even neighbour."""

import functools
import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import geometries, loop_conv_transpose

import jtconv
from jtconv import ConvGeometry, explain, explain_from
from jtconv._frameworks.layer import Layer, essence
from jtconv._frameworks.read_call import read_call
from jtconv._frameworks.registry import equivalents
from jtconv._geometry.overlap import is_even, nearest_even

FUNCTIONS = ("tf", "lax")  # called with the kernel as an array, whose size the call does not tell
TELLS_IN_CH = ("jtconv", "torch", "nnx", "equinox", "mlx", "paddle")
TELLS_OUT_CH = (*TELLS_IN_CH, "keras", "tf", "linen", "haiku")

# The three layers of the article's decoder.
DECODER = [
    ((7, 7), 4, 2, 4096, (16, 16), 786_432),
    ((14, 14), 4, 2, 12, (30, 30), 2_304),
    ((28, 28), 8, 8, 12, (224, 224), 9_216),
]


@pytest.mark.parametrize(("size", "k", "s", "in_ch", "result", "parameters"), DECODER)
def test_decoder_of_the_article(size, k, s, in_ch, result, parameters):
    layer = explain(size, k, strides=s, in_ch=in_ch, out_ch=12, use_bias=False)
    assert layer.transposed_size == result
    assert layer.costs is not None
    assert layer.costs.parameters == parameters
    assert layer.costs.multiply_adds == math.prod(size) * parameters  # nothing is cropped
    assert layer.costs.with_zeros == math.prod(result) * parameters
    assert layer.is_even == (True, True)
    assert layer.even_layer is None
    expected = f"keras.layers.Conv2DTranspose(12, {k}, strides={s}, use_bias=False)"
    assert layer.equivalents["keras"].call == expected
    assert f"{parameters:,}" in str(layer)


def test_examples_of_the_articles():
    assert explain(4, 3, strides=4, output_padding=1).transposed_size == (16,)
    touching = explain(4, 4, strides=4)
    assert touching.transposed_size == (16,)
    assert set(touching.overlap[0]) == {1}  # k = s: the blocks touch, nothing overlaps
    overlapping = explain(4, 6, strides=4, padding=1)
    assert overlapping.transposed_size == (16,)
    assert set(overlapping.overlap[0]) == {1, 2}
    assert [explain((2, 2), k, strides=s).transposed_size for k, s in ((2, 1), (3, 1), (3, 2))] == [
        (3, 3),
        (4, 4),
        (5, 5),
    ]


@settings(max_examples=settings().max_examples // 5)
@given(st.integers(1, 2).flatmap(geometries), st.integers(1, 3), st.integers(1, 3))
def test_counts_are_those_of_a_loop(drawn, in_per, out_per):
    """A y and a kernel of ones count contributions; an indicator of one position finds what it reaches."""
    x_size, arguments = drawn
    kernel_size, groups = arguments.pop("kernel_size"), arguments["groups"]
    geometry = ConvGeometry(kernel_size, **arguments)
    y_size = geometry.output_size(x_size)
    layer = explain(
        y_size,
        kernel_size,
        **arguments,
        output_padding=geometry.output_padding_for(x_size),
        in_ch=in_per * groups,
        out_ch=out_per * groups,
    )
    alone = {**arguments, "groups": 1}
    counts = loop_conv_transpose(np.ones((*y_size, 1)), np.ones((*kernel_size, 1, 1)), x_size, **alone)[..., 0]
    np.testing.assert_array_equal(functools.reduce(np.multiply.outer, map(np.array, layer.overlap)), counts)
    taps_on_channels = groups * in_per * out_per
    assert layer.costs is not None
    assert layer.costs.multiply_adds == counts.sum() * taps_on_channels
    assert layer.costs.parameters == math.prod(kernel_size) * taps_on_channels + out_per * groups
    reached = [
        loop_conv_transpose(one.reshape(*y_size, 1), np.ones((*kernel_size, 1, 1)), x_size, **alone) > 0
        for one in np.eye(math.prod(y_size))
    ]
    assert math.prod(layer.receptive_field) == np.sum(reached, axis=0).max()


@given(st.integers(1, 3).flatmap(geometries))
def test_nearest_even_layer_is_even_and_of_the_same_size(drawn):
    x_size, arguments = drawn
    geometry = ConvGeometry(**arguments)
    y_size = geometry.output_size(x_size)
    try:
        even = nearest_even(geometry, x_size)
    except ValueError:
        assert geometry.padding_mode == "reflect"
        assert 1 in x_size
        return
    assert even.geometry.transpose_output_size(y_size, output_padding=even.output_padding) == x_size
    assert even.geometry.strides == geometry.strides
    for axis in range(geometry.ndim):
        before, after = geometry.kernel_size[axis], even.geometry.kernel_size[axis]
        assert before <= after < before + geometry.strides[axis]
        assert is_even(even.geometry, axis)
        inside = counts_inside(even.geometry, axis)
        assert len(set(inside)) == 1
        if is_even(geometry, axis):
            assert len(set(counts_inside(geometry, axis))) == 1
            assert (after, even.geometry.dilation[axis]) == (before, geometry.dilation[axis])
        else:
            assert len(set(counts_inside(geometry, axis))) > 1


def counts_inside(geometry, axis):
    """Contributions counted where no border is near: of a y of many positions, in the middle."""
    s, reach = geometry.strides[axis], geometry.effective_kernel_size[axis]
    many = 3 * reach + 1
    full = np.zeros(s * (many - 1) + reach, int)
    for o, t in itertools.product(range(many), range(geometry.kernel_size[axis])):
        full[s * o + geometry.dilation[axis] * t] += 1
    return full[reach : reach + s].tolist()


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        (
            {"kernel_size": 3, "strides": 2, "padding": 1, "output_padding": 1},
            "kernel_size 4 instead of 3, output_padding 0 instead of 1, 4 taps instead of 3",
        ),
        ({"kernel_size": 3, "strides": 2, "padding": "SAME"}, "kernel_size 4 instead of 3, 4 taps instead of 3"),
        (
            {"kernel_size": 5, "strides": 3},
            "kernel_size 6 instead of 5, padding (0, 1) instead of (0, 0), 6 taps instead of 5",
        ),
        (
            {"kernel_size": 3, "strides": 2, "dilation": 2},
            "kernel_size 4 instead of 3, dilation 1 instead of 2, output_padding 1 instead of 0, 4 taps instead of 3",
        ),
    ],
)
def test_changes_to_the_even_layer_are_told(arguments, changes):
    assert f"to the same size: {changes}." in str(explain(7, **arguments))


@given(st.integers(1, 3).flatmap(geometries), st.integers(1, 3), st.integers(1, 3), st.booleans(), st.booleans())
def test_every_equivalent_reads_back_as_the_layer(drawn, in_per, out_per, use_bias, known):
    x_size, arguments = drawn
    spec = ConvGeometry(**arguments).at(x_size)
    channels: list[int] = [in_per * spec.groups, out_per * spec.groups] if known else []
    layer = Layer(spec, *channels, use_bias=use_bias)
    for name, words in equivalents(layer).items():
        if words.call is None:
            assert words.reason
            continue
        read = read_call(name, words.call, spec.output_size, spec.kernel_size if name in FUNCTIONS else None)
        assert essence(read.spec) == essence(spec), words.call
        assert read.use_bias == use_bias, words.call
        assert read.in_ch == (channels[0] if known and name in TELLS_IN_CH else None)
        assert read.out_ch == (channels[1] if known and name in TELLS_OUT_CH else None)


@given(st.integers(1, 3).flatmap(geometries))
def test_words_are_found_wherever_there_are_some(drawn):
    """What each framework can say, by its own rules of padding, groups and dilation."""
    x_size, arguments = drawn
    spec = ConvGeometry(**arguments).at(x_size)
    layer = Layer(spec)
    zeros, alone = spec.padding_mode == "zeros", spec.groups == 1
    steps = list(zip(spec.strides, spec.dilation, strict=True))
    reach = spec.effective_kernel_size
    starts = [lo for lo, _ in layer.whole_pads]
    least = [min(lo, hi) for lo, hi in layer.whole_pads]
    more = [lo - hi for lo, hi in layer.whole_pads]  # cropped before rather than after
    either = max(spec.strides) == 1 or max(spec.dilation) == 1
    sayable = {
        "jtconv": True,
        "torch": zeros and all(lo >= 0 and 0 <= a < max(sd) for lo, a, sd in zip(starts, more, steps, strict=True)),
        "lax": zeros and alone,
        "haiku": zeros and alone and max(spec.dilation) == 1,
        "keras": zeros and alone and either and not any(map(any, layer.whole_pads)),  # "valid", at least
        "tf": zeros and alone and not any(map(any, layer.whole_pads)),
        "onnx": zeros and min(least) >= 0,
        "equinox": zeros,
        "nnx": zeros and alone,
        "linen": zeros and alone,
        "mlx": zeros and alone and all(max(p) <= r - 1 for p, r in zip(layer.whole_pads, reach, strict=True)),
        "paddle": zeros and min(least) >= 0,
    }
    found = equivalents(layer)
    for name, words in found.items():
        if sayable[name] and not layer.is_empty:
            assert words.call is not None, f"{name}: {words.reason}"
    if zeros and not sayable["torch"]:
        assert found["torch"].call is None
    assert found["jtconv"].call is not None


def test_a_layer_of_four_axes_and_of_none():
    four = explain((2, 3, 2, 4), (2, 1, 3, 2), strides=(2, 1, 2, 1)).equivalents
    assert "eqx.nn.ConvTranspose(4, in_ch, out_ch," in str(four["equinox"].call)
    assert "hk.ConvNDTranspose(4, out_ch," in str(four["haiku"].call)
    assert 'dimension_numbers=("NABDEC", "ABDEIO", "NABDEC")' in str(four["lax"].call)
    assert "not 4" in str(four["torch"].reason)
    none = explain(*[()] * 2).equivalents
    assert none["lax"].call == 'lax.conv_transpose(y, kernel, (), "SAME", transpose_kernel=True) + bias'


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
    with pytest.raises(ValueError, match="`in_ch` must be a multiple of `groups` 2, got 5"):
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


def test_reasons_name_what_is_missing():
    def reason(framework, **arguments):
        return str(explain((7, 9), 3, **arguments).equivalents[framework].reason)

    assert reason("keras", groups=2) == "keras has no groups"
    assert "strides > 1 or dilation_rate > 1, not both" in reason("keras", strides=2, dilation=2)
    assert "take [1:15, 1:19] of its result" in reason("keras", strides=2, padding=1, output_padding=1)
    assert "crops (0, 1) of the contributions" in reason("torch", strides=2, padding="SAME")
    assert reason("haiku", dilation=2) == "haiku's transposed convolution has no dilation"
    assert "lax.conv_general_dilated" in reason("lax", groups=3)
    assert reason("torch", padding=1, padding_mode="reflect") == "torch has no transpose of reflect padding"
    assert "ONNX pads by 0 or more" in reason("onnx", padding=-1)


def test_json_holds_everything():
    layer = explain((7, 9), 3, strides=2, padding="SAME", groups=2, in_ch=4, out_ch=6)
    told = json.loads(layer.to_json())
    assert told["transposed_size"] == [14, 18]
    assert told["geometry"]["padding"] == "SAME"
    assert told["overlap"] == [list(counts) for counts in layer.overlap]
    assert told["is_even"] == [False, False]
    assert told["even_layer"]["geometry"]["kernel_size"] == [4, 4]
    assert told["costs"]["parameters"] == 3 * 3 * 4 * 6 // 2 + 6
    assert told["equivalents"]["keras"]["reason"] == "keras has no groups"
    equinox = told["equivalents"]["equinox"]
    assert equinox["call"].startswith("eqx.nn.ConvTranspose2d(4, 6, 3, stride=2")
    assert equinox["kernel_shape"] == [6, 2, 3, 3]
    assert equinox["kernel_reversed"]


def test_text_of_a_call_begins_with_it():
    layer = jtconv.explain_from("torch", "nn.ConvTranspose2d(8, 4, 3, stride=2)", (7, 7))
    assert layer.text.startswith("nn.ConvTranspose2d(8, 4, 3, stride=2)\nkernel 3×3")
    assert "The convolution C takes" not in layer.text  # 7×7 is the size of y, not of x
    assert "Parameters: 3·3·8·4 = 288 + 4 of the bias" in layer.text
    assert "together 1, 2 or 4 away from the borders" in layer.text


def test_large_strides_on_many_axes_are_counted_once():
    text = str(explain((2,) * 4, 65, strides=64))
    assert "together 1, 2, 4, 8 or 16 away from the borders" in text
