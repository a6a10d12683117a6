"""A trained network from a folder: the numbers that the command writes, and every mistake in one line."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from fcn_models import CLASSES, SETTINGS, drawn_image, drawn_model
from flax import nnx
from numpy.testing import assert_array_equal
from PIL import Image

from experiments.fcn.__main__ import main
from experiments.fcn.saved_model import save_model
from jtconv.models import FCN2, FCN8, FCN16, FCN32, load, save
from jtconv.models._description import Checkpoint, Origin
from jtconv.models._model import arrays_of
from jtconv.weights import Preprocessing
from tests.models.networks import filled

pytestmark = pytest.mark.usefixtures("single_precision")

ORIGIN = Origin(last=Checkpoint(1300, 0.25), best=Checkpoint(1040, 0.5))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """What a run leaves of its networks: that at its end, and another that was the best."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    folder.mkdir()
    save_model(drawn_model(), SETTINGS, folder, ORIGIN, drawn_model(seed=1))
    return folder


@pytest.fixture
def copy(run, tmp_path):
    """The folder again, to be damaged."""
    return shutil.copytree(run, tmp_path / "first")


def tiny(kind: Any = FCN32, num_classes=2, **options):
    defaults = {"width": 1, "depths": (1,), "head_ch": 1}
    return filled(lambda: kind(num_classes, **(defaults | options), rngs=nnx.Rngs(0)))


def classes_by_its_own_call(network, preprocessing, picture):
    network.eval()
    scores = nnx.jit(lambda network, x: network(x))(network, preprocessing(picture[None]))
    return np.asarray(scores)[0].argmax(-1)


def with_signs(network, seed=0):
    """Numbers of both signs in the place of the parameters: classes differ from pixel to pixel."""
    state, rng = nnx.state(network, nnx.Param), np.random.default_rng(seed)
    nnx.update(network, jax.tree.map(lambda x: jnp.asarray(rng.normal(size=x.shape), x.dtype), state))
    return network


def line(error):
    assert "\n" not in str(error.value)
    return str(error.value)


# --- predictions -----------------------------------------------------------------------------


def picture_files(folder):
    """Colours, grey, a palette with transparency, 16 bits; one turned by its EXIF data."""
    colours = Image.fromarray(drawn_image(50, 70))
    turned = colours.getexif()
    turned[0x0112] = 6
    colours.save(folder / "turned.jpg", exif=turned)
    colours.save(folder / "colours.png")
    colours.convert("L").save(folder / "grey.png")
    colours.quantize(16).save(folder / "palette.png", transparency=3)
    Image.fromarray(drawn_image(33, 65)[..., 0].astype(np.uint16) * 256 + 7).save(folder / "deep.png")
    return sorted(folder.glob("*.*"))


@pytest.mark.parametrize("checkpoint", [None, "best"])
def test_predictions_are_those_of_the_command(run, tmp_path, checkpoint, capsys):
    pictures, out = tmp_path / "pictures", tmp_path / "found"
    pictures.mkdir()
    files = picture_files(pictures)
    chosen = [] if checkpoint is None else ["--from", checkpoint]
    assert main(["predict", str(run), str(pictures), "--out", str(out), *chosen]) == 0
    model = load(run, checkpoint)
    assert str(run) in capsys.readouterr().out
    for file in files:
        found = np.asarray(Image.open(out / f"{file.stem}.png"))
        for given in (file, str(file), Image.open(file)):
            got = model.predict(given)
            assert np.issubdtype(got.dtype, np.integer)
            assert_array_equal(got, found, err_msg=file.name)
    assert model.predict(pictures / "turned.jpg").shape == (70, 50)
    array = drawn_image(50, 70)
    assert_array_equal(model.predict(array), np.asarray(Image.open(out / "colours.png")))
    assert_array_equal(model.predict(jnp.asarray(array)), model.predict(array))


def test_a_picture_in_memory_stays_as_it_is(run):
    image = Image.fromarray(drawn_image(20, 30))
    image.getexif()[0x0112] = 6
    assert load(run).predict(image).shape == (30, 20)
    assert image.size == (30, 20)
    assert image.getexif()[0x0112] == 6


