"""A layer in the words of each framework: they read back as the layer, and are found wherever there are some."""

from hypothesis import given
from hypothesis import strategies as st
from oracles import geometries

from jtconv import ConvGeometry, explain
from jtconv._frameworks.layer import Layer, essence
from jtconv._frameworks.read_call import read_call
from jtconv._frameworks.registry import equivalents

FUNCTIONS = ("tf", "lax")  # called with the kernel as an array, whose size the call does not tell
TELLS_IN_CH = ("jtconv", "torch", "nnx", "equinox", "mlx", "paddle")
TELLS_OUT_CH = (*TELLS_IN_CH, "keras", "tf", "linen", "haiku")


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
    """Each framework can express the layers that its rules of padding, groups and dilation allow."""
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
