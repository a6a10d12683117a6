"""VGG-16 and FCN-8 built in torch and Keras, their files, and what ours compute from them."""

import os
import re
import time
import zipfile
from pathlib import Path

import equinox as eqx
import h5py
import haiku as hk
import jax
import jax.numpy as jnp
import keras
import numpy as np
import onnx
import pytest
import torch
from comparison import channels_first, channels_last
from flax import linen, nnx
from numpy.testing import assert_allclose, assert_array_equal
from onnx.reference import ReferenceEvaluator

import jtconv
from jtconv.models import FCN8, VGG16
from jtconv.weights import Preprocessing, layer_from, layer_to, load, load_into, network_to, save

# Keras's variables do not know NumPy 2's `copy`, and its savers warn of HDF5: both of them its own matters.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
]

STAGES = [(64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)]
TOLERANCE = 1e-4  # of the largest logit: some 20 float32 layers of up to 25,088 products each


class TorchVGG16(torch.nn.Module):
    """torchvision's VGG-16, by its names."""

    def __init__(self, classes=10):
        super().__init__()
        layers, ch = [], 3
        for widths in STAGES:
            for width in widths:
                layers += [torch.nn.Conv2d(ch, width, 3, padding=1), torch.nn.ReLU()]
                ch = width
            layers.append(torch.nn.MaxPool2d(2))
        self.features = torch.nn.Sequential(*layers)
        self.classifier = torch.nn.Sequential(
            torch.nn.Linear(512 * 7 * 7, 4096),
            *(torch.nn.ReLU(), torch.nn.Dropout()),
            torch.nn.Linear(4096, 4096),
            *(torch.nn.ReLU(), torch.nn.Dropout()),
            torch.nn.Linear(4096, classes),
        )


class TorchFCN8(torch.nn.Module):
    """The article's network on it, (n, 3, h, w) -> (n, classes, h, w)."""

    def __init__(self, vgg, classes):
        super().__init__()
        self.features = vgg.features
        self.conv6, self.conv7 = torch.nn.Conv2d(512, 4096, 7, padding=3), torch.nn.Conv2d(4096, 4096, 1)
        with torch.no_grad():
            self.conv6.weight.copy_(vgg.classifier[0].weight.reshape(4096, 512, 7, 7))
            self.conv6.bias.copy_(vgg.classifier[0].bias)
            self.conv7.weight.copy_(vgg.classifier[3].weight[:, :, None, None])
            self.conv7.bias.copy_(vgg.classifier[3].bias)
        self.up1 = torch.nn.ConvTranspose2d(4096, classes, 4, stride=2, bias=False)
        self.up2 = torch.nn.ConvTranspose2d(classes, classes, 4, stride=2, bias=False)
        self.up3 = torch.nn.ConvTranspose2d(classes, classes, 8, stride=8, bias=False)
        self.skip_pool4, self.skip_pool3 = torch.nn.Conv2d(512, classes, 1), torch.nn.Conv2d(256, classes, 1)

    def forward(self, x):
        pools = []
        for layer in self.features:
            x = layer(x)
            if isinstance(layer, torch.nn.MaxPool2d):
                pools.append(x)
        x = self.conv7(self.conv6(x).relu()).relu()
        x = self.up1(x)[..., 1:-1, 1:-1] + self.skip_pool4(pools[3]).relu()
        x = self.up2(x)[..., 1:-1, 1:-1] + self.skip_pool3(pools[2]).relu()
        return self.up3(x)


def keras_fcn8(classes):
    """The same, (n, h, w, 3) -> (n, h, w, classes), of Keras's own layers and their names in its VGG-16."""
    layers = keras.layers
    x = inputs = keras.Input((224, 224, 3))
    pools = []
    for i, widths in enumerate(STAGES):
        for j, width in enumerate(widths):
            name = f"block{i + 1}_conv{j + 1}"
            x = layers.Conv2D(width, 3, padding="same", activation="relu", name=name)(x)
        x = layers.MaxPooling2D(name=f"block{i + 1}_pool")(x)
        pools.append(x)
    x = layers.Conv2D(4096, 7, padding="same", activation="relu", name="conv6")(x)
    x = layers.Conv2D(4096, 1, activation="relu", name="conv7")(x)
    for name, pool in (("1", 3), ("2", 2)):
        x = layers.Conv2DTranspose(classes, 4, strides=2, use_bias=False, name=f"up{name}")(x)
        skip = layers.Conv2D(classes, 1, activation="relu", name=f"skip_pool{pool + 1}")(pools[pool])
        x = layers.Add()([layers.Cropping2D(1)(x), skip])
    x = layers.Conv2DTranspose(classes, 8, strides=8, use_bias=False, name="up3")(x)
    return keras.Model(inputs, x)