def test_predictions_follow_the_network(run):
    """By the network and the preprocessing as they are handed over; also after its parameters have changed."""
    model, picture = load(run), drawn_image(64, 96)
    expected = classes_by_its_own_call(model.network, model.preprocessing, picture)
    assert len(np.unique(expected)) > 1
    assert_array_equal(model.predict(picture), expected)
    nnx.update(model.network, nnx.state(load(run, "best").network, nnx.Param))
    changed = classes_by_its_own_call(model.network, model.preprocessing, picture)
    assert (changed != expected).any()
    assert_array_equal(model.predict(picture), changed)


def test_a_network_of_few_stages_pads_as_it_does_alone(tmp_path):
    """It pads to a multiple of 4, where pictures are computed at multiples of 32."""
    network = with_signs(tiny(FCN16, 3, width=3, depths=(1, 1), head_ch=5))
    preprocessing, picture = Preprocessing.keras(), drawn_image(41, 59)
    save(tmp_path, network, classes=tuple("abc"), preprocessing=preprocessing)
    expected = classes_by_its_own_call(network, preprocessing, picture)
    assert len(np.unique(expected)) == 3
    assert_array_equal(load(tmp_path).predict(picture), expected)


# --- what is in the folder -------------------------------------------------------------------


def test_names_preprocessing_and_origin(run):
    model = load(run)
    assert (model.classes, model.colours) == (CLASSES.names, CLASSES.colours)
    assert model.preprocessing == Preprocessing.torch()
    assert model.origin == "the last of the run (step 1,300, mean IoU 0.2500)"
    assert load(run, checkpoint="last").origin == model.origin
    assert load(str(run), "best").origin == "the best of the run (step 1,040, mean IoU 0.5000)"


@pytest.mark.parametrize(("name", "seed"), [(None, 0), ("last", 0), ("best", 1)])
def test_each_checkpoint_has_its_own_parameters(run, name, seed):
    state = nnx.state(load(run, name).network, nnx.Any(nnx.Param, nnx.BatchStat))
    arrays = {".".join(map(str, path)): np.asarray(x) for path, x in nnx.to_flat_state(state)}
    expected = arrays_of(drawn_model(seed=seed))
    assert arrays.keys() == expected.keys()
    for key, array in arrays.items():
        assert_array_equal(array, expected[key], err_msg=key)


NETWORKS = {
    "fcn2": (FCN2, {"depths": (1, 2, 1, 1, 1), "in_ch": 1, "overlap": 2}),
    "fcn8": (FCN8, {"depths": (1, 1, 1), "decoder_ch": 5, "relu_skips": False, "dropout": 0.25}),
    "fcn16": (FCN16, {"depths": (1, 1), "dtype": jnp.bfloat16, "normalise": True, "remat": True}),
    "paper": (FCN32.paper, {"depths": (1,) * 5, "head_kernel": (7, 5), "in_ch": 4}),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_saved_is_loaded(tmp_path, name):
    kind, options = NETWORKS[name]
    network = tiny(kind, 3, **options)
    in_ch = options.get("in_ch", 3)
    preprocessing = Preprocessing.torch().with_channels(in_ch)
    save(tmp_path / "a" / "b", network, classes=["sky", "tree", "road"], preprocessing=preprocessing)
    model = load(tmp_path / "a" / "b")
    assert type(model.network) is type(network)
    assert model.network.settings == network.settings
    assert (model.classes, model.preprocessing, model.origin) == (("sky", "tree", "road"), preprocessing, "")
    assert len(set(model.colours)) == 3
    network.eval()
    (one, state), (other, expected) = nnx.split(model.network), nnx.split(network)
    assert one == other
    for (path, x), (_, y) in zip(nnx.to_flat_state(state), nnx.to_flat_state(expected), strict=True):
        if "rngs" not in path:
            assert_array_equal(np.asarray(x), np.asarray(y), err_msg=str(path))


def test_a_saved_network_is_what_the_command_takes(tmp_path, capsys):
    save(
        tmp_path / "run",
        tiny(),
        classes=("a", "b"),
        preprocessing=Preprocessing.torch(),
        colours=("#000000", "#0a0b0c"),
    )
    Image.fromarray(drawn_image(9, 7)).save(tmp_path / "x.png")
    assert main(["predict", str(tmp_path / "run"), str(tmp_path / "x.png"), "--out", str(tmp_path)]) == 2  # its own
    assert main(["predict", str(tmp_path / "run"), str(tmp_path / "x.png"), "--out", str(tmp_path / "out")]) == 0
    palette = Image.open(tmp_path / "out" / "x.png").getpalette()
    assert palette is not None
    assert palette[3:6] == [10, 11, 12]


def test_nothing_but_flax_and_safetensors_is_needed(run):
    script = f"""
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("experiments", "PIL", "h5py", "matplotlib", "orbax", "tyro", "grain", "torch"):
            raise ImportError(name + " is hidden")
sys.meta_path.insert(0, Hide())
import numpy as np
import jtconv.models
model = jtconv.models.load({str(run)!r})
print(model.predict(np.zeros((5, 7, 3), np.uint8)).shape)
try:
    model.predict("x.png")
except ImportError as error:
    print(error)
"""
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False)
    first, second = found.stdout.splitlines()
    assert first == "(5, 7)"
    assert second.startswith("`picture` may be a path where Pillow is installed: run `pip install pillow`")


