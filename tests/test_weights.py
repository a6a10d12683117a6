"""Layers and networks of other frameworks: against reshapes written out, and back again."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from numpy.testing import assert_allclose, assert_array_equal

from jtconv.models import FCN4, FCN8, FCN16, FCN32, VGG16
from jtconv.weights import Preprocessing, layer_from, layer_to, load_into, network_from, network_to

rng = np.random.default_rng(0)


def normal(*shape, dtype: Any = np.float32):
    return rng.normal(size=shape).astype(dtype)


# --- layers ----------------------------------------------------------------------------------

K, GROUPS, X_CH, Y_CH = (4, 3), 2, 4, 6  # of the convolution that is transposed: x_ch -> y_ch
TRANSPOSED = {  # framework -> (names, shape, value of our kernel[i, j, a, b] there), one group
    "torch": ("weight", "bias", lambda w, i, j, x, y: w[y, x, i, j], (Y_CH, X_CH, *K)),
    "keras": ("kernel", "bias", lambda w, i, j, x, y: w[i, j, x, y], (*K, X_CH, Y_CH)),
    "flax": ("kernel", "bias", lambda w, i, j, x, y: w[3 - i, 2 - j, y, x], (*K, Y_CH, X_CH)),
    "flax, transpose_kernel": ("kernel", "bias", lambda w, i, j, x, y: w[i, j, x, y], (*K, X_CH, Y_CH)),
    "equinox": ("weight", "bias", lambda w, i, j, x, y: w[x, y, 3 - i, 2 - j], (X_CH, Y_CH, *K)),
    "onnx": ("W", "B", lambda w, i, j, x, y: w[y, x, i, j], (Y_CH, X_CH, *K)),
    "haiku": ("w", "b", lambda w, i, j, x, y: w[3 - i, 2 - j, x, y], (*K, X_CH, Y_CH)),
}
LEADING = ("torch", "equinox", "onnx")


@pytest.mark.parametrize("framework", TRANSPOSED)
def test_transposed_layer_entry_by_entry(framework):
    kernel, bias, theirs, shape = TRANSPOSED[framework]
    stored = normal(*shape)
    entries = {kernel: stored, bias: normal(X_CH)}
    ours = layer_from(entries, framework)
    assert ours["kernel"].shape == (*K, X_CH, Y_CH)
    for index in np.ndindex(ours["kernel"].shape):
        assert ours["kernel"][index] == theirs(stored, *index)
    assert_array_equal(ours["bias"], entries[bias])
    back = layer_to(ours, framework)
    assert list(back) == [kernel, bias]
    assert_array_equal(back[kernel], stored)
    assert_array_equal(back[bias].ravel(), entries[bias])
    assert back[bias].shape == ((X_CH, 1, 1) if framework == "equinox" else (X_CH,))


@pytest.mark.parametrize("framework", TRANSPOSED)
def test_forward_layer_entry_by_entry(framework):
    name = TRANSPOSED[framework][0]
    stored = normal(5, 3, *K) if framework in LEADING else normal(*K, 3, 5)
    ours = layer_from({name: stored}, framework, kind="conv")
    assert list(ours) == ["kernel"]
    expected = np.einsum("oihw->hwio", stored) if framework in LEADING else stored
    assert_array_equal(ours["kernel"], expected)
    assert_array_equal(layer_to(ours, framework, kind="conv")[name], stored)


@pytest.mark.parametrize("kind", ["conv", "conv_transpose"])
@pytest.mark.parametrize("framework", ["torch", "onnx", "equinox"])
def test_grouped_layer_is_its_groups(framework, kind):
    name = TRANSPOSED[framework][0]
    kernel = normal(*K, X_CH // GROUPS, Y_CH)
    stored = layer_to({"kernel": kernel}, framework, kind=kind, groups=GROUPS)[name]
    halves = [layer_to({"kernel": half}, framework, kind=kind)[name] for half in np.split(kernel, GROUPS, axis=-1)]
    assert_array_equal(stored, np.concatenate(halves))
    assert_array_equal(layer_from({name: stored}, framework, kind=kind, groups=GROUPS)["kernel"], kernel)


@pytest.mark.parametrize("ndim", [1, 2, 3])
@pytest.mark.parametrize("framework", TRANSPOSED)
def test_layers_of_any_dimension_and_kind_of_array(framework, ndim):
    kernel = normal(*(2, 3, 4)[:ndim], 5, 6, dtype=np.float16)
    for array in (kernel, jnp.asarray(kernel)):
        ours = layer_from(layer_to({"kernel": array, "bias": None}, framework, prefix="a."), framework, prefix="a.")
        assert isinstance(ours["kernel"], jax.Array) == isinstance(array, jax.Array)
        assert ours["kernel"].dtype == np.float16
        assert_array_equal(ours["kernel"], kernel)


def test_prefix_takes_one_layer_of_many():
    state = {"up1.weight": normal(3, 2, 4, 4), "up1.bias": normal(2), "up10.weight": normal(1, 1, 1, 1)}
    assert set(layer_from(state, "torch", prefix="up1.")) == {"kernel", "bias"}


def test_state_of_nnx():
    layer = nnx.ConvTranspose(3, 2, (4, 3), rngs=nnx.Rngs(0))
    ours = layer_from(nnx.state(layer), "flax")
    assert_array_equal(ours["kernel"], np.asarray(layer.kernel)[::-1, ::-1].swapaxes(-1, -2))


@pytest.mark.parametrize(
    ("entries", "options", "message"),
    [
        ({"kernel": np.ones((2, 1, 1))}, {}, "missing: 'weight'; unexpected: 'kernel' (2, 1, 1)"),
        ({"weight": np.ones(3)}, {}, "misshapen: 'weight' is (3,)"),
        ({"weight": np.ones((3, 2, 4)), "bias": np.ones(3)}, {}, "misshapen: 'bias' is (3,), expected (2,)"),
        ({"weight": np.ones((3, 2, 4)), "bias": np.ones(2)}, {"kind": "conv"}, "'bias' is (2,), expected (3,)"),
        (
            {"weight": np.ones((3, 2, 4))},
            {"groups": 2},
            "`groups` must divide the channels of 'weight' (3, 2, 4) = 3",
        ),
        ({"weight": np.ones((3, 2, 4))}, {"groups": 0}, "`groups` must be at least 1, got 0."),
        ({"weight": np.ones((3, 2, 4))}, {"kind": "dense"}, "`kind` must be one of"),
        ({"weight": np.ones((3, 2, 4))}, {"framework": "caffe"}, "`framework` must be one of"),
    ],
)
def test_layers_at_fault_are_refused(entries, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        layer_from(entries, **{"framework": "torch", **options})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"weight": np.ones((2, 1, 1))}, "missing: 'kernel'; unexpected: 'weight' (2, 1, 1)"),
        ({"kernel": np.ones(2)}, "'kernel' is (2,): a kernel has axes"),
        ({"kernel": np.ones((2, 3, 4)), "bias": np.ones(4)}, "'bias' is (4,), expected (3,)"),
    ],
)
def test_parameters_at_fault_are_refused(parameters, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        layer_to(parameters, "torch")


def test_groups_that_do_not_divide_the_channels_are_refused_on_the_way_out():
    message = "`groups` must divide the channels of 'kernel' (4, 2, 3) = 3, got 2."
    with pytest.raises(ValueError, match=re.escape(message)):
        layer_to({"kernel": np.ones((4, 2, 3))}, "torch", groups=2)


# --- networks --------------------------------------------------------------------------------

SMALL = {"width": 2, "depths": (1, 2, 1), "head_ch": 5, "head_kernel": (3, 2)}
CHANNELS = [(3, 2), (2, 4), (4, 4), (4, 8)]  # of the small network's encoder


def filled(make):
    """A model with random arrays that no initialiser was compiled for."""
    model = nnx.eval_shape(make)
    numbers = nnx.state(model, nnx.Any(nnx.Param, nnx.BatchStat))
    nnx.update(model, jax.tree.map(lambda x: jnp.asarray(normal(*x.shape, dtype=x.dtype)), numbers))
    return model


def small(network=FCN8, **options):
    return filled(lambda: network(4, rngs=nnx.Rngs(0), **{**SMALL, **options}))


def encoder(in_ch=3, **options):
    return filled(lambda: VGG16(in_ch, 2, (1, 2, 1), rngs=nnx.Rngs(0), **options))


def torch_encoder(in_ch=3):
    """The small encoder in torchvision's numbers: each convolution has a ReLU, each stage a pool."""
    entries = {}
    for position, (i, o) in zip((0, 3, 5, 8), [(in_ch, 2), *CHANNELS[1:]], strict=True):
        entries |= {f"features.{position}.weight": normal(o, i, 3, 3), f"features.{position}.bias": normal(o)}
    return entries