def he_normal(state, rng):
    """Random arrays for which the logits are of the order of one, with biases that matter."""
    fan_in = {name: np.prod(x.shape[1:]) if x.ndim == 4 else x.shape[-1] for name, x in state.items()}
    return {
        name: np.float32(np.sqrt(2 / fan_in[name]) if x.ndim > 1 else 0.1) * rng.standard_normal(x.shape, np.float32)
        for name, x in state.items()
    }


def compare(name, ours, theirs, record):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    error = np.abs(ours - theirs).max() / np.abs(theirs).max()
    record(name, f"relative error {error:.2e}, logits up to {np.abs(theirs).max():.3g}")
    assert error < TOLERANCE


@pytest.fixture
def record(capsys):
    began = time.perf_counter()

    def say(name, text):
        with capsys.disabled():
            print(f"\n{name}: {text}, {time.perf_counter() - began:.1f} s")

    return say


@pytest.fixture(scope="module")
def picture():
    return np.random.default_rng(1).integers(0, 256, (1, 224, 224, 3), np.uint8)


def abstract_fcn8(classes):
    with jax.enable_x64(False):
        return nnx.eval_shape(lambda: FCN8.article(classes, rngs=nnx.Rngs(0)))


def logits(model, preprocessing, picture):
    with jax.enable_x64(False):
        return jax.jit(model)(preprocessing(picture))


def test_torch(tmp_path, picture, record):
    """A torchvision file gives the encoder, conv6 and conv7; the whole network's file gives all."""
    vgg = TorchVGG16()
    vgg.load_state_dict({k: torch.tensor(x) for k, x in he_normal(vgg.state_dict(), np.random.default_rng(0)).items()})
    torch.save(vgg.state_dict(), tmp_path / "vgg16.pth")
    peer = TorchFCN8(vgg, 12)
    torch.save(peer.state_dict(), tmp_path / "fcn8.pth")
    model = abstract_fcn8(12)
    preprocessing = load_into(model, tmp_path / "fcn8.pth")
    assert preprocessing == Preprocessing.torch()
    with torch.no_grad():
        theirs = peer(torch.tensor(channels_first(np.asarray(preprocessing(picture))))).numpy()
    compare("torch FCN-8", logits(model, preprocessing, picture), channels_last(theirs), record)

    conv6, conv7 = (np.asarray(x.conv.kernel) for x in (model.conv6, model.conv7))
    for x in (model.conv6, model.conv7, *[block for stage in model.encoder.stages for block in stage.convs]):
        x.conv.kernel[...] = jnp.zeros_like(x.conv.kernel[...])
    load_into(model, tmp_path / "vgg16.pth")
    assert_array_equal(model.conv6.conv.kernel[...], conv6)
    assert_array_equal(model.conv7.conv.kernel[...], conv7)
    compare("torch VGG-16 in FCN-8", logits(model, preprocessing, picture), channels_last(theirs), record)

    exported = {name: torch.tensor(x) for name, x in network_to(model, "torch").items()}
    assert peer.load_state_dict(exported).missing_keys == []
    assert sum(x.numel() for x in exported.values()) == 135_067_736


def random_weight(shape, layer, rng):
    transposed = isinstance(layer, keras.layers.Conv2DTranspose)
    fan_in = shape[-1] if transposed else np.prod(shape[:-1])
    scale = np.sqrt(2 / fan_in) if len(shape) > 1 else 0.1
    return np.float32(scale) * rng.standard_normal(shape, np.float32)