# --- mistakes --------------------------------------------------------------------------------


def change(**values):
    def damage(folder):
        file = folder / "model.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | values))

    return damage


def unfinished(folder):
    (folder / "model.json").unlink()
    (folder / "config.json").write_text("{}")


def without(name):
    return lambda folder: (folder / name).unlink()


AT_FAULT = {
    "unfinished": (unfinished, "model.json is missing: the run has not ended; give the command that began it again"),
    "no description": (without("model.json"), "model.json is missing: name the folder of a run"),
    "no arrays": (without("model.safetensors"), "model.safetensors is missing: name the folder of a run"),
    "later": (change(format=2), "has format 2, not 1: use a later version of jtconv"),
    "strange": (change(format="x"), "has format 'x', not 1: name the folder"),
    "checkpoint's file": (
        change(checkpoints={"best": {"file": "../x", "sha256": "", "step": 1, "mean_iou": 0.5}}),
        "'../x'",
    ),
    "checkpoint's step": (
        change(checkpoints={"last": {"file": "model.safetensors", "sha256": "", "step": 0.5, "mean_iou": 0.5}}),
        "a checkpoint has step 0.5 and mean IoU 0.5",
    ),
}


@pytest.mark.parametrize(("damage", "message"), AT_FAULT.values(), ids=AT_FAULT)
def test_a_folder_at_fault_is_named(copy, damage, message):
    damage(copy)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        load(copy)
    assert line(error).startswith("`folder`: ")


def test_a_path_that_is_no_run_says_what_there_is(run):
    for path, message in {
        run.parent / "fist": "fist does not exist (in runs0 there is first): name the folder of a run",
        run.parent: "model.json is missing: name one of the folders with a model in it: first",
        run / "model.json": f"model.json is a file: name the folder that it is in, {run}",
        run.parent / "none" / "deeper": "deeper does not exist (runs0 has no none)",
    }.items():
        with pytest.raises(ValueError, match=re.escape(message)) as error:
            load(path)
        line(error)
    with pytest.raises(TypeError, match="`folder` must be the path of a folder, got 3"):
        load(3)  # pyright: ignore[reportArgumentType]


def test_a_checkpoint_that_is_not_there_is_named(run, tmp_path):
    with pytest.raises(ValueError, match=r"`checkpoint` must be .*'last'.*'best'.*got 'first'"):
        load(run, "first")
    save(tmp_path, tiny(), classes=("a", "b"), preprocessing=Preprocessing.torch())
    with pytest.raises(ValueError, match="has no checkpoint 'best', one network alone: leave the choice out"):
        load(tmp_path, "best")
    save_model(drawn_model(), SETTINGS, tmp_path, Origin(best=Checkpoint(3)))
    assert load(tmp_path).origin == load(tmp_path, "best").origin == "the best of the run (step 3)"
    with pytest.raises(ValueError, match="has no checkpoint 'last', only 'best': leave the choice out, or name 'best'"):
        load(tmp_path, "last")