def torch_decoder():
    return {
        "up1.weight": normal(5, 4, 4, 4),
        "skip_pool2.weight": normal(4, 4, 1, 1),
        "skip_pool2.bias": normal(4),
        "up2.weight": normal(4, 4, 4, 4),
        "skip_pool1.weight": normal(4, 2, 1, 1),
        "skip_pool1.bias": normal(4),
        "up3.weight": normal(4, 4, 2, 2),
    }


def torch_head(kind):
    six, seven = {"own": ("conv6", "conv7"), "torchvision": ("classifier.0", "classifier.3")}.get(
        kind, ("pre_logits.fc1", "pre_logits.fc2")
    )
    six_shape, seven_shape = ((5, 48), (5, 5)) if kind == "torchvision" else ((5, 8, 3, 2), (5, 5, 1, 1))
    return {
        f"{six}.weight": normal(*six_shape),
        f"{six}.bias": normal(5),
        f"{seven}.weight": normal(*seven_shape),
        f"{seven}.bias": normal(5),
    }


def as_keras(state, spell):
    """A torch state dict in Keras's names and layouts; matrices transposed from (c, h, w) to (h, w, c)."""
    layers = dict(zip((0, 3, 5, 8), ("block1_conv1", "block2_conv1", "block2_conv2", "block3_conv1"), strict=True))
    renamed = {f"features.{position}": layer for position, layer in layers.items()}
    renamed |= {"classifier.0": "fc1", "classifier.3": "fc2", "classifier.6": "predictions"}
    entries = {}
    for name, array in state.items():
        layer, _, parameter = name.rpartition(".")
        layer = renamed.get(layer, layer)
        if array.ndim == 4:
            array = np.einsum("oihw->hwio", array)
        elif layer == "fc1" and array.ndim == 2:
            array = np.einsum("ochw->hwco", array.reshape(5, 8, 3, 2)).reshape(48, 5)
        elif array.ndim == 2:
            array = array.T
        entries[spell(layer, "bias" if parameter == "bias" else "kernel")] = array
    return entries