def test_keras(tmp_path, picture, record):
    peer = keras_fcn8(12)
    assert peer.count_params() == 135_067_736
    rng = np.random.default_rng(0)
    for layer in peer.layers:
        layer.set_weights([random_weight(x.shape, layer, rng) for x in layer.get_weights()])
    flat, nested = abstract_fcn8(12), abstract_fcn8(12)
    save_classic(peer, tmp_path / "flat.h5", "{0}/{0}_{1}_1:0", {"kernel": "W", "bias": "b"})
    preprocessing = load_into(flat, tmp_path / "flat.h5")
    assert preprocessing == Preprocessing.keras()
    with jax.enable_x64(False):
        theirs = peer.predict(np.asarray(preprocessing(picture)), verbose=0)
    compare("Keras FCN-8", logits(flat, preprocessing, picture), theirs, record)

    save_classic(peer, tmp_path / "nested.h5", "{0}/{0}/{1}:0", {"kernel": "kernel", "bias": "bias"})
    assert load_into(nested, tmp_path / "nested.h5") == preprocessing
    jax.tree.map(assert_array_equal, nnx.state(flat), nnx.state(nested))


def save_classic(model, path, spelling, words):
    """As Keras's files of VGG-16 are: the weights that a group lists, of the layers that the root lists."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name for layer in model.layers]
        for layer in model.layers:
            names = [spelling.format(layer.name, words[x.name]) for x in layer.weights]
            file.require_group(layer.name).attrs["weight_names"] = [name.partition("/")[2] for name in names]
            for name, x in zip(names, layer.get_weights(), strict=True):
                file[name] = x


# --- files that the peers write and read -----------------------------------------------------


def small_keras():
    layers = keras.layers
    x = inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(3, 3, name="block1_conv1")(x)
    x = layers.Dropout(0.5, seed=0)(x)
    return keras.Model(inputs, layers.Conv2D(6, 3, name="block2_conv1")(x))


def assert_same_as_keras(entries, peer):
    for layer in ("block1_conv1", "block2_conv1"):
        for ours, theirs in zip(("kernel", "bias"), peer.get_layer(layer).get_weights(), strict=True):
            assert_array_equal(entries[f"{layer}/{ours}"], theirs)


def small_vgg16():
    return VGG16(width=3, depths=(1, 1), rngs=nnx.Rngs(0))


@pytest.mark.parametrize("name", ["model.h5", "all.weights.h5"])
def test_files_of_keras(tmp_path, name):
    peer, model = small_keras(), small_vgg16()
    (peer.save if name == "model.h5" else peer.save_weights)(tmp_path / name)
    assert load_into(model, tmp_path / name) == Preprocessing.keras()
    assert_same_as_keras(network_to(model, "keras"), peer)


def test_keras_reads_what_is_saved(tmp_path):
    peer, entries = small_keras(), network_to(small_vgg16(), "keras")
    save(tmp_path / "a.h5", entries)
    peer.load_weights(tmp_path / "a.h5", by_name=True)
    assert_same_as_keras(entries, peer)


@pytest.mark.parametrize("zipped", [True, False])
def test_files_of_torch(tmp_path, zipped):
    state = {
        "a": torch.arange(6.0).reshape(2, 3).T,
        "b": torch.nn.Parameter(torch.ones(2, 1)),
        "c": torch.arange(4).to(torch.bfloat16),
        "d": torch.tensor(3),
    }
    torch.save(state, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    entries = load(tmp_path / "a.pth")
    assert [x.dtype.name for x in entries.values()] == ["float32", "float32", "bfloat16", "int64"]
    for name, x in state.items():
        assert_array_equal(entries[name].astype(np.float32), x.detach().float().numpy())


def test_a_state_dict_needs_no_file():
    convolutions = [torch.nn.Conv2d(3, 3, 3), torch.nn.Conv2d(3, 6, 3)]
    peer = torch.nn.ModuleDict({"features": torch.nn.ModuleDict({"0": convolutions[0], "3": convolutions[1]})})
    model = small_vgg16()
    assert load_into(model, peer.state_dict()) == Preprocessing.torch()
    for name, x in network_to(model, "torch").items():
        assert_array_equal(x, peer.state_dict()[name].numpy())


def test_tensors_of_every_kind():
    weight = torch.nn.Parameter(torch.arange(24.0).reshape(2, 3, 2, 2).to(torch.bfloat16))
    kernel = layer_from({"weight": weight, "bias": torch.ones(3, requires_grad=True)}, "torch")["kernel"]
    assert kernel.dtype.name == "bfloat16"
    assert_array_equal(kernel.astype(np.float32)[1, 0], weight.detach().float().numpy()[:, :, 1, 0].T)
    state = {"weight": torch.nn.Parameter(torch.ones(3, 3, 3, 3)), "bias": torch.zeros(3).to(torch.bfloat16)}
    model = VGG16(width=3, depths=(1,), rngs=nnx.Rngs(0))
    assert load_into(model, {f"features.0.{name}": x for name, x in state.items()}) == Preprocessing.torch()
    assert_array_equal(model.stages[0].convs[0].conv.kernel[...], np.ones((3, 3, 3, 3)))


class Executes:
    def __reduce__(self):
        return os.system, ("touch executed",)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (Executes(), "it holds objects other than tensors; save `model.state_dict()`"),
        ({"a": Executes()}, "it holds objects other than tensors; save `model.state_dict()`"),
        ([torch.ones(2)], "it holds a list; save `model.state_dict()`"),
        ({"epoch": 3}, "entry 'epoch': it is a int, not a tensor"),
        ({3: torch.ones(2)}, "the names of a state dict are strings, one is 3"),
        ({"a": torch.ones(2).to_sparse()}, "it is sparse, quantised or without data"),
        ({"a": torch.ones(2, device="meta")}, "it is sparse, quantised or without data"),
        ({"a": torch.ones(1).expand(2**30)}, "4,294,967,296 bytes of arrays in a file of"),
    ],
)
def test_hostile_files_of_torch(tmp_path, monkeypatch, content, reason, zipped):
    monkeypatch.chdir(tmp_path)
    torch.save(content, "a.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(ValueError, match=f"^'a.pth' cannot be read.*{re.escape(reason)}"):
        load("a.pth")
    assert not os.path.exists("executed")


def rewritten(source, target, change, compression=zipfile.ZIP_STORED):
    """torch's zip with other contents: change(name, content) of every member."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        for info in old.infolist():
            new.writestr(info.filename, change(info.filename, old.read(info)))