def test_a_missing_package_is_named_with_its_extra(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ImportError, match=re.escape('needs safetensors; run `pip install "jtconv[weights]"`')) as error:
        load(run)
    line(error)


WRONG = {
    "floats": (np.zeros((4, 5, 3)), TypeError, "dtype uint8, values 0 to 255, got float64: for values in [0, 1] pass"),
    "wide": (np.zeros((4, 5, 3), np.uint16), TypeError, "got uint16"),
    "grey": (np.zeros((4, 5), np.uint8), ValueError, "shape (h, w, 3)"),
    "channels first": (np.zeros((3, 4, 5), np.uint8), ValueError, "got shape (3, 4, 5): channels come last"),
    "batch": (np.zeros((2, 4, 5, 3), np.uint8), ValueError, "pass the pictures of a batch one by one"),
    "alpha": (np.zeros((4, 5, 4), np.uint8), ValueError, "leave alpha out, picture[..., :3]"),
    "empty": (np.zeros((0, 5, 3), np.uint8), ValueError, "no empty axis, got shape (0, 5, 3)"),
    "a number": (np.uint8(3), ValueError, "got shape (): pass one picture, channels last"),
    "list": ([[[1, 2, 3]]], TypeError, "pass a list through np.array(…, np.uint8)"),
    "nothing": (None, TypeError, "`picture` must be a path, an image of Pillow or a uint8 array (h, w, 3), got None"),
    "no file": ("nowhere.png", ValueError, "got 'nowhere.png', which does not exist"),
    "no picture": (__file__, ValueError, "must be a picture that Pillow reads"),
    "a folder": (".", ValueError, "got '.', which is a folder"),
    "floats of Pillow": (Image.new("F", (3, 3)), ValueError, "in mode F, which holds floats, whose range is unknown"),
}


@pytest.mark.parametrize(("picture", "kind", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_picture_is_named(run, picture, kind, message):
    with pytest.raises(kind, match=re.escape(message)) as error:
        load(run).predict(picture)
    assert line(error).startswith("`picture` must ")


UNSAVED = {
    "network": ({"network": nnx.Module()}, TypeError, "`network` must be an FCN"),
    "stages": (
        {"network": tiny(depths=(1,) * 6)},
        ValueError,
        "`network` must have at most 5 stages to be saved, got 6",
    ),
    "names": (
        {"classes": ("a", "b", "c")},
        ValueError,
        "`classes` must be 2 strings, one per class of the network, got 3",
    ),
    "a string": ({"classes": "ab"}, TypeError, "`classes` must be strings, one per class, got 'ab'"),
    "colours": ({"colours": ("red", "blue")}, ValueError, "`colours` must be written #rrggbb, got 'red'"),
    "channels": (
        {"preprocessing": Preprocessing.torch().with_channels(1)},
        ValueError,
        "`preprocessing` must be for the network's 3 input channels, got one for 1: pass preprocessing.with_channels(3",
    ),
    "preprocessing": ({"preprocessing": None}, TypeError, "`preprocessing` must be a jtconv.weights.Preprocessing"),
    "folder": ({"folder": None}, TypeError, "`folder` must be the path of a folder, got None"),
}


@pytest.mark.parametrize(("options", "kind", "message"), UNSAVED.values(), ids=UNSAVED)
def test_what_cannot_be_saved_is_named(tmp_path, options, kind, message):
    sound = {"folder": tmp_path / "x", "network": tiny(), "classes": ("a", "b"), "preprocessing": Preprocessing.torch()}
    given = sound | options
    with pytest.raises(kind, match=re.escape(message)) as error:
        save(given.pop("folder"), given.pop("network"), **given)
    line(error)
    assert not (tmp_path / "x").exists()