SPELLINGS = {
    "variable paths": lambda layer, p: f"{layer}/{p}",
    "flat h5": lambda layer, p: f"{layer}/{layer}_{ {'kernel': 'W', 'bias': 'b'}[p] }_1:0",
    "nested h5": lambda layer, p: f"{layer}/{layer}/{p}:0",
    "inside a model": lambda layer, p: f"vgg16/{layer}/{p}:0",
    "Keras 3": lambda layer, p: f"{layer}/{ {'kernel': 0, 'bias': 1}[p] }",
}


def assert_layer(module, weight, bias=None):
    assert_array_equal(np.asarray(module.kernel), np.einsum("oihw->hwio", weight))
    if bias is not None:
        assert_array_equal(np.asarray(module.bias), bias)


def assert_encoder(encoder, state):
    blocks = [block for stage in encoder.stages for block in stage.convs]
    for position, block in zip((0, 3, 5, 8), blocks, strict=True):
        assert_layer(block.conv, state[f"features.{position}.weight"], state[f"features.{position}.bias"])


def assert_decoder(decoder, state):
    for i, step in enumerate(decoder.steps):
        assert_layer(step.up, state[f"up{i + 1}.weight"])
        assert_layer(step.skip.conv, state[f"skip_pool{2 - i}.weight"], state[f"skip_pool{2 - i}.bias"])
    assert_layer(decoder.up, state["up3.weight"])