def test_records_of_torch_are_those_of_its_tensors(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"a": torch.ones(8), "b": torch.ones(8)[2:]}, "a.pth")
    assert set(load("a.pth")) == {"a", "b"}
    rewritten("a.pth", "b.pth", lambda name, content: content, zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match=r"^'b.pth' cannot be read: entry '.*compression method is 8"):
        load("b.pth")
    rewritten("a.pth", "c.pth", lambda name, content: content[:-4] if "/data/0" in name else content)
    with pytest.raises(ValueError, match="its tensors' sizes are not those of its records"):
        load("c.pth")
    content = bytearray(Path("a.pth").read_bytes())
    content[content.index(np.ones(8, np.float32).tobytes())] ^= 1
    Path("d.pth").write_bytes(content)
    with pytest.raises(ValueError, match="^'d.pth' cannot be read: entry '.*/data/0': its checksum does not fit"):
        load("d.pth")


# --- layers ----------------------------------------------------------------------------------

K, Y_CH, X_CH, GROUPS = (4, 3), 4, 6, 2
rng = np.random.default_rng(0)
Y = rng.standard_normal((2, 5, 6, Y_CH))
KERNEL, BIAS = rng.standard_normal((*K, X_CH, Y_CH)), rng.standard_normal(X_CH)


def torch_layer(kernel, groups):
    layer = torch.nn.ConvTranspose2d(Y_CH, X_CH, K, 2, groups=groups, dtype=torch.float64)
    entries = layer_to({"kernel": kernel, "bias": BIAS}, "torch", groups=groups)
    layer.load_state_dict({name: torch.tensor(x) for name, x in entries.items()})
    x = layer(torch.tensor(channels_first(Y))).detach().numpy()
    return channels_last(x), layer_from(layer.state_dict(), "torch", groups=groups)