@pytest.mark.parametrize("spell", [None, *SPELLINGS])
def test_whole_network(spell):
    state = torch_encoder() | torch_head("own") | torch_decoder()
    model = small()
    load_into(model, as_keras(state, SPELLINGS[spell]) if spell else state)
    assert_encoder(model.encoder, state)
    assert_layer(model.conv6.conv, state["conv6.weight"], state["conv6.bias"])
    assert_layer(model.conv7.conv, state["conv7.weight"], state["conv7.bias"])
    assert_decoder(model.decoder, state)


@pytest.mark.parametrize("spell", [None, *SPELLINGS])
def test_encoder_alone_leaves_the_rest(spell):
    state, model = torch_encoder(), small()
    before = jax.tree.map(np.asarray, nnx.state((model.conv6, model.conv7, model.decoder)))
    load_into(model, as_keras(state, SPELLINGS[spell]) if spell else state)
    assert_encoder(model.encoder, state)
    jax.tree.map(assert_array_equal, before, nnx.state((model.conv6, model.conv7, model.decoder)))


@pytest.mark.parametrize("kind", ["torchvision", "timm", "Keras"])
def test_classifier_becomes_conv6_and_conv7(kind):
    head = torch_head("timm" if kind == "timm" else "torchvision")
    last = {"head.fc.weight" if kind == "timm" else "classifier.6.weight": normal(7, 5)}
    state = torch_encoder() | head | last
    model = small()
    load_into(model, as_keras(state, SPELLINGS["flat h5"]) if kind == "Keras" else state)
    six, six_bias, seven, seven_bias = head.values()
    assert_encoder(model.encoder, state)
    for i, j, c, o in np.ndindex(3, 2, 8, 5):
        expected = six[o, c, i, j] if kind == "timm" else six[o, c * 6 + i * 2 + j]
        assert model.conv6.conv.kernel[i, j, c, o] == expected
    assert_array_equal(model.conv7.conv.kernel[0, 0], np.squeeze(seven).T)
    assert_array_equal(np.asarray(model.conv6.conv.bias), six_bias)
    assert_array_equal(np.asarray(model.conv7.conv.bias), seven_bias)


def test_encoder_passes_over_the_classifier():
    state = torch_encoder() | torch_head("torchvision") | {"classifier.6.bias": normal(7)}
    model = encoder()
    load_into(model, state)
    assert_encoder(model, state)


@pytest.mark.parametrize("network", [FCN8, FCN16, FCN32])
@pytest.mark.parametrize("framework", ["jtconv", "torch", "keras"])
def test_networks_and_back(network, framework):
    model = small(network, in_ch=2)
    other = nnx.eval_shape(lambda: network(4, in_ch=2, rngs=nnx.Rngs(0), **SMALL))
    entries = network_to(model, framework)
    assert load_into(other, entries) is None
    jax.tree.map(assert_array_equal, nnx.state(model), nnx.state(other))
    again = network_to(other, framework)
    assert list(again) == list(entries)
    for name, array in entries.items():
        assert_array_equal(again[name], array)


@pytest.mark.parametrize("framework", ["jtconv", "torch", "keras"])
def test_networks_with_score_layers_and_back(framework):
    def make():
        options = {**SMALL, "head_kernel": (5, 5), "depths": (1, 1, 1, 1)}
        return FCN4.paper(3, rngs=nnx.Rngs(0), **options)

    model, other = filled(make), filled(make)
    entries = network_to(model, framework)
    assert {"jtconv": "decoder.score.bias", "torch": "score.bias", "keras": "score/bias"}[framework] in entries
    load_into(other, entries)
    jax.tree.map(assert_array_equal, nnx.state(model, nnx.Param), nnx.state(other, nnx.Param))


def test_own_names_hold_statistics_and_an_encoder_fits_the_whole():
    entries = network_to(encoder(normalise=True))
    assert entries["stages.1.convs.1.norm.mean"].shape == (4,)
    whole = small(normalise=True)
    load_into(whole, entries)
    got = network_to(whole)
    for name, array in entries.items():
        assert_array_equal(got[f"encoder.{name}"], array)
    for call in (lambda: load_into(whole, torch_encoder()), lambda: network_to(whole, "keras")):
        with pytest.raises(ValueError, match="`model` must be without normalisation for the names of"):
            call()


@pytest.mark.parametrize("in_ch", [1, 2, 4, 7])
@pytest.mark.parametrize("framework", ["torch", "keras", "jtconv"])
def test_first_kernel_takes_other_numbers_of_channels(in_ch, framework):
    rgb, other = encoder(), encoder(in_ch)
    load_into(other, network_to(rgb, framework))
    kernel, adapted = (np.asarray(m.stages[0].convs[0].conv.kernel) for m in (rgb, other))
    if in_ch == 1:
        assert_allclose(adapted[..., 0, :], kernel[..., 0, :] + kernel[..., 1, :] + kernel[..., 2, :], rtol=1e-6)
    for i in range(in_ch if in_ch > 1 else 0):
        assert_allclose(adapted[..., i, :], kernel[..., i % 3, :] * 3 / in_ch, rtol=1e-6)
    assert_array_equal(np.asarray(other.stages[2].convs[0].conv.kernel), np.asarray(rgb.stages[2].convs[0].conv.kernel))


def aligned(array):
    """A copy where XLA would use NumPy's memory as its own: at a multiple of 64 bytes."""
    room = np.empty(array.nbytes + 64, np.uint8)
    start = -room.ctypes.data % 64
    copy = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_keep_the_models_dtype_and_own_their_memory(dtype):
    state = {name: aligned(x.astype(dtype)) for name, x in torch_encoder().items()}
    model = encoder()
    load_into(model, state)
    expected = state["features.0.bias"].copy()
    state["features.0.bias"][:] = 0
    bias = np.asarray(model.stages[0].convs[0].conv.bias)
    assert bias.dtype == np.float32
    assert_array_equal(bias, expected)


def test_one_error_lists_everything():
    state = torch_encoder() | torch_head("own") | torch_decoder()
    del state["features.3.bias"], state["conv7.weight"]
    state |= {"features.0.weight": normal(2, 3, 5, 3), "up2.weight": np.ones((4, 4, 4, 4), int)}
    state |= {"features.0.running_mean": normal(2), "skip_pool3.bias": normal(4)}
    model = small()
    before = jax.tree.map(np.asarray, nnx.state(model))
    with pytest.raises(ValueError, match="do not fit") as caught:
        load_into(model, state)
    assert str(caught.value) == (
        "`entries`, by torch's names, do not fit FCN8 in 6 entries:\n"
        "  misshapen: 'features.0.weight' (2, 3, 5, 3), expected (2, 3, 3, 3)\n"
        "  missing: 'conv7.weight' (5, 5, 1, 1)\n"
        "  missing: 'features.3.bias' (4,)\n"
        "  not floating: 'up2.weight' is int64\n"
        "  unexpected: 'features.0.running_mean' (2,)\n"
        "  unexpected: 'skip_pool3.bias' (4,)"
    )
    jax.tree.map(assert_array_equal, before, nnx.state(model))


def test_parts_are_whole():
    state = torch_encoder() | {"up1.weight": normal(5, 4, 4, 4), "classifier.0.bias": normal(5)}
    with pytest.raises(ValueError, match="do not fit FCN8 in 9 entries") as caught:
        network_from(state, small())
    assert "missing: 'classifier.0.weight' (5, 48)" in str(caught.value)
    assert "missing: 'conv7.weight' (5, 5, 1, 1)" in str(caught.value)
    with pytest.raises(ValueError, match="missing: 'conv6.weight'"):
        network_from(torch_encoder() | torch_decoder(), small())


def test_entries_that_are_there_twice():
    state = as_keras(torch_encoder(), SPELLINGS["nested h5"])
    state["block1_conv1/1"] = normal(2)
    with pytest.raises(ValueError, match="twice: 'block1_conv1/block1_conv1/bias:0' and 'block1_conv1/1'"):
        network_from(state, small())