def keras_layer(kernel, groups):
    layer = keras.layers.Conv2DTranspose(X_CH, K, 2, dtype="float64")
    layer.build(Y.shape)
    entries = layer_to({"kernel": kernel, "bias": BIAS}, "keras")
    layer.set_weights([entries["kernel"], entries["bias"]])
    return layer(Y), layer_from({x.name: x.numpy() for x in layer.weights}, "keras")


def linen_layer(kernel, groups, framework="flax"):
    transposing = framework != "flax"
    layer = linen.ConvTranspose(X_CH, K, 2, "VALID", transpose_kernel=transposing, param_dtype=jnp.float64)
    params = layer_to({"kernel": kernel, "bias": BIAS}, framework)
    return layer.apply({"params": params}, Y), layer_from(params, framework)


def nnx_layer(kernel, groups):
    layer = nnx.ConvTranspose(Y_CH, X_CH, K, 2, padding="VALID", param_dtype=jnp.float64, rngs=nnx.Rngs(0))
    nnx.update(layer, nnx.State(layer_to({"kernel": jnp.asarray(kernel), "bias": jnp.asarray(BIAS)}, "flax")))
    return layer(Y), layer_from(nnx.state(layer), "flax")


def equinox_layer(kernel, groups):
    layer = eqx.nn.ConvTranspose2d(Y_CH, X_CH, K, 2, groups=groups, dtype=jnp.float64, key=jax.random.key(0))
    entries = layer_to({"kernel": jnp.asarray(kernel), "bias": jnp.asarray(BIAS)}, "equinox", groups=groups)
    assert entries["bias"].shape == layer.bias.shape
    layer = eqx.tree_at(lambda m: (m.weight, m.bias), layer, (entries["weight"], entries["bias"]))
    x = jax.vmap(layer)(channels_first(Y))
    return channels_last(x), layer_from({"weight": layer.weight, "bias": layer.bias}, "equinox", groups=groups)


def onnx_layer(kernel, groups):
    entries = layer_to({"kernel": kernel, "bias": BIAS}, "onnx")
    values = {name: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.DOUBLE, None) for name in "XO"}
    node = onnx.helper.make_node("ConvTranspose", ["X", "W", "B"], ["O"], strides=[2, 2])
    initialisers = [onnx.numpy_helper.from_array(np.ascontiguousarray(x), name) for name, x in entries.items()]
    graph = onnx.helper.make_graph([node], "layer", [values["X"]], [values["O"]], initialisers)
    (x,) = ReferenceEvaluator(onnx.helper.make_model(graph)).run(None, {"X": channels_first(Y)})
    stored = {x.name: onnx.numpy_helper.to_array(x) for x in graph.initializer}
    return channels_last(x), layer_from(stored, "onnx")


def haiku_layer(kernel, groups):
    layer = hk.without_apply_rng(hk.transform(lambda y: hk.Conv2DTranspose(X_CH, K, 2, padding="VALID", name="up")(y)))
    params = {"up": layer_to({"kernel": kernel, "bias": BIAS}, "haiku")}
    assert jax.tree.map(np.shape, layer.init(jax.random.key(0), Y)) == jax.tree.map(np.shape, params)
    return layer.apply(params, Y), layer_from(params["up"], "haiku")


def linen_transposing(kernel, groups):
    return linen_layer(kernel, groups, "flax, transpose_kernel")


@pytest.mark.parametrize(
    ("layer", "groups"),
    [
        *((torch_layer, 1), (torch_layer, GROUPS), (keras_layer, 1), (linen_layer, 1), (linen_transposing, 1)),
        *((nnx_layer, 1), (equinox_layer, 1), (equinox_layer, GROUPS), (onnx_layer, 1), (haiku_layer, 1)),
    ],
)
def test_layers_compute_the_same_with_what_they_are_given(layer, groups):
    kernel = KERNEL[:, :, : X_CH // groups]
    theirs, back = layer(kernel, groups)
    ours = jtconv.conv_transpose(Y, kernel, strides=2, groups=groups) + BIAS
    assert np.asarray(theirs).dtype == np.float64
    assert_allclose(ours, theirs, rtol=0, atol=1e-12)  # 12 · 4 products of the order of one
    assert_array_equal(back["kernel"], kernel)
    assert_array_equal(back["bias"], BIAS)