def test_keras_random_state_is_no_parameter():
    state = as_keras(torch_encoder(), SPELLINGS["nested h5"])
    state["dropout/seed_generator/seed_generator_state"] = np.zeros(2, np.uint32)
    load_into(small(), state)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"`entries` must have the names of .* got conv1.weight, fc.bias\.$"):
        network_from({"conv1.weight": normal(2, 3, 3, 3), "fc.bias": normal(2)}, small())
    with pytest.raises(ValueError, match=r"got none\.$"):
        load_into(small(), {})


def test_abstract_models_need_everything():
    model = nnx.eval_shape(lambda: FCN8(4, rngs=nnx.Rngs(0), **SMALL))
    with pytest.raises(ValueError, match=r"`model` holds shapes only.*conv6.conv.bias"):
        load_into(model, torch_encoder())
    with pytest.raises(ValueError, match="`model` must hold arrays"):
        network_to(model)


# --- preprocessing ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_preprocessing(dtype):
    picture = rng.integers(0, 256, (2, 4, 5, 3)).astype(dtype)
    red, green, blue = np.moveaxis(picture.astype(np.float64), -1, 0)
    keras = np.stack([blue - 103.939, green - 116.779, red - 123.68], -1)
    torch = np.stack([(red / 255 - 0.485) / 0.229, (green / 255 - 0.456) / 0.224, (blue / 255 - 0.406) / 0.225], -1)
    for preprocessing, expected in ((Preprocessing.keras(), keras), (Preprocessing.torch(), torch)):
        assert preprocessing(picture).dtype == np.float32
        assert_allclose(preprocessing(picture), expected, rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match=r"`picture` must have axes \(…, h, w, 3\)"):
        Preprocessing.torch()(picture[..., 0])


def test_preprocessing_comes_with_the_names():
    assert load_into(small(), torch_encoder()) == Preprocessing.torch()
    assert load_into(small(), as_keras(torch_encoder(), SPELLINGS["flat h5"])) == Preprocessing.keras()
    assert load_into(small(), network_to(small())) is None
    four = load_into(small(in_ch=4), torch_encoder())
    assert four == Preprocessing((0, 1, 2, 3), (0.485, 0.456, 0.406, 0.485), (0.229, 0.224, 0.225, 0.229), 1 / 255)
    grey = load_into(small(in_ch=1), as_keras(torch_encoder(), SPELLINGS["flat h5"]))
    assert grey is not None
    assert_allclose(grey(np.full((2, 2, 1), 200)), 200 - (103.939 + 116.779 + 123.68) / 3, rtol=1e-6)
    assert load_into(small(in_ch=4), torch_encoder(in_ch=4)) is None


def test_preprocessing_is_saved_with_the_parameters():
    model = small()
    entries = network_to(model, "torch") | Preprocessing.keras().entries()
    assert load_into(model, entries) == Preprocessing.keras()
    entries["preprocessing/channels"] = np.array([0, 1, 3])
    with pytest.raises(ValueError, match=r"preprocessing/channels must be in range\(3\)"):
        load_into(model, entries)
    del entries["preprocessing/std"]
    with pytest.raises(ValueError, match=r"must be channels \(n,\), mean"):
        load_into(model, entries)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("channels", np.array([0.0, 1, 2]), "channels must be integers, got float64"),
        ("mean", np.array([0, np.nan, 0]), "mean must be real and finite"),
        ("mean", np.array([0, 1j, 0]), "mean must be real and finite, got complex128"),
        ("std", np.array([1.0, 0, 1]), r"std must not be 0, got \[1.0, 0.0, 1.0\]"),
        ("scale", np.array(np.inf), "scale must be real and finite"),
    ],
)
def test_saved_preprocessing_at_fault_is_refused(name, value, message):
    model = VGG16(width=2, depths=(1,), rngs=nnx.Rngs(0))
    entries = network_to(model) | Preprocessing.torch().entries() | {f"preprocessing/{name}": value}
    with pytest.raises(ValueError, match=message):
        load_into(model, entries)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([1], "must be a mapping of names"),
        ({3: np.ones(2)}, "must have names that are strings, got 3"),
    ],
)
def test_what_is_no_mapping_of_arrays_is_refused(wrong: Any, message):
    model = VGG16(width=2, depths=(1,), rngs=nnx.Rngs(0))
    with pytest.raises(TypeError, match=f"`source` {message}"):
        load_into(model, wrong)
    with pytest.raises(TypeError, match=f"`entries` {message}"):
        network_from(wrong, model)
    with pytest.raises(TypeError, match=f"`entries` {message}"):
        layer_from(wrong, "torch")


def test_entries_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="`entries`: 'weight' must hold numbers, got list of dtype <U1"):
        layer_from({"weight": ["a"]}, "torch")


def test_lists_are_arrays_too():
    kernel, bias = np.ones((3, 3, 3, 2)), np.zeros(2)
    model = VGG16(width=2, depths=(1,), rngs=nnx.Rngs(0))
    entries = {"block1_conv1/kernel": kernel.tolist(), "block1_conv1/bias": bias.tolist()}
    assert load_into(model, entries) == Preprocessing.keras()


def test_factors_of_a_kernel_are_folded():
    """By the norms' own formulas; torch's modules are compared in tests/peers."""
    rng = np.random.default_rng(5)
    v, g = rng.standard_normal((4, 3, 5)), rng.standard_normal((4, 1, 1))
    kernel = np.stack([g[c, 0, 0] * v[c] / np.linalg.norm(v[c]) for c in range(4)])
    new = {"parametrizations.weight.original0": g, "parametrizations.weight.original1": v}
    for state in ({"weight_g": g, "weight_v": v}, new):
        np.testing.assert_allclose(layer_from(state, "torch")["kernel"], kernel.transpose(2, 1, 0), rtol=1e-14)
    u, s, vt = np.linalg.svd(np.moveaxis(v, 1, 0).reshape(3, 20), full_matrices=False)
    state = {"weight_orig": v, "weight_u": u[:, 0], "weight_v": vt[0], "bias": np.ones(3)}
    np.testing.assert_allclose(layer_from(state, "torch")["kernel"], v.transpose(2, 1, 0) / s[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"weight_g": np.ones((4, 1, 1))}, "missing: 'weight_v', a factor of the kernel beside 'weight_g'"),
        ({"weight_v": np.ones((4, 3, 5))}, "'weight_v' is a factor of a kernel, whose others are missing. Pass the"),
        ({"weight_g": np.ones((3, 1, 1)), "weight_v": np.ones((4, 3, 5))}, r"\(3, 1, 1\) does not scale \(4, 3, 5\)"),
        ({"weight_g": np.ones((4, 1, 1)), "weight_v": np.zeros((4, 3, 5))}, "has norm 0"),
        ({"weight_orig": np.ones((4, 3, 5)), "weight_u": np.ones(7), "weight_v": np.ones(9)}, "do not belong to"),
        ({"weight_orig": np.zeros((4, 3, 5)), "weight_u": np.ones(3), "weight_v": np.ones(20)}, "value is 0"),
    ],
)
def test_factors_that_do_not_fit_are_named(state, message):
    with pytest.raises(ValueError, match=message):
        layer_from(state, "torch")


def test_a_normalised_network_is_read():
    """Its weight_norm is folded layer by layer."""
    model = nnx.eval_shape(lambda: VGG16(width=2, depths=(1,), rngs=nnx.Rngs(0)))
    rng = np.random.default_rng(6)
    v, g = rng.standard_normal((2, 3, 3, 3)), rng.standard_normal((2, 1, 1, 1))
    kernel = g * v / np.sqrt((v**2).sum((1, 2, 3), keepdims=True))
    state = {"features.0.weight_g": g, "features.0.weight_v": v, "features.0.bias": np.zeros(2)}
    read = network_from(state, model)["stages.0.convs.0.conv.kernel"]
    np.testing.assert_allclose(read, kernel.transpose(2, 3, 1, 0), rtol=1e-6)
